//! The JSON of a config, row for row.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::agentfile::{Add, Bin, Config, ConfigValue, Context, Env};

#[derive(Serialize, Deserialize)]
pub(super) struct Document {
    #[serde(default, deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) syntax: String,
    pub(super) agent: Rows,
}

/// The agent. Lists may be `null`, as Go writes empty ones.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rows {
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub(super) from: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub(super) runtime: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub(super) model: String,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) contexts: Vec<ContextRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) configs: Vec<ConfigRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) bins: Vec<BinRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) adds: Vec<AddRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) exec: Vec<String>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) args: BTreeMap<String, Option<String>>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) envs: Vec<EnvRow>,
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub(super) capabilities: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ContextRow {
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) content: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) file: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ConfigRow {
    pub(super) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<ValueRow>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) required: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ValueRow {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct BinRow {
    pub(super) name: String,
    pub(super) image: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) usage: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AddRow {
    pub(super) src: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    /// The older key, a path in the agent's tree.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) dst: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct EnvRow {
    pub(super) key: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
}

impl ContextRow {
    pub(super) fn of(context: &Context) -> Self {
        let Context {
            name,
            description,
            content,
            file,
        } = context;
        Self {
            name: name.clone(),
            description: description.clone().unwrap_or_default(),
            content: match file {
                None => content.clone(),
                Some(_) => String::new(),
            },
            file: file
                .as_ref()
                .map(|file| file.display().to_string())
                .unwrap_or_default(),
        }
    }
}

impl ConfigRow {
    pub(super) fn of(config: &Config) -> Self {
        let Config {
            key,
            value,
            description,
            required,
        } = config;
        let value = value.as_ref().map(|value| match value {
            ConfigValue::Bool(value) => ValueRow::Bool(*value),
            ConfigValue::Integer(value) => ValueRow::Integer(*value),
            ConfigValue::Float(value) => ValueRow::Float(*value),
            ConfigValue::Text(value) => ValueRow::Text(value.clone()),
        });
        Self {
            key: key.clone(),
            value,
            description: description.clone().unwrap_or_default(),
            required: *required,
        }
    }
}

impl ValueRow {
    /// The word that is read as this value again.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            // With a point, also where nothing follows it.
            Self::Float(value) => format!("{value:?}"),
            Self::Text(value) => value.clone(),
        }
    }
}

impl BinRow {
    pub(super) fn of(bin: &Bin) -> Self {
        let Bin {
            name,
            source,
            description,
            usage,
        } = bin;
        Self {
            name: name.clone(),
            image: source.to_string(),
            description: description.clone().unwrap_or_default(),
            usage: usage.clone().unwrap_or_default(),
        }
    }
}

impl AddRow {
    pub(super) fn of(add: &Add) -> Self {
        let Add {
            name,
            source,
            description,
            content: _,
        } = add;
        Self {
            src: source.display().to_string(),
            name: name.clone(),
            dst: String::new(),
            description: description.clone().unwrap_or_default(),
        }
    }
}

impl EnvRow {
    pub(super) fn of(env: &Env) -> Self {
        let Env {
            key,
            value,
            description,
        } = env;
        Self {
            key: key.clone(),
            value: value.clone(),
            description: description.clone().unwrap_or_default(),
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// `null` as the empty value.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
