//! The network as HTTP and TCP of all calls share it: names, addresses, TLS, and the record of
//! contacts.

mod client;
mod connect;
mod own_address;
mod reach;
mod record;
mod stand_in;

pub(crate) use connect::{Connect, Connection, Destination, Stream};
pub(crate) use own_address::is_own;
pub use reach::Reach;
pub(crate) use record::{Contacts, Record};
pub use stand_in::StandIn;
