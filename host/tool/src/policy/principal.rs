//! Who calls.

use std::fmt;

use cedar_policy::EntityUid;

use super::uid::{Kind, uid};

/// The one for whom a call is made, as policies name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Principal {
    Operator,
    Client(String),
    Agent(String),
}

impl Principal {
    pub(super) fn uid(&self) -> EntityUid {
        match self {
            Self::Operator => uid(Kind::Operator, "operator"),
            Self::Client(name) => uid(Kind::Client, name),
            Self::Agent(name) => uid(Kind::Agent, name),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Client(name) => write!(f, "client {name}"),
            Self::Agent(name) => write!(f, "agent {name}"),
        }
    }
}
