//! Components that are for another WASI than 0.2, and files that describe interfaces alone: what
//! they are, for the sentence that refuses them.

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentExternName, ComponentExternalKind, Payload,
};

use crate::error::LoadError;

/// The version of WASI that this host runs, before its patch.
const OURS: &str = "0.2.";

/// A version of WASI that this host does not run, with the interface that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherWasi {
    version: String,
    interface: String,
}

/// Signs of another WASI in the sections of a component, as they come.
#[derive(Default)]
pub(crate) struct Signs {
    imported: Option<OtherWasi>,
    exported: Option<OtherWasi>,
    asynchronous: bool,
    /// Exports that are types, and all others.
    types: u32,
    values: u32,
    modules: bool,
}

impl OtherWasi {
    /// The first of these interfaces that is of another WASI.
    pub(crate) fn among(names: &[String]) -> Option<Self> {
        names.iter().find_map(|name| Self::of(name))
    }

    fn of(name: &str) -> Option<Self> {
        let (_, version) = name.strip_prefix("wasi:")?.split_once('@')?;
        let version = match version.split_once('-') {
            Some(_) => format!("the release candidate {version}"),
            None if version.starts_with(OURS) => return None,
            None => format!("version {version}"),
        };
        Some(Self {
            version,
            interface: name.to_owned(),
        })
    }

    /// The refusal of a component that is for it.
    pub(crate) fn refused(self, origin: &str) -> LoadError {
        LoadError::OtherWasi {
            origin: origin.to_owned(),
            version: self.version,
            interface: self.interface,
        }
    }
}

impl Signs {
    /// Looks at a section, `depth` components or modules below the outermost component. A section
    /// that is broken is refused by those who need it.
    pub(crate) fn add(&mut self, payload: &Payload<'_>, depth: u32) {
        let other = |name: ComponentExternName<'_>| OtherWasi::of(name.name);
        match payload {
            Payload::ModuleSection { .. } => self.modules = true,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.clone().into_iter().flatten() {
                    self.imported = self.imported.take().or_else(|| other(import.name));
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports.clone().into_iter().flatten() {
                    self.exported = self.exported.take().or_else(|| other(export.name));
                    match export.kind {
                        ComponentExternalKind::Type => self.types = self.types.saturating_add(1),
                        _ => self.values = self.values.saturating_add(1),
                    }
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                let mut functions = functions.clone().into_iter().flatten();
                self.asynchronous |= functions.any(|function| is_asynchronous(&function));
            }
            _ => {}
        }
    }

    /// The refusal of what cannot be run, whatever its manifest says. An import of another WASI
    /// alone may be acknowledged there.
    pub(crate) fn refusal(self, origin: &str) -> Option<LoadError> {
        let Self {
            imported,
            exported,
            asynchronous,
            types,
            values,
            modules,
        } = self;
        if types > 0 && values == 0 && !modules {
            return Some(LoadError::WitPackage {
                origin: origin.to_owned(),
            });
        }
        if !asynchronous && exported.is_none() {
            return None;
        }
        let other = exported.or(imported).unwrap_or_else(|| OtherWasi {
            version: "version 0.3".to_owned(),
            interface: "asynchronous functions".to_owned(),
        });
        Some(other.refused(origin))
    }
}

/// Returns true for a function by which a component is asynchronous, which came with WASI 0.3.
fn is_asynchronous(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            options.contains(&CanonicalOption::Async)
        }
        CanonicalFunction::TaskReturn { .. }
        | CanonicalFunction::StreamNew { .. }
        | CanonicalFunction::FutureNew { .. }
        | CanonicalFunction::WaitableSetNew => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_wasi_is_known_by_its_version() {
        for (name, version) in [
            ("wasi:cli/stdin@0.3.0", "version 0.3.0"),
            (
                "wasi:cli/run@0.3.0-rc-2025-09-16",
                "the release candidate 0.3.0-rc-2025-09-16",
            ),
            (
                "wasi:io/streams@0.2.0-rc-2023-11-10",
                "the release candidate 0.2.0-rc-2023-11-10",
            ),
        ] {
            let other = OtherWasi::of(name).unwrap();
            assert_eq!(
                (other.version.as_str(), other.interface.as_str()),
                (version, name)
            );
        }
        for name in [
            "wasi:cli/stdin@0.2.0",
            "wasi:cli/stdin@0.2.12",
            "acme:shop/run@0.3.0",
            "run",
        ] {
            assert_eq!(OtherWasi::of(name), None, "{name}");
        }
    }
}
