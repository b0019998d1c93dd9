//! Schemas as they leave this host: the dialect that every MCP client and every vendor of models
//! understands.
//!
//! Authors write draft 2020-12, and inputs are checked against what they wrote ([`crate::schema`]).
//! Clients take less: many read draft-07, where `prefixItems` means nothing and `items: false`
//! forbids every list; some refuse a whole request for one `type` that is a list, one array without
//! `items`, or one choice at the top. So a schema is read once for what it means ([`read`]), and
//! written in a few keywords that mean the same everywhere ([`write`]); [`check()`] says which.
//!
//! A result that fits the author's schema fits the outgoing one, under both drafts: what the
//! dialect cannot say is left out, or told in the description. Of an input, the outgoing schema
//! also leaves out `null` where a property may be left out. What a client could not tell a model at
//! all is refused when a tool is built ([`refuse_input`]), and left out when a tool is loaded.

mod budget;
mod check;
mod derive;
mod join;
mod keyword;
mod meaning;
mod read;
mod refuse;
mod unite;
mod write;

pub(crate) use derive::{input, output};
pub(crate) use refuse::refuse_input;

#[cfg(test)]
pub(crate) use check::check;

#[cfg(test)]
mod tests;
