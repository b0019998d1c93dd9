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

impl Fate {
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
