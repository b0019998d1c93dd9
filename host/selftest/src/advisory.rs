//! A published advisory of the engine, and its place in this build.

use std::fmt;

use serde::Serialize;

use crate::guest::Guest;
use crate::row::Row;
use crate::table::rows;

// The version that this workspace is locked to.
include!(concat!(env!("OUT_DIR"), "/engine.rs"));

/// A version of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

/// A published advisory of the engine.
#[derive(Debug, Clone, Copy)]
pub struct Advisory {
    /// Its name in GitHub's database, `GHSA-…`.
    pub id: &'static str,
    /// The day it was published, `YYYY-MM-DD`.
    pub published: &'static str,
    /// The first release of the 48.0 line without the fault.
    pub fixed: Version,
    /// The fault, in a few words.
    pub about: &'static str,
    /// Parts of the engine that it is about and that are not in this build. None where the code is
    /// there.
    pub absent: &'static [Absence],
    /// Rows of the corpus that try what the advisory warns of.
    pub(crate) trials: &'static [Trial],
}

/// A part of the engine that is not in this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// A feature of cargo that is off.
    Feature {
        /// The crate of the engine.
        package: &'static str,
        /// The feature, as its manifest spells it.
        name: &'static str,
    },
    /// A proposal of WebAssembly that is switched off: modules that use it are refused.
    Proposal(&'static str),
    /// Code for another platform than that of this binary.
    Platform(&'static str),
}

/// The state of an advisory in this build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The code that it is about is not in this build.
    NotInBuild,
    /// Rows of the corpus try it, and have to pass.
    Held,
    /// This build has a release without the fault.
    Fixed,
    /// This build has a release with the fault, and nothing else holds it.
    Update,
}

/// Rows of one guest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    guest: Guest,
    /// Text that an argument or the expected words of a row begin with; all rows when empty.
    with: &'static str,
}

impl Version {
    /// A release of the line that this host stays on.
    pub(crate) const fn of_line(patch: u32) -> Self {
        Self {
            major: 48,
            minor: 0,
            patch,
        }
    }

    /// The version in this build.
    pub const fn built() -> Self {
        BUILT
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature { package, name } => write!(f, "{name} of {package}"),
            Self::Proposal(name) => f.write_str(name),
            Self::Platform(name) => write!(f, "code for {name}"),
        }
    }
}

impl Trial {
    /// Every row of a guest.
    pub(crate) const fn of(guest: Guest) -> Self {
        Self { guest, with: "" }
    }

    /// The rows of a guest with an argument, or expected words, that begin with this text.
    pub(crate) const fn with(guest: Guest, with: &'static str) -> Self {
        Self { guest, with }
    }

    /// Returns true if this row is one of them.
    pub(crate) fn has(&self, row: &Row) -> bool {
        let fits = || row.args.iter().any(|arg| arg.starts_with(self.with));
        row.guest.name == self.guest.name
            && (self.with.is_empty() || fits() || row.says.starts_with(self.with))
    }
}

impl Advisory {
    /// The same about code that is not in this build.
    pub(crate) const fn without(self, absent: &'static [Absence]) -> Self {
        Self { absent, ..self }
    }

    /// The same with rows that try it.
    pub(crate) const fn tried(self, trials: &'static [Trial]) -> Self {
        Self { trials, ..self }
    }

    /// The state in a build with this version of the engine, if all rows pass.
    pub fn standing(&self, engine: Version) -> Standing {
        if !self.absent.is_empty() {
            Standing::NotInBuild
        } else if !self.trials.is_empty() {
            Standing::Held
        } else if engine >= self.fixed {
            Standing::Fixed
        } else {
            Standing::Update
        }
    }

    /// Rows of the corpus that try what the advisory warns of, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row> {
        rows().filter(|row| self.names(row))
    }

    /// Returns true if this row tries what the advisory warns of.
    pub fn names(&self, row: &Row) -> bool {
        self.trials.iter().any(|trial| trial.has(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIALS: &[Trial] = &[Trial::of(crate::guest::FS_LINK)];

    #[test]
    fn an_advisory_that_nothing_holds_asks_for_its_release() {
        let fixed = Version::of_line(8);
        let advisory = Advisory {
            id: "GHSA-0000-0000-0000",
            published: "2026-01-01",
            fixed,
            about: "a fault",
            absent: &[],
            trials: &[],
        };
        let before = Version::of_line(7);
        let next_line = Version {
            major: 50,
            minor: 0,
            patch: 0,
        };
        assert_eq!(advisory.standing(before), Standing::Update);
        assert_eq!(advisory.standing(fixed), Standing::Fixed);
        assert_eq!(advisory.standing(next_line), Standing::Fixed);
        let held = Advisory {
            trials: TRIALS,
            ..advisory
        };
        assert_eq!(held.standing(before), Standing::Held);
        let absent = Advisory {
            absent: &[Absence::Platform("Windows")],
            ..held
        };
        assert_eq!(absent.standing(before), Standing::NotInBuild);
    }
}
