//! The words that an author wrote above the types and functions of a WIT package.
//!
//! A component's types have no place for words. A WIT package in binary form carries them in a
//! custom section `package-docs`: one byte for the version, then JSON. Toolchains drop it when they
//! make a component, so `cofferdam tool build --wit` puts it back.

use std::collections::BTreeMap;

use cofferdam_capability::json;
use serde::Deserialize;

use crate::sentence;

/// The largest section that is read, in bytes (1 MiB). The words of all of WASI 0.2 have a tenth of
/// it.
const MAX_SECTION: usize = 1 << 20;

/// Maximum memory of the words once they are read, in bytes (4 MiB): those of all of WASI 0.2 have
/// a quarter of it. A section of small maps takes fifty times its text.
const MAX_WEIGHT: usize = 4 << 20;

/// Versions of the section that this host reads. Version 0 had text where version 1 has an object.
const VERSIONS: [u8; 2] = [0, 1];

/// The words of one WIT package.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Docs {
    worlds: BTreeMap<String, WorldDocs>,
    interfaces: BTreeMap<String, InterfaceDocs>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WorldDocs {
    funcs: BTreeMap<String, Words>,
    func_exports: BTreeMap<String, Words>,
    interfaces: BTreeMap<String, InterfaceDocs>,
    interface_exports: BTreeMap<String, InterfaceDocs>,
    types: TypeDocs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InterfaceDocs {
    funcs: BTreeMap<String, Words>,
    types: TypeDocs,
}

/// The words about the types of one interface or world.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct TypeDocs(BTreeMap<String, OneType>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OneType {
    docs: Option<String>,
    items: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    Text(Option<String>),
    Object { docs: Option<String> },
}

/// A section that cannot be read, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadSection(String);

/// The words about the place where a function is exported.
#[derive(Clone, Copy)]
pub(crate) struct DocScope<'a> {
    funcs: [Option<&'a BTreeMap<String, Words>>; 2],
    pub(crate) types: &'a TypeDocs,
}

/// No words about any type.
static NOTHING: TypeDocs = TypeDocs(BTreeMap::new());

impl Docs {
    /// The name of the custom section, as wasm-tools writes it.
    pub(crate) const SECTION: &'static str = "package-docs";

    /// Reads a section. The error says what is wrong with it.
    pub(crate) fn read(section: &[u8]) -> Result<Self, BadSection> {
        if section.len() > MAX_SECTION {
            return Err(BadSection(format!(
                "its `{}` section has more than {MAX_SECTION} bytes",
                Self::SECTION
            )));
        }
        let wrong = |problem| {
            BadSection(format!(
                "its `{}` section is not what it should be: {problem}",
                Self::SECTION
            ))
        };
        match section.split_first() {
            Some((version, text)) if VERSIONS.contains(version) => {
                if json::weight(text).map_err(|error| wrong(error.to_string()))? > MAX_WEIGHT {
                    let most = MAX_WEIGHT >> 20;
                    return Err(wrong(format!(
                        "it takes more than {most} MiB once it is read: say less"
                    )));
                }
                serde_json::from_slice(text).map_err(|error| wrong(sentence::problem(&error)))
            }
            _ => Err(BadSection(format!(
                "its `{}` section has a version that this host does not read",
                Self::SECTION
            ))),
        }
    }

    /// The words for what is exported by the world itself, where a component has lost the world's
    /// name: those of the one world, because between several it cannot be told.
    pub(crate) fn world(&self) -> DocScope<'_> {
        let mut worlds = self.worlds.values();
        match (worlds.next(), worlds.next()) {
            (Some(world), None) => DocScope {
                funcs: [Some(&world.func_exports), Some(&world.funcs)],
                types: &world.types,
            },
            _ => DocScope::NOWHERE,
        }
    }

    /// The words for an exported interface, by its last name.
    pub(crate) fn interface(&self, name: &str) -> DocScope<'_> {
        let in_worlds = self
            .worlds
            .values()
            .flat_map(|world| [&world.interface_exports, &world.interfaces]);
        let mut found = [&self.interfaces]
            .into_iter()
            .chain(in_worlds)
            .filter_map(|interfaces| interfaces.get(name));
        found
            .next()
            .map_or(DocScope::NOWHERE, |interface| DocScope {
                funcs: [Some(&interface.funcs), None],
                types: &interface.types,
            })
    }
}

impl<'a> DocScope<'a> {
    const NOWHERE: Self = Self {
        funcs: [None, None],
        types: &NOTHING,
    };

    /// The words above a function.
    pub(crate) fn function(self, name: &str) -> Option<&'a str> {
        let words = self
            .funcs
            .into_iter()
            .flatten()
            .find_map(|funcs| funcs.get(name))?;
        let (Words::Text(docs) | Words::Object { docs }) = words;
        docs.as_deref()
            .map(str::trim)
            .filter(|docs| !docs.is_empty())
    }
}

impl TypeDocs {
    /// The words above a type.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.docs.as_deref().map(str::trim)
    }

    /// The words above a field, case or flag of a type.
    pub(crate) fn item(&self, name: &str, item: &str) -> Option<&str> {
        self.0.get(name)?.items.get(item).map(|docs| docs.trim())
    }
}
