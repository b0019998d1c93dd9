//! The edge: connections of every door, TCP and unix socket, gRPC and MCP alike.
//!
//! [`listen`] opens a door. [`accept`] lets connections in, as many as [`connections`] has room
//! for, [`serve`] looks after one of them until it ends, and [`delivery`] hands an answer over in
//! pieces. [`budget`] bounds what the clients of one door hold together. What is said on a
//! connection is decided by the door's own code.

pub(crate) mod accept;
pub(crate) mod budget;
pub(crate) mod connections;
pub(crate) mod delivery;
pub(crate) mod listen;
mod seldom;
pub(crate) mod serve;
pub(crate) mod socket;
mod watch;
