//! The imports of a component, and those that its manifest does not declare, said when it is built:
//! a host would refuse to load it.

use std::fmt;

use cofferdam_capability::Manifest;
use cofferdam_sandbox::{gives_nothing, is_declared, is_denied};
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload, Validator};

use crate::error::EmbedError;

/// Something that a component imports and the host must give, under its name with the version.
#[derive(Debug)]
pub struct Import {
    name: String,
}

/// Returns the imports of a component, in its own order; without those that only say how values
/// look, as [`Installed`](crate::Installed) has them.
pub fn imports(component: &[u8]) -> Result<Vec<Import>, EmbedError> {
    let broken = |error: wasmparser::BinaryReaderError| EmbedError::Component(error.to_string());
    let types = Validator::new().validate_all(component).map_err(broken)?;
    let types = types.as_ref();
    let mut imports = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(broken)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let name = import.map_err(broken)?.name.name;
                    let power = types
                        .component_item_for_import(name)
                        .is_none_or(|item| is_power(types, item.ty));
                    if power {
                        imports.push(Import {
                            name: name.to_owned(),
                        });
                    }
                }
            }
            _ => {}
        }
    }
    Ok(imports)
}

impl Import {
    /// The row that the manifest would need for it and does not have.
    pub fn missing_row(&self, manifest: &Manifest) -> Option<&'static str> {
        (!is_declared(&self.name, manifest)).then(|| row_for(&self.name))
    }

    /// An import of this name, which was found before.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Its name with the version: `wasi:cli/environment@0.2.6`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if every call of it is denied under this manifest.
    pub fn is_denied(&self, manifest: &Manifest) -> bool {
        is_denied(&self.name, manifest)
    }

    /// Returns true if it gives the component no power.
    pub fn gives_nothing(&self) -> bool {
        gives_nothing(&self.name)
    }

    /// Returns true if a component may import it only with a row of its manifest.
    pub fn needs_row(&self) -> bool {
        self.missing_row(&Manifest::empty()).is_some()
    }
}

/// Rows of a manifest that a component with these imports cannot use, because it does not import
/// what they need.
pub fn needless_rows(manifest: &Manifest, imports: &[Import]) -> Vec<String> {
    let names: Vec<_> = imports.iter().map(|import| import.name.clone()).collect();
    cofferdam_sandbox::needless_rows(manifest, &names)
}

/// Returns true if a component that imports these interfaces, and nothing else, can only compute:
/// none of them gives it anything.
pub fn only_computes<'a>(imports: impl IntoIterator<Item = &'a str>) -> bool {
    imports.into_iter().all(gives_nothing)
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Returns true if the host must give something for it. A type that only says how values look is
/// nothing to give.
fn is_power(types: TypesRef<'_>, ty: ComponentEntityType) -> bool {
    match ty {
        ComponentEntityType::Type {
            created: ComponentAnyTypeId::Resource(_),
            ..
        } => true,
        ComponentEntityType::Type { .. } => false,
        ComponentEntityType::Instance(id) => types.get(id).is_none_or(|instance| {
            instance
                .exports
                .values()
                .any(|item| is_power(types, item.ty))
        }),
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
