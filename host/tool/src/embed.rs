//! Putting a manifest into a component.

use cofferdam_capability::Manifest;
use wasm_encoder::{CustomSection, Section};
use wasmparser::{Parser, Payload};

use crate::error::EmbedError;

/// The component with `manifest` as its one `cofferdam:capabilities` section, whatever it carried before. The rest stays
/// as it was, byte for byte.
pub fn embed_manifest(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, EmbedError> {
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
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                depth += 1;
                section_end = unchecked_range.end;
            }
            Payload::CustomSection(section) if section.name() == Manifest::SECTION => {
                embedded.extend_from_slice(component.get(kept_up_to..section_end).unwrap_or_default());
                section_end = section.range().end;
                kept_up_to = section_end;
            }
            other => section_end = other.as_section().map_or(section_end, |(_, range)| range.end),
        }
    }
    embedded.extend_from_slice(component.get(kept_up_to..).unwrap_or_default());
    let json = manifest.to_canonical_json()?;
    let section = CustomSection { name: Manifest::SECTION.into(), data: json.as_slice().into() };
    section.append_to(&mut embedded);
    Ok(embedded)
}
