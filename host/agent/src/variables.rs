//! Variables that an agent's tools see beyond the locked ones, as far as their manifests declare
//! them.

use std::collections::BTreeMap;

use cofferdam_capability::Manifest;
use cofferdam_image::agentfile::Agentfile;

/// The beginning of variables that tell tools the agent's settings.
const RUNTIME: &str = "RUNTIME_";

/// The variables that a manifest declares: one for each `CONFIG` that has a value, in the order of
/// their names, then those of `ENV`. Of one name the last holds.
pub(crate) fn of(agentfile: &Agentfile, manifest: &Manifest) -> Vec<(String, String)> {
    let settings: BTreeMap<_, _> = agentfile
        .configs
        .iter()
        .filter_map(|config| Some((name_of(&config.key), config.value.as_ref()?.to_string())))
        .collect();
    let own = agentfile
        .envs
        .iter()
        .map(|variable| (variable.key.clone(), variable.value.clone()));
    let declared = |name: &String| manifest.env.iter().any(|row| row.name == *name);
    settings
        .into_iter()
        .chain(own)
        .filter(|(name, _)| declared(name))
        .collect()
}

/// `RUNTIME_MAX_TOKENS` for the setting `max-tokens`.
pub(crate) fn name_of(key: &str) -> String {
    let upper = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
        _ => '_',
    };
    RUNTIME.chars().chain(key.chars().map(upper)).collect()
}
