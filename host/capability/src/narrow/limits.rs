//! Limits, and how much of them calls used.

use serde::Serialize;

use crate::grant::Ceiling;
use crate::limits::{Limits, LimitsRequest};
use crate::manifest::Manifest;
use crate::used::Used;

/// The room that a lower limit leaves above the most that was seen: the next call may be larger
/// than all so far, and four times as large is another kind of call.
const HEADROOM: u64 = 4;

/// The least that a limit is lowered to. A program needs its own memory and start before it does
/// anything, and a limit near them would end calls for no reason.
const LEAST: [(&str, u64); 7] = [
    ("fuel", 100_000_000),
    ("wall", 1_000_000),
    ("memory", 4 << 20),
    ("host-memory", 1 << 20),
    ("stdout", 4 << 10),
    ("stderr", 4 << 10),
    ("written", 4 << 10),
];

/// A limit, and the most that one call used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitUse {
    /// The key in `[limits]`.
    pub name: &'static str,
    /// The value that holds without an operator's decision.
    pub limit: String,
    /// The most that one call used.
    pub used: String,
    /// The same in percent of the limit.
    pub percent: u64,
    /// The lower value of the smaller manifest, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower: Option<String>,
}

/// The limits whose use is known.
pub(super) fn used(manifest: &Manifest, used: &Used, ceiling: &Ceiling) -> Vec<LimitUse> {
    let given = ceiling.defaults.lowered(&manifest.limits);
    let rows = given.rows();
    let lower = |name: &str, limit: u64| {
        let lower = lower(name, *used.limits.get(name)?, limit)?;
        Some(given.in_words(name, lower))
    };
    let known = rows.into_iter().filter_map(|row| {
        let most = *used.limits.get(row.name)?;
        let limit = given.amount(row.name)?;
        Some(LimitUse {
            name: row.name,
            limit: row.value,
            used: given.in_words(row.name, most),
            percent: most.saturating_mul(100).checked_div(limit).unwrap_or(100),
            lower: lower(row.name, limit),
        })
    });
    known.collect()
}

/// The limits of the smaller manifest: lower where calls stay far below.
pub(super) fn lowered(asked: &LimitsRequest, used: &Used, ceiling: &Ceiling) -> LimitsRequest {
    let given: Limits = ceiling.defaults.lowered(asked);
    let mut request = asked.clone();
    for (name, most) in &used.limits {
        let limit = given.amount(name);
        if let Some(lower) = limit.and_then(|limit| lower(name, *most, limit)) {
            request = request.with(name, lower);
        }
    }
    request
}

/// A lower value for a limit; none where it is near enough, or was not used at all: then another
/// row says so.
fn lower(name: &str, most: u64, limit: u64) -> Option<u64> {
    if most == 0 {
        return None;
    }
    let least = LEAST.iter().find(|(key, _)| *key == name);
    let least = least.map_or(1, |(_, least)| *least);
    let roomy = rounded(name, most.saturating_mul(HEADROOM)).max(least);
    (roomy < limit).then_some(roomy)
}

/// A number that people read easily, not below `amount`: whole seconds, one digit and zeros, or a
/// power of two.
fn rounded(name: &str, amount: u64) -> u64 {
    match name {
        "wall" => amount.div_ceil(1_000_000).saturating_mul(1_000_000),
        "fuel" => {
            let unit = 10_u64.saturating_pow(amount.checked_ilog10().unwrap_or_default());
            amount.div_ceil(unit).saturating_mul(unit)
        }
        _ => amount.checked_next_power_of_two().unwrap_or(amount),
    }
}
