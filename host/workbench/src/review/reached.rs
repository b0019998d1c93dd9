//! The imports that exported functions can reach, for the page of a review.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::reach::{ImportedFunction, Reach, reach};

/// The imports that the exports of a tool can reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReachPage {
    /// The calls were followed.
    Followed {
        /// Every exported function.
        exports: Vec<ExportLine>,
    },
    /// They could not be: every export may reach every import.
    Unknown {
        /// The reason.
        unknown: String,
    },
}

/// An exported function, and the imports around it. The functions of an interface that are not
/// listed cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportLine {
    /// The function: `wasi:cli/run@0.2.6#run`.
    pub export: String,
    /// Imported interfaces, each with its functions to which there is a way.
    pub can_reach: BTreeMap<String, BTreeSet<String>>,
    /// Imported interfaces to no function of which there is a way.
    pub cannot_reach: BTreeSet<String>,
}

impl ReachPage {
    /// Follows the calls of a component.
    pub(super) fn of(component: &[u8]) -> Self {
        let Reach { imports, exports } = match reach(component) {
            Ok(reach) => reach,
            Err(error) => {
                return Self::Unknown {
                    unknown: error.to_string(),
                };
            }
        };
        // They are sorted, and the functions of an interface share one copy of its name.
        let interfaces = imports
            .chunk_by(is_of_one_interface)
            .filter_map(<[_]>::first);
        let interfaces: Vec<&str> = interfaces.map(|function| &*function.interface).collect();
        let exports = exports.into_iter().map(|export| {
            let mut can_reach: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for functions in export.can.chunk_by(is_of_one_interface) {
                let Some(first) = functions.first() else {
                    continue;
                };
                let names = functions
                    .iter()
                    .map(|function| (*function.function).to_owned());
                can_reach.insert((*first.interface).to_owned(), names.collect());
            }
            let cannot = interfaces
                .iter()
                .filter(|interface| !can_reach.contains_key(**interface));
            ExportLine {
                export: export.export,
                cannot_reach: cannot.map(|interface| (*interface).to_owned()).collect(),
                can_reach,
            }
        });
        Self::Followed {
            exports: exports.collect(),
        }
    }

    /// Returns true if an export may reach an interface whose name begins like this.
    pub(super) fn may_reach(&self, package: &str) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::Followed { exports } => exports.iter().any(|export| {
                let mut interfaces = export.can_reach.keys();
                interfaces.any(|interface| interface.starts_with(package))
            }),
        }
    }
}

fn is_of_one_interface(one: &ImportedFunction, next: &ImportedFunction) -> bool {
    Rc::ptr_eq(&one.interface, &next.interface)
}
