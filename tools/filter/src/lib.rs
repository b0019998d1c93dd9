//! Filters of jq, on jaq, for `jq` and `yq`: reading values, running a filter over them, and words
//! for what goes wrong. What is printed, and how, is theirs.

mod depth;
mod messages;
mod program;
mod values;
mod yaml;

pub use jaq_all::json::Val;
pub use jaq_all::json::write::{Pp, write as write_json};
pub use program::{Ended, Program};
pub use values::{array, json, json_values, object, text, yaml_values};
pub use yaml::write_yaml;
