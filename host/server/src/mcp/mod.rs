//! The MCP door: tools for editors and desktop assistants, over the Model Context Protocol.
//!
//! A [`Shelf`] holds the tools as clients see them, from a toolbox of this process or from an agent of the running host
//! ([`agent`]). A [`Door`] answers requests from it, and [`stdio`] and [`http`] bring the requests, which `message` weighs
//! before they are parsed. Nothing in a request changes what a tool may touch: the grants were made before the first one
//! came.

pub mod agent;
mod call;
mod door;
pub mod http;
mod message;
mod progress;
mod shelf;
pub mod stdio;

pub use door::Door;
pub use shelf::Shelf;
