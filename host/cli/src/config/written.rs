//! Values of rows as they are shown.

use std::collections::BTreeMap;

use serde::Serializer;
use serde_json::Value;

/// Variables by their names alone: their values may be secret.
pub(super) fn names<S: Serializer>(
    env: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(env.keys())
}

/// Returns true for nothing: also for a list or a table of it, and for an empty text.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        _ => false,
    }
}
