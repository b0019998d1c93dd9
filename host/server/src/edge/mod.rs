//! The edge: connections of every door, TCP and unix socket, gRPC and MCP alike.
//!
//! [`listen`] opens a door, with [`tls`] where the operator has a certificate. [`accept`] lets
//! connections in, as many as [`connections`] has room for, [`preface`] tells HTTP/2 from HTTP/1.1,
//! and [`serve`] looks after one of them until it ends.
//!
//! A request goes through layers, the same for every door: [`deliver`] hands the answer over in
//! pieces and keeps until then what the request holds ([`holdings`]), [`authenticate`] finds out
//! the [`principal`] by the door's [`credentials`] and counts [`failures`], the table of
//! [`methods`] says whether it may call the method, [`admit`] bounds the requests under way with a
//! [`budget`]. Each refuses in the words of the door's wire ([`refusal`]). The rest is the door's
//! own code.

pub(crate) mod accept;
pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod body_bytes;
pub(crate) mod budget;
pub(crate) mod connections;
pub(crate) mod credentials;
pub(crate) mod deliver;
pub(crate) mod delivery;
pub(crate) mod failures;
pub(crate) mod holdings;
pub(crate) mod listen;
pub(crate) mod methods;
pub(crate) mod plain_http;
pub(crate) mod preface;
pub(crate) mod principal;
pub(crate) mod read_body;
pub(crate) mod refusal;
pub(crate) mod seldom;
pub(crate) mod serve;
pub(crate) mod socket;
pub(crate) mod tls;
mod watch;
