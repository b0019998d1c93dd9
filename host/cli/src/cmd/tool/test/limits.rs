//! Limits by their keys: what a tool needs, and what it does not.

use cofferdam_capability::{Bytes, Count, Limits, LimitsRequest};
use serde::Serialize;
use serde_json::{Map, Value};

use super::check::Checked;

/// How much more fuel is suggested than the hungriest case used: data grows, and the fuel of the same work differs with
/// hash seeds and compilers.
const FUEL_HEADROOM: u64 = 4;

/// The same for memory, which grows by doubling.
const MEMORY_HEADROOM: u64 = 2;

/// What the cases used, and what to write into `[limits]`.
#[derive(Debug, Serialize)]
pub(super) struct Suggestion {
    pub(super) most_fuel: u64,
    pub(super) most_memory: u64,
    /// Nothing where the default is enough.
    pub(super) limits: LimitsRequest,
}

impl Suggestion {
    /// From every call that came to an end of its own.
    pub(super) fn of<'a>(checked: impl Iterator<Item = &'a Checked>, defaults: &Limits, ceiling: &Limits) -> Self {
        let (mut most_fuel, mut most_memory) = (0, 0);
        for call in checked.filter(|call| call.ended_itself()) {
            most_fuel = most_fuel.max(call.fuel);
            most_memory = most_memory.max(call.peak_memory);
        }
        let fuel = Count(rounded(most_fuel.saturating_mul(FUEL_HEADROOM)));
        let memory = Bytes(most_memory.saturating_mul(MEMORY_HEADROOM).max(1 << 20).next_power_of_two());
        let limits = LimitsRequest {
            fuel: (fuel > defaults.fuel).then(|| fuel.min(ceiling.fuel)),
            memory: (memory > defaults.memory).then(|| memory.min(ceiling.memory)),
            ..LimitsRequest::default()
        };
        Self { most_fuel, most_memory, limits }
    }
}

/// Up to the next of 1, 2, 5, 10, 20, 50 …
fn rounded(number: u64) -> u64 {
    let mut step: u64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let round = step.saturating_mul(factor);
            if round >= number {
                return round;
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Every limit that is asked for, by key and value.
pub(super) fn asked(request: &LimitsRequest) -> Vec<(String, String)> {
    request.rows().into_iter().map(|row| (row.name.to_owned(), row.value)).collect()
}

/// What a limit is when nobody asks for anything else.
pub(super) fn value(limits: &Limits, key: &str) -> Option<String> {
    limits.rows().into_iter().find(|row| row.name == key).map(|row| row.value)
}

/// `request` with one limit as well, unless it says itself.
pub(super) fn with(request: &LimitsRequest, key: &str, value: &str) -> LimitsRequest {
    let mut entries = entries(request);
    entries.entry(key).or_insert_with(|| Value::String(value.to_owned()));
    serde_json::from_value(Value::Object(entries)).unwrap_or_else(|_| request.clone())
}

/// Twice `value`, in its own unit: `64MiB` becomes `128MiB`. Nothing for a value that has no single unit.
pub(super) fn doubled(value: &str) -> Option<String> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.replace('_', "").parse().ok()?;
    Some(format!("{}{}", number.checked_mul(2)?, value.strip_prefix(digits)?))
}

fn entries(request: &LimitsRequest) -> Map<String, Value> {
    match serde_json::to_value(request) {
        Ok(Value::Object(entries)) => entries,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_up() {
        for (number, round) in [(0, 1), (1, 1), (3, 5), (6, 10), (11, 20), (21, 50), (4_000_000_001, 5_000_000_000)] {
            assert_eq!(rounded(number), round);
        }
        assert_eq!(rounded(u64::MAX), u64::MAX);
    }

    #[test]
    fn limits_go_by_their_keys() {
        let request = with(&LimitsRequest::default(), "open-files", "128");
        assert_eq!(asked(&request), [("open-files".to_owned(), "128".to_owned())]);
        assert_eq!(with(&request, "open-files", "1"), request);
        assert_eq!(value(&Limits::DEFAULT, "memory").as_deref(), Some("64MiB"));
        assert_eq!(doubled("64MiB").as_deref(), Some("128MiB"));
        assert_eq!(doubled("20_000").as_deref(), Some("40000"));
        assert_eq!(doubled("1m 30s"), None);
        for row in Limits::DEFAULT.rows() {
            let doubled = doubled(&row.value).expect("defaults have one unit");
            let request = with(&LimitsRequest::default(), row.name, &doubled);
            assert_eq!(asked(&request).len(), 1, "{}", row.name);
        }
    }
}
