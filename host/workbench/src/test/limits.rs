//! Limits by their keys.

use cofferdam_capability::{Limits, LimitsRequest};
use serde_json::{Map, Value};

/// The value of one limit.
pub(crate) fn value(limits: &Limits, key: &str) -> Option<String> {
    limits
        .rows()
        .into_iter()
        .find(|row| row.name == key)
        .map(|row| row.value)
}

/// `request` with one limit as well, unless it has its key.
pub(crate) fn with(request: &LimitsRequest, key: &str, value: &str) -> LimitsRequest {
    let mut entries = entries(request);
    entries
        .entry(key)
        .or_insert_with(|| Value::String(value.to_owned()));
    serde_json::from_value(Value::Object(entries)).unwrap_or_else(|_| request.clone())
}

/// Twice `value`, in its own unit: `64MiB` becomes `128MiB`. Nothing for a value that has no single
/// unit.
pub(crate) fn doubled(value: &str) -> Option<String> {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.replace('_', "").parse().ok()?;
    Some(format!(
        "{}{}",
        number.checked_mul(2)?,
        value.strip_prefix(digits)?
    ))
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
    fn limits_go_by_their_keys() {
        let request = with(&LimitsRequest::default(), "open-files", "128");
        let rows = request.rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].name, rows[0].value.as_str()),
            ("open-files", "128")
        );
        assert_eq!(with(&request, "open-files", "1"), request);
        assert_eq!(value(&Limits::DEFAULT, "memory").as_deref(), Some("64MiB"));
        assert_eq!(doubled("64MiB").as_deref(), Some("128MiB"));
        assert_eq!(doubled("20_000").as_deref(), Some("40000"));
        assert_eq!(doubled("1m 30s"), None);
        for row in Limits::DEFAULT.rows() {
            let doubled = doubled(&row.value).expect("defaults have one unit");
            let request = with(&LimitsRequest::default(), row.name, &doubled);
            assert_eq!(request.rows().len(), 1, "{}", row.name);
        }
    }
}
