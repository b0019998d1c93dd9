//! `[[agent]]`: the operator's choices for an agent, beyond what its Agentfile says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cofferdam_agent::{Deployment, DeploymentError, Mount, RoomRules};
use cofferdam_capability::{Bytes, Count};
use cofferdam_image::agentfile::{Overrides, check_overrides};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::network;
use super::place::{self, Key, Source};
use super::setting::Setting;
use super::written::{is_empty, names};
use crate::error::Failure;

/// `[[agent]]`: the choices for one agent, in place of what its Agentfile says or beside it.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct AgentRow {
    /// The agent's name.
    pub(crate) name: String,
    /// The model, `provider/name`.
    #[serde(default)]
    #[schemars(extend("pattern" = "^[^/]+/."))]
    pub(crate) model: Option<String>,
    /// Values of variables, as `ENV` has them. They may be secret, so the names alone are shown.
    #[serde(default, serialize_with = "names")]
    pub(crate) env: BTreeMap<String, String>,
    /// Values of settings, as `CONFIG` has them.
    #[serde(default)]
    pub(crate) config: BTreeMap<String, ConfigValue>,
    /// Directories of this machine, `HOST:TARGET[:DESCRIPTION][:ro|rw]`.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^/[^:]*:/.")))]
    pub(crate) mount: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub(crate) label: BTreeMap<String, String>,
    /// Bytes of the files that its tools keep.
    #[serde(default)]
    pub(crate) workspace_bytes: Option<Bytes>,
    /// Files, directories and links that its tools keep.
    #[serde(default)]
    pub(crate) workspace_entries: Option<Count>,
}

/// The value of a setting.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "the value of a setting is a text, a number, or true or false"
)]
pub(crate) enum ConfigValue {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

/// As a setting is written on the command line, where only quotes tell a text from a number.
impl fmt::Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            // With a point, also where it is whole.
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "\"{value}\""),
        }
    }
}

/// All rows, and the file they are from.
#[derive(Debug)]
pub(crate) struct AgentRows {
    pub(crate) rows: Vec<AgentRow>,
    source: Option<Arc<Source>>,
}

impl AgentRows {
    /// Refuses two rows for one agent, more room than there may be, and mounts that are not written
    /// as they should be, whether their directories are there or not.
    pub(super) fn new(
        rows: Vec<AgentRow>,
        room: RoomRules,
        source: Option<Arc<Source>>,
    ) -> Result<Self, Failure> {
        let own = Self { rows, source };
        for (index, row) in own.rows.iter().enumerate() {
            let name = &row.name;
            let place = |key| own.origin(Key::Row("agent", index, key));
            if own.rows.iter().take(index).any(|other| other.name == *name) {
                return Err(Failure::usage(format!(
                    "{}: [[agent]] for {name} appears twice: keep one row",
                    place("name")
                )));
            }
            let is_model = |model: &String| {
                let parts = model.split_once('/');
                parts.is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty())
            };
            if let Some(model) = row.model.as_ref().filter(|model| !is_model(model)) {
                return Err(Failure::usage(format!(
                    "{}: [[agent]] for {name}: `model` = `{model}`: expected `provider/name`",
                    place("model")
                )));
            }
            let env = Overrides {
                envs: Some(&row.env),
                ..Overrides::default()
            };
            check_overrides(&env).map_err(|error| {
                Failure::usage(format!(
                    "{}: [[agent]] for {name}: `env`: {error}",
                    place("env")
                ))
            })?;
            let ceiling = room.ceiling;
            let is_wrong = |asked: u64, most: u64| asked == 0 || asked > most;
            let bytes = row.workspace_bytes;
            let bytes = bytes.filter(|Bytes(bytes)| is_wrong(*bytes, ceiling.bytes));
            let entries = row.workspace_entries;
            let entries = entries.filter(|Count(entries)| is_wrong(*entries, ceiling.entries));
            let rooms = [
                (
                    "workspace-bytes",
                    bytes.map(|bytes| bytes.to_string()),
                    Bytes(ceiling.bytes).to_string(),
                ),
                (
                    "workspace-entries",
                    entries.map(|entries| entries.to_string()),
                    Count(ceiling.entries).to_string(),
                ),
            ];
            for (key, wrong, most) in rooms {
                if let Some(asked) = wrong {
                    return Err(Failure::usage(format!(
                        "{}: [[agent]] for {name}: `{key}` = {asked}: expected more than none, and \
                         at most {most}, which is `{key}-ceiling` of [host]",
                        place(key)
                    )));
                }
            }
            let deployment = row.deployment().and_then(|deployment| {
                deployment.check()?;
                Ok(deployment)
            });
            if let Err(error) = deployment {
                return Err(Failure::usage(format!(
                    "{}: [[agent]] for {name}: {error}",
                    place("mount")
                )));
            }
        }
        Ok(own)
    }

    /// The choices for each agent, by name. What they mean for it is checked when it is made.
    pub(crate) fn deployments(&self) -> BTreeMap<String, Deployment> {
        let deployment = |row: &AgentRow| Some((row.name.clone(), row.deployment().ok()?));
        self.rows.iter().filter_map(deployment).collect()
    }

    /// The settings that each row gives, with the place where it is written. Of variables the names
    /// alone.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let variables: Vec<_> = row.env.keys().collect();
            let given = [
                ("model", json!(row.model.as_deref().unwrap_or_default())),
                ("env", network::list(&variables)),
                ("config", json!(row.config)),
                ("mount", network::list(&row.mount)),
                ("label", json!(row.label)),
                ("workspace-bytes", json!(row.workspace_bytes)),
                (
                    "workspace-entries",
                    json!(row.workspace_entries.map(|count| count.0)),
                ),
            ];
            let written = |value: &Value| !is_empty(value);
            settings.extend(given.into_iter().filter(|(_, value)| written(value)).map(
                |(key, value)| Setting {
                    origin: self.origin(Key::Row("agent", index, key)),
                    key: format!("agent.{}.{key}", row.name),
                    value,
                    note: None,
                },
            ));
        }
        settings
    }

    pub(super) fn origin(&self, key: Key) -> String {
        place::origin(self.source.as_deref(), key)
    }
}

impl AgentRow {
    fn deployment(&self) -> Result<Deployment, DeploymentError> {
        let Self {
            name: _,
            model,
            env,
            config,
            mount,
            label,
            workspace_bytes,
            workspace_entries,
        } = self.clone();
        let mounts = mount.iter().map(|written| written.parse());
        let mut configs: BTreeMap<_, _> = config
            .into_iter()
            .map(|(key, value)| (key, value.to_string()))
            .collect();
        let rooms = [
            ("bytes", workspace_bytes.map(|bytes| bytes.to_string())),
            (
                "entries",
                workspace_entries.map(|entries| entries.to_string()),
            ),
        ];
        for (key, value) in rooms {
            configs.extend(value.map(|value| (format!("limit.workspace.{key}"), value)));
        }
        Ok(Deployment {
            model,
            envs: env,
            configs,
            mounts: mounts.collect::<Result<Vec<Mount>, _>>()?,
            labels: label,
            // An address of its own is given with `run --addr` alone.
            addr: None,
        })
    }
}
