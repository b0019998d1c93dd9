//! The operator's choices for one agent, beyond what its image says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The choices with which an agent is created. They are stored with it, and hold at every start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deployment {
    /// The model, in place of the image's.
    pub model: Option<String>,
    /// Variables, in place of those of the image with the same key or beside them.
    pub envs: BTreeMap<String, String>,
    /// Settings, in place of those of the image with the same key or beside them.
    pub configs: BTreeMap<String, String>,
    /// Directories of this machine.
    pub mounts: Vec<Mount>,
    /// Labels, in place of those of the image with the same key or beside them.
    pub labels: BTreeMap<String, String>,
}

/// A directory of this machine that tools of the agent see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// The absolute path on this machine.
    pub host: String,
    /// The absolute path that tools see.
    pub target: String,
    /// The words that a model reads about it; may be empty.
    #[serde(default)]
    pub description: String,
    /// True if no tool may change anything in it.
    pub read_only: bool,
}
