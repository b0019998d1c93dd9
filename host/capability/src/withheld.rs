//! Differences between asked for, offered and granted.

use std::fmt;

use serde::Serialize;

use crate::access::Access;
use crate::guest_path::GuestPath;
use crate::limits::LowerLimit;
use crate::network::{Host, HostPattern, TcpPorts};
use crate::secret::SecretName;

/// Something that was asked for and not granted, or offered and not asked for: for the operator and
/// the reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    /// The manifest declares a directory that nobody offered.
    NotOffered(GuestPath, Access),
    /// A directory was offered that the manifest does not declare, so the tool does not see it.
    NotDeclared(GuestPath),
    /// The manifest asks for more access than was offered.
    ReadOnly(GuestPath),
    /// The manifest declares a variable that has no value here.
    NoVariable(String),
    /// A variable was given that the manifest does not declare, so the tool does not see it.
    VariableNotDeclared(String),
    /// The manifest asks for a higher limit than the tool gets.
    Limit(LowerLimit),
    /// The manifest declares a host that nobody offers, or not at these ports.
    NoHost(HostPattern),
    /// The manifest declares a host that this host gives to no tool.
    HostAboveCeiling(HostPattern),
    /// A host was offered that the manifest does not declare, or not at this port.
    HostNotDeclared(String),
    /// The manifest declares TCP to a host that nobody offers, or not at these ports.
    NoTcp(HostPattern, TcpPorts),
    /// The manifest declares TCP to a host that this host gives to no tool.
    TcpAboveCeiling(HostPattern),
    /// TCP was offered that the manifest does not declare.
    TcpNotDeclared(String),
    /// The manifest declares a secret that has no value here.
    NoSecret(SecretName),
    /// A secret was given that the manifest does not declare.
    SecretNotDeclared(SecretName),
    /// A secret whose host the tool does not reach.
    SecretWithoutHost(SecretName, Host),
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered(path, _) => {
                write!(f, "its manifest declares {path}, which nobody offers")
            }
            Self::NotDeclared(path) => {
                write!(
                    f,
                    "its manifest does not declare {path}, so it does not see what is offered there"
                )
            }
            Self::ReadOnly(path) => {
                write!(f, "it asks to write to {path}, which is offered read-only")
            }
            Self::NoVariable(name) => write!(
                f,
                "its manifest declares the variable {name}, which has no value here"
            ),
            Self::VariableNotDeclared(name) => write!(
                f,
                "its manifest does not declare the variable {name}, so it does not see it"
            ),
            Self::Limit(LowerLimit {
                name,
                asked,
                given,
                ceiling,
            }) => {
                write!(
                    f,
                    "its manifest asks for `{name}` = {asked}, and it gets {given}"
                )?;
                match ceiling {
                    Some(ceiling) => write!(f, " (the ceiling of this host is {ceiling})"),
                    None => Ok(()),
                }
            }
            Self::NoHost(host) => write!(
                f,
                "its manifest declares requests to {host}, which nobody offers"
            ),
            Self::HostAboveCeiling(host) => {
                write!(
                    f,
                    "its manifest declares requests to {host}, which this host gives to no tool"
                )
            }
            Self::HostNotDeclared(offer) => {
                write!(
                    f,
                    "its manifest does not declare requests to {offer}, so it cannot send any there"
                )
            }
            Self::NoTcp(host, _) => write!(
                f,
                "its manifest declares TCP to {host}, which nobody offers"
            ),
            Self::TcpAboveCeiling(host) => {
                write!(
                    f,
                    "its manifest declares TCP to {host}, which this host gives to no tool"
                )
            }
            Self::TcpNotDeclared(offer) => {
                write!(
                    f,
                    "its manifest does not declare TCP to {offer}, so it cannot be connected there"
                )
            }
            Self::NoSecret(name) => write!(
                f,
                "its manifest declares the secret {name}, which has no value here"
            ),
            Self::SecretNotDeclared(name) => {
                write!(
                    f,
                    "its manifest does not declare the secret {name}, so it is sent nowhere"
                )
            }
            Self::SecretWithoutHost(name, host) => {
                write!(
                    f,
                    "the secret {name} is for {host}, which it cannot send requests to"
                )
            }
        }
    }
}
