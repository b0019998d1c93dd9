//! What a component imports and its manifest does not declare, said when it is built: a host would refuse to load it.

use cofferdam_capability::Manifest;
use cofferdam_sandbox::is_declared;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload, Validator};

use crate::error::EmbedError;

/// The imports of a component that its manifest would have to declare and does not, each with the row that would.
pub fn undeclared_imports(component: &[u8], manifest: &Manifest) -> Result<Vec<(String, &'static str)>, EmbedError> {
    let broken = |error: wasmparser::BinaryReaderError| EmbedError::Component(error.to_string());
    let types = Validator::new().validate_all(component).map_err(broken)?;
    let types = types.as_ref();
    let mut undeclared = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(broken)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.map_err(broken)?.name.name;
                    let power = types.component_item_for_import(name).is_none_or(|item| is_power(types, item.ty));
                    if power && !is_declared(name, manifest) {
                        undeclared.push((name.to_owned(), row_for(name)));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(undeclared)
}

/// Whether the host must give something for it. A type that only says how values look is nothing to give.
fn is_power(types: TypesRef<'_>, ty: ComponentEntityType) -> bool {
    match ty {
        ComponentEntityType::Type { created: ComponentAnyTypeId::Resource(_), .. } => true,
        ComponentEntityType::Type { .. } => false,
        ComponentEntityType::Instance(id) => {
            types.get(id).is_none_or(|instance| instance.exports.values().any(|item| is_power(types, item.ty)))
        }
        _ => true,
    }
}

/// The row that would declare an import.
fn row_for(name: &str) -> &'static str {
    match name {
        name if name.starts_with("wasi:http/") => "[[http]]",
        name if name.starts_with("cofferdam:tool/calls@") => "[[call]]",
        _ => "[[unused]], if it is never called",
    }
}
