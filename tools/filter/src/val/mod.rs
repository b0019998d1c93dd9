//! Values as jq has them: objects keep the order of their keys, keys are texts, numbers are
//! doubles.

mod access;
mod arithmetic;
mod convert;
mod decimal;
mod delete;
mod edit;
mod merge;
mod order;
mod read;
mod value;
mod write;

pub(crate) use access::{get, indices};
pub(crate) use delete::delete_paths;
pub(crate) use edit::{get_path, set_path, update_path};
pub(crate) use read::MAX_DEPTH;
pub use read::{Reader, json};
pub(crate) use value::{Error, error};
pub use value::{Map, Val};
pub use write::{Layout, write_json};
