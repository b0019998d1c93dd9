//! Bytes in a case: a text, or base64 where it is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// What a file holds, what comes on standard input, what a server answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Content(pub(super) Vec<u8>);

impl TryFrom<Value> for Content {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self(text.into_bytes())),
            Value::Object(form) => match only(&form)? {
                ("base64", Value::String(text)) => decode(text).map(Self),
                (key, _) => Err(format!("`{key}`: expected a text or {{\"base64\": \"…\"}}")),
            },
            other => Err(format!("{other} is no content: expected a text or {{\"base64\": \"…\"}}")),
        }
    }
}

/// The one key of an object that has one, and its value.
pub(super) fn only(form: &serde_json::Map<String, Value>) -> Result<(&str, &Value), String> {
    let mut entries = form.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Ok((key, value)),
        _ => Err(format!("an object with {} keys: expected one, such as {{\"base64\": \"…\"}}", form.len())),
    }
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("`base64`: {error}"))
}
