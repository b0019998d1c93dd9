//! Directories and hosts that a call used, as its record tells them.

use std::collections::BTreeMap;

use cofferdam_capability::Access;
use serde::{Deserialize, Serialize};

use crate::receipt::Receipt;

/// Directories of one record. Tools are granted one or two; of a granted `/` a call may touch any
/// number of entries.
const MAX_DIRECTORIES: usize = 8;

/// Hosts of one record: those of a tool that speaks to a service and its neighbours. With the
/// directories they leave half of a line of the trail to everything else.
const MAX_HOSTS: usize = 16;

/// The longest name in a record, in bytes: the longest of DNS with its port.
const MAX_NAME: usize = 260;

/// Directories and hosts that a call used. Guests choose some of these names, so they are bounded;
/// the rest is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Granted directories that it looked into or changed, with the access that it used.
    #[serde(default)]
    pub directories: BTreeMap<String, Access>,
    /// Hosts that it was connected to, as `host:port`, with the number of connections.
    #[serde(default)]
    pub hosts: BTreeMap<String, u64>,
    /// Directories and hosts that are not named here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

impl From<&Receipt> for Reach {
    fn from(receipt: &Receipt) -> Self {
        let mut reach = Self::default();
        for (path, access) in &receipt.directories {
            if reach.directories.len() < MAX_DIRECTORIES && is_plain(path) {
                reach.directories.insert(path.clone(), *access);
            } else {
                reach.omitted += 1;
            }
        }
        for (host, connections) in &receipt.hosts {
            if reach.hosts.len() < MAX_HOSTS && is_plain(host) {
                reach.hosts.insert(host.clone(), *connections);
            } else {
                reach.omitted += 1;
            }
        }
        reach
    }
}

/// Returns true for a name of some length that takes no more room when it is escaped than twice its
/// own.
fn is_plain(name: &str) -> bool {
    name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

/// The usual case, which is left out of a line.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}
