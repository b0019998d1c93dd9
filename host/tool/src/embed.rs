//! Putting a manifest, and the words of a WIT package, into a component.

use std::path::Path;

use cofferdam_capability::{Digest, Manifest};
use cofferdam_sandbox::{
    DESCRIPTORS_SECTION, MAX_USAGE, USAGE_SECTION, is_command, is_of_typed_tools,
};
use wasm_encoder::{CustomSection, Section};
use wasmparser::{Parser, Payload};
use wit_parser::{PackageMetadata, Resolve};

use crate::error::EmbedError;
use crate::note::check_usage;

/// The component with `manifest` as its one `cofferdam:capabilities` section, whatever it carried
/// before. The rest stays as it was, byte for byte.
pub fn embed_manifest(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, EmbedError> {
    with_section(component, Manifest::SECTION, &manifest.to_canonical_json()?)
}

/// The component with the words that stand above the types and functions of a WIT package, a file
/// or a directory, as its one `package-docs` section. Toolchains leave them out of a component, and
/// a model that is to call its functions needs them.
pub fn embed_wit_docs(component: &[u8], wit: &Path) -> Result<Vec<u8>, EmbedError> {
    let wrong =
        |error: &dyn std::fmt::Display| EmbedError::Wit(format!("{}: {error:#}", wit.display()));
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).map_err(|error| wrong(&error))?;
    let docs = PackageMetadata::extract(&resolve, package)
        .encode()
        .map_err(|error| wrong(&error))?;
    with_section(component, PackageMetadata::SECTION_NAME, &docs)
}

/// The component with `json` as its one section of descriptors.
pub(crate) fn embed_descriptors(component: &[u8], json: &[u8]) -> Result<Vec<u8>, EmbedError> {
    with_section(component, DESCRIPTORS_SECTION, json)
}

/// The component with these words about calling it, or without any. What no host would take is
/// refused.
pub fn embed_usage(component: &[u8], usage: Option<&str>) -> Result<Vec<u8>, EmbedError> {
    let Some(usage) = usage else {
        return without_section(component, USAGE_SECTION);
    };
    if usage.len() > MAX_USAGE {
        return Err(EmbedError::Usage(format!(
            "it has {} bytes: at most {MAX_USAGE} are taken, because a model reads all of it",
            usage.len()
        )));
    }
    check_usage(usage)?;
    with_section(component, USAGE_SECTION, usage.as_bytes())
}

/// The component without what it said of its tools.
pub fn without_descriptors(component: &[u8]) -> Result<Vec<u8>, EmbedError> {
    without_section(component, DESCRIPTORS_SECTION)
}

/// Returns true if the component exports typed tools. Nothing is checked or compiled for it.
pub fn exports_tools(component: &[u8]) -> Result<bool, EmbedError> {
    exports(component, is_of_typed_tools)
}

/// The digest of the words about calling a component that it carries, which models read.
pub(crate) fn usage_digest(component: &[u8]) -> Option<Digest> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == USAGE_SECTION => {
                return Some(Digest::of(section.data()));
            }
            _ => {}
        }
    }
    None
}

/// Returns true if the component is a command. Nothing is checked or compiled for it.
pub(crate) fn exports_command(component: &[u8]) -> Result<bool, EmbedError> {
    exports(component, is_command)
}

/// Returns true if a component exports anything, or a core module an interface of which a
/// component is made. Nothing is checked or compiled for it.
pub fn exports_anything(bytes: &[u8]) -> Result<bool, EmbedError> {
    // In a core module the functions of interfaces are named after these.
    let is_module = Parser::is_core_wasm(bytes);
    exports(bytes, |name| !is_module || name.contains(['/', '#']))
}

/// Returns true if one of the exports has a name like that.
fn exports(bytes: &[u8], is_like_that: impl Fn(&str) -> bool) -> Result<bool, EmbedError> {
    let broken = |error: wasmparser::BinaryReaderError| EmbedError::Component(error.to_string());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    if is_like_that(export.map_err(broken)?.name.name) {
                        return Ok(true);
                    }
                }
            }
            Payload::ExportSection(section) if depth == 0 => {
                for export in section {
                    if is_like_that(export.map_err(broken)?.name) {
                        return Ok(true);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

/// The component with `data` as its one custom section `name` at the top level.
fn with_section(component: &[u8], name: &str, data: &[u8]) -> Result<Vec<u8>, EmbedError> {
    let mut embedded = without_section(component, name)?;
    let section = CustomSection {
        name: name.into(),
        data: data.into(),
    };
    section.append_to(&mut embedded);
    Ok(embedded)
}

/// The component without custom sections `name` at the top level. The rest stays as it was, byte
/// for byte.
fn without_section(component: &[u8], name: &str) -> Result<Vec<u8>, EmbedError> {
    let mut embedded = Vec::with_capacity(component.len());
    let mut kept_up_to = 0;
    // Where the last top-level section ended: there the header of the next one begins.
    let mut section_end = 0;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|error| EmbedError::Component(error.to_string()))?;
        if depth > 0 {
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                _ => {}
            }
            continue;
        }
        match &payload {
            Payload::Version { range, .. } => section_end = range.end,
            Payload::ModuleSection {
                unchecked_range, ..
            }
            | Payload::ComponentSection {
                unchecked_range, ..
            } => {
                depth += 1;
                section_end = unchecked_range.end;
            }
            Payload::CustomSection(section) if section.name() == name => {
                embedded
                    .extend_from_slice(component.get(kept_up_to..section_end).unwrap_or_default());
                section_end = section.range().end;
                kept_up_to = section_end;
            }
            other => {
                section_end = other
                    .as_section()
                    .map_or(section_end, |(_, range)| range.end)
            }
        }
    }
    embedded.extend_from_slice(component.get(kept_up_to..).unwrap_or_default());
    Ok(embedded)
}
