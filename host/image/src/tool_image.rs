//! A tool as OCI carries it: the CNCF Wasm artifact layout
//! (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>), one `application/wasm`
//! layer under a config `application/vnd.wasm.config.v0+json`, so that `wkg`, `oras` and other
//! hosts can pull it.
//!
//! # How the usage text travels
//!
//! A native openotters tool image carries `USAGE.md` as a second layer, found by the title that the
//! annotation `io.openotters.bin.usage` gives. A Wasm artifact has exactly one layer, and readers
//! refuse a second. An annotation is for short texts that tables show, and an OCI referrer is not
//! covered by the tool's digest although the text ends up in a model's prompt: whoever may push
//! could change it under a pinned tool. So `tool build` puts the text into the component itself, as
//! the custom section `cofferdam:usage`: it travels with the file as well, and the component's
//! digest covers it. Images made before have it as the key `cofferdam.usage` of the config, whose
//! readers ignore keys they do not know; it is read where the component carries none. The
//! annotation keeps its meaning, the name the text is to have beside the tool.
//!
//! Images in openotters' own layouts are read too, with their usage layer, if what they carry is a
//! component.

pub mod annotation;
mod archive;
mod config;
mod layout;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use cofferdam_capability::Digest;
use oci_spec::image::{
    ANNOTATION_CREATED, Descriptor, ImageManifest, ImageManifestBuilder, MediaType, SCHEMA_VERSION,
    Sha256Digest,
};
use serde::Serialize;

use crate::error::Error;
use crate::reference::Reference;
use crate::store::blob;
use crate::store::limits::{COMPONENT, CONFIG, Part, USAGE};
use config::{Interfaces, WasmConfig};
pub(crate) use layout::{Layout, Packing, base_name, is_safe, title};
use layout::{WASM_CONFIG, WASM_LAYER};

/// One WebAssembly component and what its image says about it. What it says was written by whoever
/// built the image; only the component itself decides what it imports.
#[derive(Clone, PartialEq, Eq)]
pub struct ToolImage {
    /// The component, as binary.
    pub component: Vec<u8>,
    /// The manifest's annotations. Those of a tool are under [`annotation`]; the older names beside
    /// them are written to every image and, where an image has only those, read as the newer ones.
    pub annotations: BTreeMap<String, String>,
    /// Instructions for calling the tool, Markdown, for the model, as older images have them: a
    /// component that carries its own is newer.
    pub usage: Option<String>,
    /// The interfaces the component imports, spelt as in WIT: `wasi:cli/environment@0.2.6`.
    pub imports: Vec<String>,
    /// The interfaces the component exports.
    pub exports: Vec<String>,
}

impl fmt::Debug for ToolImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            component,
            annotations,
            usage,
            imports,
            exports,
        } = self;
        f.debug_struct("ToolImage")
            .field("component", &format_args!("{} bytes", component.len()))
            .field("annotations", annotations)
            .field("usage", usage)
            .field("imports", imports)
            .field("exports", exports)
            .finish()
    }
}

impl ToolImage {
    /// The author's name for the tool.
    pub fn name(&self) -> Option<&str> {
        self.annotations.get(annotation::NAME).map(String::as_str)
    }

    /// The tool's purpose.
    pub fn description(&self) -> Option<&str> {
        self.annotations
            .get(annotation::DESCRIPTION)
            .map(String::as_str)
    }

    /// The image of a component that is a file beside an Agentfile. It says nothing that the file
    /// does not, so the same file is the same image.
    pub(crate) fn of_file(name: &str, component: Vec<u8>) -> Self {
        Self {
            component,
            annotations: [(annotation::NAME.to_owned(), name.to_owned())].into(),
            usage: None,
            imports: Vec::new(),
            exports: Vec::new(),
        }
    }

