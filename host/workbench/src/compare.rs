//! The differences between two versions of a tool or an agent, for a reviewer.
//!
//! Powers are compared exactly, by [`Diff`]. Everything else that a model reads, its names,
//! descriptions and schemas, counts as widened when it differs at all: with other words the same
//! tool is called for other things.
//!
//! [`Diff`]: cofferdam_capability::Diff

mod agents;
mod tools;

pub use agents::{AgentVersion, BinVersion, agents};
pub use tools::{Surface, ToolVersion, tools};
