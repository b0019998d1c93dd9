//! The edge: connections of every door, TCP and unix socket, gRPC and MCP alike.
//!
//! [`listen`] opens a door. [`accept`] lets connections in, as many as [`connections`] has room
//! for, and [`serve`] looks after one of them until it ends.
//!
//! A request goes through layers, the same for every door: [`deliver`] hands the answer over in
//! pieces and keeps until then what the request holds ([`holdings`]), [`authenticate`] asks for the
//! token, [`admit`] bounds the requests under way with a [`budget`]. Each refuses in the words of
//! the door's wire ([`refusal`]). The rest is the door's own code.

pub(crate) mod accept;
pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod body_bytes;
pub(crate) mod budget;
pub(crate) mod connections;
pub(crate) mod deliver;
pub(crate) mod delivery;
pub(crate) mod holdings;
pub(crate) mod listen;
pub(crate) mod refusal;
mod seldom;
pub(crate) mod serve;
pub(crate) mod socket;
mod watch;
