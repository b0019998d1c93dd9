//! Filters of jq for `jq` and `yq`: reading values, running a filter over them, and words for what
//! goes wrong. What is printed, and how, is theirs.
//!
//! The engine is jaq's; what its values are, what its updates do and which filters there are is our
//! own, held to jq 1.7 (`tests/tool/differential/jq-manual.json`). jaq's own values and filters
//! differ from jq's on purpose; an agent writes jq.

mod data;
mod funs;
mod lower;
mod names;
mod program;
mod val;
mod yaml;

pub use data::Inputs;
pub use program::{Ended, Program};
pub use val::{Layout, Map, Reader, Val, json, write_json};
pub use yaml::{Document, Written, documents, write_yaml};
