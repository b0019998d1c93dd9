//! The MCP door: tools for editors and desktop assistants, over the Model Context Protocol.
//!
//! A [`Shelf`] holds the tools as clients see them; [`files`] fills it from components, [`agent`] from an agent of the
//! running host. [`named`] is what the command line names, [`decided`] what of it may change. [`door`] answers requests from it, and [`stdio`] and [`http`] bring the
//! requests, which [`message`] weighs before they are parsed. Nothing in a request
//! changes what a tool may touch: the grants were made before the first one came.

pub(crate) mod agent;
pub(crate) mod call;
mod decided;
pub(crate) mod door;
pub(crate) mod files;
pub(crate) mod http;
mod message;
pub(crate) mod named;
mod progress;
mod shelf;
pub(crate) mod stdio;

pub(crate) use shelf::Facts;
