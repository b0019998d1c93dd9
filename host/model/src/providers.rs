//! `providers.yaml`: the model providers of a host, as its operator lists them.

mod edit;
mod expand;
mod file;
mod list;
mod written;

pub use edit::{NewProvider, with, without};
pub use file::{OpenFile, ProvidersFile, Variables};
pub use list::{Entry, Providers};