    /// The blobs beside the component. The same tool gives the same bytes: no clock is read, and
    /// keys are sorted.
    pub(crate) fn pack(&self) -> Result<Packed, Error> {
        let created = self.annotations.get(ANNOTATION_CREATED).map(String::as_str);
        let interfaces = Interfaces {
            imports: Some(self.imports.clone()),
            exports: Some(self.exports.clone()),
        };
        let layer = Digest::of(&self.component);
        let config = WasmConfig::new(created, layer, interfaces, self.usage.clone());
        let config = canonical_json(&config)?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(WASM_CONFIG, &config)?)
            .layers(vec![descriptor(WASM_LAYER, &self.component)?])
            .annotations(annotation::written(&self.annotations, self.usage.is_some()))
            .build()
            .map_err(|error| Error::io("write a manifest")(std::io::Error::other(error)))?;
        Ok(Packed {
            config,
            manifest: canonical_json(&manifest)?,
        })
    }

    /// The tool that `manifest` describes; `read` gives its blobs, checked.
    pub(crate) fn unpack(
        reference: &Reference,
        manifest: &ImageManifest,
        layout: &Layout<'_>,
        read: impl Fn(&Descriptor, &Part) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let annotations = annotation::read(manifest.annotations().iter().flatten());
        match *layout {
            Layout::Artifact { config, layer } => {
                let digest = blob::digest(layer)?;
                let config = read(config, &CONFIG)?;
                let component = read(layer, &COMPONENT)?;
                let config = WasmConfig::read(reference, &config, &digest)?;
                let (imports, exports) = config.interfaces();
                Ok(Self {
                    component,
                    annotations,
                    usage: config.usage(),
                    imports,
                    exports,
                })
            }
            Layout::Bin {
                config: _,
                layer,
                packing,
                usage,
            } => {
                let name = title(layer).or(annotations.get(annotation::NAME).map(String::as_str));
                let component = component(reference, read(layer, &COMPONENT)?, packing, name)?;
                let usage = usage
                    .map(|usage| read(usage, &USAGE))
                    .transpose()?
                    .map(String::from_utf8)
                    .transpose();
                let usage = usage.map_err(|_| {
                    Error::not_a_tool(reference, "its usage text is not valid UTF-8")
                })?;
                Ok(Self {
                    component,
                    annotations,
                    usage,
                    imports: Vec::new(),
                    exports: Vec::new(),
                })
            }
        }
    }
}

/// The component in a layer of openotters' layouts. Only what it holds tells whether it is one: the
/// same layouts carry native programs.
fn component(
    reference: &Reference,
    layer: Vec<u8>,
    packing: Packing,
    name: Option<&str>,
) -> Result<Vec<u8>, Error> {
    // `oras push` calls a file an archive unless it is told another type.
    if not_a_component(&layer).is_none() {
        return Ok(layer);
    }
    let refuse = |problem: String| Error::not_a_tool(reference, problem);
    let unpack = |compressed| archive::file(&layer, compressed, name);
    let bytes = match packing {
        Packing::Raw => layer,
        Packing::Tar => unpack(false).map_err(|problem| refuse(format!("its layer {problem}")))?,
        Packing::TarGzip => {
            unpack(true).map_err(|problem| refuse(format!("its layer {problem}")))?
        }
    };
    match not_a_component(&bytes) {
        None => Ok(bytes),
        Some(what) => Err(refuse(format!(
            "it holds {what}, and Cofferdam runs WebAssembly components; build it for wasm32-wasip2"
        ))),
    }
}

/// Says what it is instead of a component, by how it begins.
pub(crate) fn not_a_component(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => None,
        [b'\0', b'a', b's', b'm', ..] => Some("a core WebAssembly module"),
        [0x7f, b'E', b'L', b'F', ..] => Some("a native Linux program (ELF)"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => Some("a native macOS program (Mach-O)"),
        [b'M', b'Z', ..] => Some("a native Windows program (PE)"),
        [b'#', b'!', ..] => Some("a script"),
        _ => Some("something that is no WebAssembly"),
    }
}

/// Reads a manifest.
pub(crate) fn manifest(reference: &Reference, bytes: &[u8]) -> Result<ImageManifest, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::corrupt(
            format!("the manifest of {reference}"),
            format!("cannot be read: {error}"),
        )
    })
}

/// A packed tool image, without the component.
pub(crate) struct Packed {
    pub(crate) config: Vec<u8>,
    pub(crate) manifest: Vec<u8>,
}

/// Describes `bytes` as a blob of this media type.
pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
    let digest: Sha256Digest =
        Digest::of(bytes)
            .hex()
            .parse()
            .map_err(|error: oci_spec::OciSpecError| {
                Error::io("describe a blob")(std::io::Error::other(error))
            })?;
    Ok(Descriptor::new(
        media_type.into(),
        bytes.len() as u64,
        digest,
    ))
}

/// JSON without whitespace and with sorted keys (RFC 8785), whatever order maps and structures have
/// in memory.
pub(crate) fn canonical_json(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json_canonicalizer::to_vec(document).map_err(Error::io("write JSON"))
}
