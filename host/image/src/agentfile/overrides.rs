//! Values that whoever runs an agent gives in place of its author's. They follow the rules of the
//! instructions `MODEL`, `ENV`, `CONFIG` and `LABEL`.

use std::collections::{BTreeMap, HashSet};

use super::bin_request::{BinKey, BinRequest};
use super::declared::{Agentfile, Config, ConfigValue, Env};
use super::env_name;
use super::error::{Fault, Position, shown};
use super::room_request::{RoomKey, RoomRequest};
use super::sampling_request::{SamplingKey, SamplingRequest};
use super::turn_request::{TurnKey, TurnRequest};

/// The longest key of a setting, in bytes, as in an Agentfile.
const KEY_MAX_BYTES: usize = 128;

/// Values in place of those of an Agentfile, or beside them.
#[derive(Clone, Debug, Default)]
pub struct Overrides<'a> {
    /// The model, written `provider/name`.
    pub model: Option<&'a str>,
    /// Variables, by name.
    pub envs: Option<&'a BTreeMap<String, String>>,
    /// Settings, by key. A value in double quotes is a text; others are what they look like.
    pub configs: Option<&'a BTreeMap<String, String>>,
    /// Labels, by key.
    pub labels: Option<&'a BTreeMap<String, String>>,
}

/// A value that cannot stand in place of an author's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OverrideError(String);

/// Puts these values in the place of the author's.
///
/// # Errors
///
/// The first value that breaks a rule of its instruction, or a key for a BIN that there is not.
pub fn overridden(
    mut agentfile: Agentfile,
    overrides: &Overrides<'_>,
) -> Result<Agentfile, OverrideError> {
    let Overrides {
        model,
        envs,
        configs,
        labels,
    } = overrides;
    if let Some(model) = model {
        check_model(model)?;
        agentfile.model = Some((*model).to_owned());
    }
    if let Some(envs) = envs {
        envs.keys().try_for_each(|key| check_env(key))?;
        for env in &mut agentfile.envs {
            if let Some(value) = envs.get(&env.key) {
                env.value.clone_from(value);
            }
        }
        let there: HashSet<_> = agentfile.envs.iter().map(|env| env.key.clone()).collect();
        let more = envs.iter().filter(|(key, _)| !there.contains(*key));
        agentfile.envs.extend(more.map(|(key, value)| Env {
            key: key.clone(),
            value: value.clone(),
            description: None,
        }));
    }
    for (key, value) in configs.iter().copied().flatten() {
        configure(&mut agentfile, key, value)?;
    }
    for (key, value) in labels.iter().copied().flatten() {
        agentfile.labels.insert(key.clone(), value.clone());
    }
    Ok(agentfile)
}

/// Checks these values as far as that can be done without an Agentfile.
///
/// # Errors
///
/// The first value that breaks a rule of its instruction.
pub fn check_overrides(overrides: &Overrides<'_>) -> Result<(), OverrideError> {
    let Overrides {
        model,
        envs,
        configs,
        labels: _,
    } = overrides;
    model.map_or(Ok(()), check_model)?;
    let mut envs = envs.iter().copied().flatten();
    envs.try_for_each(|(key, _)| check_env(key))?;
    let mut configs = configs.iter().copied().flatten();
    configs.try_for_each(|(key, _)| check_key(key))
}

fn configure(agentfile: &mut Agentfile, key: &str, written: &str) -> Result<(), OverrideError> {
    check_key(key)?;
    let value = ConfigValue::written(written);
    request(agentfile, key, &value.to_string())
        .map_err(|fault| OverrideError(format!("config {}: {}", shown(key), fault.message())))?;
    match agentfile
        .configs
        .iter_mut()
        .find(|config| config.key == key)
    {
        Some(config) => config.value = Some(value),
        None => agentfile.configs.push(Config {
            key: key.to_owned(),
            value: Some(value),
            description: None,
            required: false,
        }),
    }
    Ok(())
}

/// Asks for what a key means that is for a BIN, the room or the model, in place of what the author
/// asks for.
fn request(agentfile: &mut Agentfile, key: &str, value: &str) -> Result<(), Fault> {
    if let Some(room) = RoomKey::of(key) {
        return RoomRequest::default().ask(room, value, NOWHERE);
    }
    if let Some(sampling) = SamplingKey::of(key) {
        return SamplingRequest::default().ask(sampling, value, NOWHERE);
    }
    if let Some(turn) = TurnKey::of(key) {
        return TurnRequest::default().ask(turn, value, NOWHERE);
    }
    let Some(bin_key) = BinKey::of(key, NOWHERE)? else {
        return Ok(());
    };
    let bins = agentfile.bins.iter().map(|bin| &*bin.name).collect();
    bin_key.check(&bins, NOWHERE)?;
    // Asking twice in one place is a mistake, so it is asked apart from the author's request.
    let mut own = BinRequest::default();
    own.ask(&bin_key, value, NOWHERE)?;
    let requests = &mut agentfile.requests;
    requests
        .entry(bin_key.bin.to_owned())
        .or_default()
        .replace(own);
    Ok(())
}

/// The place of a value that stands in no file.
const NOWHERE: Position = Position { line: 1, column: 1 };

fn check_model(model: &str) -> Result<(), OverrideError> {
    match model.split_once('/') {
        Some((provider, name)) if !provider.is_empty() && !name.is_empty() => Ok(()),
        _ => Err(OverrideError(format!(
            "a model is written `provider/name`; {} is not",
            shown(model)
        ))),
    }
}

fn check_env(key: &str) -> Result<(), OverrideError> {
    match env_name::refusal(key) {
        Some(problem) => Err(OverrideError(format!("variable {} {problem}", shown(key)))),
        None => Ok(()),
    }
}

fn check_key(key: &str) -> Result<(), OverrideError> {
    let begins = key.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if begins && key.len() <= KEY_MAX_BYTES && key.chars().all(fits) {
        return Ok(());
    }
    Err(OverrideError(format!(
        "a config's key is 1 to {KEY_MAX_BYTES} letters, digits, `.`, `-` and `_`; {} is not",
        shown(key)
    )))
}
