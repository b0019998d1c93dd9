//! The requests of settings for BINs, which only all instructions together make sense of.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bin_request::{BinKey, BinRequest};
use super::super::declared::Bin;
use super::super::error::{Fault, shown};
use super::parts::Setting;

/// Names for a sentence.
fn shown_names(names: &[&str]) -> String {
    /// More say nothing more, and a file may have tens of thousands.
    const NAMED_MAX: usize = 16;
    let named = names.iter().take(NAMED_MAX).copied().collect::<Vec<_>>();
    let named = named.join(", ");
    match names.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The requests of the settings for each BIN.
pub(super) fn requests(
    settings: &[Setting],
    bins: &[Bin],
) -> Result<BTreeMap<String, BinRequest>, Vec<Fault>> {
    let mut requests: BTreeMap<String, BinRequest> = BTreeMap::new();
    let mut faults = Vec::new();
    let names: BTreeSet<_> = bins.iter().map(|bin| bin.name.as_str()).collect();
    for setting in settings {
        if let Err(fault) = request(setting, &names, &mut requests) {
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        Ok(requests)
    } else {
        Err(faults)
    }
}

fn request(
    setting: &Setting,
    bins: &BTreeSet<&str>,
    requests: &mut BTreeMap<String, BinRequest>,
) -> Result<(), Fault> {
    let Setting {
        config,
        at,
        value_at,
    } = setting;
    let Some(key) = BinKey::of(&config.key, *at)? else {
        return Ok(());
    };
    if !bins.contains(key.bin) {
        let names: Vec<_> = bins.iter().copied().collect();
        let there_are = match names.as_slice() {
            [] => "this Agentfile has no BIN".to_owned(),
            names => format!("the BINs are {}", shown_names(names)),
        };
        return Err(Fault::new(
            *at,
            format!("there is no BIN {}; {there_are}", shown(key.bin)),
        ));
    }
    let Some(value) = &config.value else {
        return Err(Fault::new(
            *at,
            format!(
                "{} asks for nothing; write `=` and a value",
                shown(&config.key)
            ),
        ));
    };
    requests
        .entry(key.bin.to_owned())
        .or_default()
        .ask(&key, &value.to_string(), *value_at)
}
