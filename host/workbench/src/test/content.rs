//! Bytes in a case: a text, or base64 where it is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::malformed::Malformed;

/// The bytes of a file, of standard input or of a server's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Content(pub(crate) Vec<u8>);

impl TryFrom<Value> for Content {
    type Error = Malformed;

    fn try_from(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::String(text) => Ok(Self(text.into_bytes())),
            Value::Object(form) => match only(&form)? {
                ("base64", Value::String(text)) => decode(text).map(Self),
                (key, _) => Err(Malformed(format!(
                    "`{key}`: expected a text or {{\"base64\": \"…\"}}"
                ))),
            },
            other => Err(Malformed(format!(
                "{other} is no content: expected a text or {{\"base64\": \"…\"}}"
            ))),
        }
    }
}

/// The one key of an object that has one, and its value.
pub(crate) fn only(form: &serde_json::Map<String, Value>) -> Result<(&str, &Value), Malformed> {
    let mut entries = form.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Ok((key, value)),
        _ => Err(Malformed(format!(
            "an object with {} keys: expected one, such as {{\"base64\": \"…\"}}",
            form.len()
        ))),
    }
}

/// The bytes that a text in base64 stands for.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    STANDARD
        .decode(text)
        .map_err(|error| Malformed(format!("`base64`: {error}")))
}
