//! Facts about a tool: its imports, and who made it.

use cofferdam_capability::Manifest;
use cofferdam_tool::Import;
use serde::Serialize;

use super::advisory::Advisory;
use super::packages::Package;
use super::sections::Producers;

/// An import of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportLine {
    /// The interface with its version.
    pub interface: String,
    /// The manifest and the host's answer to it.
    pub fate: Fate,
    /// The reason why every call of it is denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// The fate of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It gives no power, or only what a grant gives.
    Linked,
    /// A row of the manifest declares it.
    Declared,
    /// Every call of it is denied.
    Denied,
    /// No row declares it: no host loads the component.
    Undeclared,
}

/// The making of a component, as it says itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Built {
    /// Languages, kits and programs that took part.
    pub producers: Producers,
    /// Core modules in it.
    pub modules: usize,
    /// Its packages, as far as its lists of them can be read; none where it has no list that can.
    pub packages: Option<Vec<Package>>,
    /// Advisories about these; none where no database was given.
    pub advisories: Option<Vec<Advisory>>,
}

impl ImportLine {
    /// An import under a manifest.
    pub(super) fn of(import: &Import, manifest: &Manifest) -> Self {
        let fate = Fate::of(import, manifest);
        Self {
            interface: import.name().to_owned(),
            fate,
            reason: (fate == Fate::Denied).then(|| denied(import.name(), manifest)),
        }
    }
}

/// The reason why every call of an import is denied under a manifest.
fn denied(name: &str, manifest: &Manifest) -> &'static str {
    let interface = name.split_once('@').map_or(name, |(name, _)| name);
    let mut unused = manifest.unused.iter();
    if unused.any(|row| row.interface == interface || row.interface == name) {
        "an `[[unused]]` row says that it is never called"
    } else if manifest.tcp.is_empty() {
        "no row of the manifest declares it"
    } else {
        "no row of a manifest can ask for it"
    }
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 4] = [Self::Linked, Self::Declared, Self::Denied, Self::Undeclared];

    /// Its meaning, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Linked => "always there, gives nothing beyond what is granted",
            Self::Declared => "a row of the manifest asks for it",
            Self::Denied => "every call of it fails",
            Self::Undeclared => {
                "no row of the manifest asks for it, so no host loads the component"
            }
        }
    }

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Declared => "declared",
            Self::Denied => "denied",
            Self::Undeclared => "undeclared",
        }
    }

    pub(super) fn of(import: &Import, manifest: &Manifest) -> Self {
        if import.missing_row(manifest).is_some() {
            Self::Undeclared
        } else if import.is_denied(manifest) {
            Self::Denied
        } else if import.needs_row() {
            Self::Declared
        } else {
            Self::Linked
        }
    }
}
