//! The MCP door: tools for editors and desktop assistants, over the Model Context Protocol.
//!
//! A [`ToolList`] holds the tools as clients see them, from a toolbox of this process or from an
//! agent of the running host ([`agent`]). A [`McpServer`] answers requests from it, and [`stdio`]
//! and [`http`] bring the requests, which `message` weighs before they are parsed. Nothing in a
//! request changes what a tool may touch: the grants were made before the first one came.

pub mod agent;
mod approval;
mod batch;
mod call;
mod cancel_filter;
mod directories;
mod form;
pub mod http;
mod message;
mod misfit;
mod progress_notifier;
mod question_seal;
mod reply;
mod server;
mod sessions;
pub mod stdio;
mod tool_list;

pub use server::McpServer;
pub use stdio::Served;
pub use tool_list::ToolList;
