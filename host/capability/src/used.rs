//! The use that calls made of their powers, as their records tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::access::Access;
use crate::guest_path::GuestPath;
use crate::network::Host;

/// The use that calls of a tool made of their powers. A part that is not known is `None`: nothing
/// is concluded from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// Calls that ran.
    pub calls: u64,
    /// Granted directories in which they looked something up or changed something.
    pub directories: Option<BTreeMap<GuestPath, DirectoryUse>>,
    /// Hosts and ports that they were connected to, with the calls that were.
    pub contacts: Option<BTreeMap<Contact, u64>>,
    /// Tools that they called, with the number of calls.
    pub tools: Option<BTreeMap<String, u64>>,
    /// The most that one call used of a limit, by the limit's key: a number, bytes, or
    /// microseconds.
    pub limits: BTreeMap<&'static str, u64>,
}

/// The use of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryUse {
    /// The most access that a call used.
    pub access: Access,
    /// Calls that used it.
    pub calls: u64,
}

/// A host and the port of it that a call was connected to, as receipts write it: `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Contact {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// A text that names no host and port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host with a port: expected one such as api.example.org:443")]
pub struct ContactError(String);

impl Used {
    /// The tools that were called, if they are known.
    pub(crate) fn called(&self) -> Option<BTreeSet<&str>> {
        let tools = self.tools.as_ref()?;
        Some(tools.keys().map(String::as_str).collect())
    }
}

impl FromStr for Contact {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        let wrong = || ContactError(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        Ok(Self {
            host: host.parse().map_err(|_| wrong())?,
            port: port.parse().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl From<Contact> for String {
    fn from(contact: Contact) -> Self {
        contact.to_string()
    }
}
