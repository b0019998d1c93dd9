//! Agentfile: the text an agent is built from.
//!
//! Read in two stages. `lines`, `token` and `instruction` say what was written: keywords, words,
//! strings and heredoc bodies, each with its place; `expand` puts values in place of `${NAME}`
//! before. `draft` says what it means. A mistake does not keep later ones from being found.
//!
//! This host reads every instruction of `openotters/agentfile:1`. A file that builds on an image is
//! [`Written`] until the image is at hand, and an [`Agentfile`] with everything that it inherits.

mod bin_request;
mod declared;
mod draft;
mod env_name;
mod error;
mod expand;
mod format;
mod instruction;
mod lines;
mod name;
mod nearest;
mod needed;
mod overrides;
mod parse;
mod read;
mod remarks;
mod room_request;
mod sampling_request;
#[cfg(test)]
mod tests;
mod token;
mod turn_request;

pub use bin_request::{BinRequest, WorkspaceRequest};
pub use declared::{Add, Agentfile, Bin, Config, ConfigValue, Context, Env};
pub use error::{AgentfileError, Mistake, ReadError};
pub use format::format;
pub use lines::{FILE_MAX_BYTES, LINE_MAX_BYTES, SYNTAX};
pub use name::{AgentName, NameError};
pub use needed::Needed;
pub use overrides::{OverrideError, Overrides, check_overrides, overridden};
pub(crate) use parse::parse_needing;
pub use parse::{Parent, Written, parse};
pub use read::{
    CONTEXT_MAX_BYTES, DATA_MAX_BYTES, NamedFiles, Source, named_files, read, read_text,
};
pub use remarks::remarks;
pub use room_request::RoomRequest;
pub use sampling_request::SamplingRequest;
pub use turn_request::{MemoryStrategy, TurnRequest};
