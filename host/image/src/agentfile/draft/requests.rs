//! The requests of settings for BINs, which only all instructions together make sense of.

use std::collections::{BTreeMap, BTreeSet};

use super::super::bin_request::{BinKey, BinRequest};
use super::super::declared::Bin;
use super::super::error::{Fault, Position, shown};
use super::super::room_request::{RoomKey, RoomRequest};
use super::super::sampling_request::{SamplingKey, SamplingRequest};
use super::super::turn_request::{TurnKey, TurnRequest};
use super::parts::Setting;

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

/// Returns true for a key that asks for something, and so needs a value.
fn is_request(key: &str, at: Position) -> Result<bool, Fault> {
    let known =
        RoomKey::of(key).is_some() || SamplingKey::of(key).is_some() || TurnKey::of(key).is_some();
    Ok(known || BinKey::of(key, at)?.is_some())
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
    let value = match &config.value {
        Some(value) => value.to_string(),
        // Whoever runs the agent gives it.
        None if config.required => return Ok(()),
        None if is_request(&config.key, *at)? => {
            return Err(Fault::new(
                *at,
                format!(
                    "{} asks for nothing; write `=` and a value",
                    shown(&config.key)
                ),
            ));
        }
        None => return Ok(()),
    };
    if let Some(key) = RoomKey::of(&config.key) {
        return RoomRequest::default().ask(key, &value, *value_at);
    }
    if let Some(key) = SamplingKey::of(&config.key) {
        return SamplingRequest::default().ask(key, &value, *value_at);
    }
    if let Some(key) = TurnKey::of(&config.key) {
        return TurnRequest::default().ask(key, &value, *value_at);
    }
    let Some(key) = BinKey::of(&config.key, *at)? else {
        return Ok(());
    };
    key.check(bins, *at)?;
    requests
        .entry(key.bin.to_owned())
        .or_default()
        .ask(&key, &value, *value_at)
}
