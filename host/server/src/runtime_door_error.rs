//! Reasons why an agent does not get an address of its own.

use std::net::SocketAddr;

use crate::error::ServerError;

/// An address that an agent cannot have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RuntimeDoorError {
    /// There are too many.
    #[error("{0} agents have an address of their own, the most there may be")]
    TooMany(usize),
    /// Another agent has it.
    #[error("address {0} is that of another agent: choose another port")]
    Taken(SocketAddr),
    /// Nobody can listen there.
    #[error(transparent)]
    Listen(ServerError),
}
