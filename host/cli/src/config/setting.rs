//! Settings as they are shown.

use cofferdam_capability::Count;
use serde::Serialize;
use serde_json::Value;

/// One effective value.
#[derive(Debug, Serialize)]
pub(crate) struct Setting {
    /// Its key, as it is written in the file.
    pub(crate) key: String,
    /// The value that holds: numbers as numbers, lists as lists, sizes and times as they are
    /// written.
    pub(crate) value: Value,
    /// The meaning of the value on this machine, where it does not say it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<&'static str>,
    /// `default`, or the file and line.
    pub(crate) origin: String,
}

impl Setting {
    /// The value as a cell of a table.
    pub(crate) fn shown(&self) -> String {
        let value = text(&self.value);
        match self.note {
            Some(note) if value.is_empty() => note.to_owned(),
            Some(note) => format!("{value} ({note})"),
            None => value,
        }
    }
}

/// A limit as JSON: a count is a number, a size or a time is as it is written.
pub(crate) fn amount(written: &str) -> Value {
    match written.parse::<Count>() {
        Ok(Count(number)) => number.into(),
        Err(_) => written.into(),
    }
}

fn text(value: &Value) -> String {
    let joined = |texts: &mut dyn Iterator<Item = String>| texts.collect::<Vec<_>>().join(", ");
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_u64() {
            Some(number) => Count(number).to_string(),
            None => number.to_string(),
        },
        Value::Array(values) => joined(&mut values.iter().map(text)),
        Value::Object(values) => joined(
            &mut values
                .iter()
                .map(|(key, value)| format!("{key} = {}", text(value))),
        ),
        Value::Null => String::new(),
        Value::Bool(is_so) => is_so.to_string(),
    }
}
