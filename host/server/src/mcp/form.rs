//! The form of a message of JSON-RPC 2.0.

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::Value;

/// Returns true if JSON has the form of a message. Of another the library says no more than that it
/// is invalid.
pub(super) fn is_message(message: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message {
        jsonrpc: String,
        #[serde(default)]
        id: Part,
        method: Option<String>,
        #[serde(default)]
        result: Part,
        #[serde(default)]
        error: Part,
    }
    let Ok(message) = serde_json::from_slice::<Message>(message) else {
        return false;
    };
    let is_answer = message.result != Part::Absent || message.error != Part::Absent;
    let asks = message.method.is_some() && message.id != Part::Other;
    message.jsonrpc == "2.0" && (is_answer || asks)
}

/// A part of a message that may be left out.
#[derive(Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Absent,
    /// A text or a whole number, as ids are.
    Id,
    /// Anything else, also `null`.
    Other,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let is_id = value.is_string() || value.is_i64();
        Ok(if is_id { Self::Id } else { Self::Other })
    }
}

#[cfg(test)]
mod tests {
    use super::is_message;

    #[test]
    fn requests_notifications_and_answers_are_messages() {
        for rest in [
            r#""id":1,"method":"a""#,
            r#""id":"a","method":"a","params":{}"#,
            r#""method":"a""#,
            r#""id":1,"result":null"#,
            r#""id":null,"error":{"code":1,"message":"a"}"#,
        ] {
            let message = format!(r#"{{"jsonrpc":"2.0",{rest}}}"#);
            assert!(is_message(message.as_bytes()), "{message}");
        }
        for message in [
            "{}",
            "7",
            "[]",
            r#"{"id":1,"method":"a"}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":[1],"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
        ] {
            assert!(!is_message(message.as_bytes()), "{message}");
        }
    }
}
