//! The network as HTTP and TCP of all calls share it: names, addresses, TLS, and the record of contacts.

mod client;
mod own_address;
mod record;

pub(crate) use client::Client;
pub(crate) use own_address::is_own;
pub(crate) use record::{Contacts, Record};
