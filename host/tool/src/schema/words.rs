//! Texts of a schema that a reviewer would not see as a model reads them.

use cofferdam_capability::ForeignText;
use serde_json::Value;

use super::error::SchemaError;
use super::sentence::{at, escaped};

/// Refuses keys and texts that hold a character which hides, or acts on a terminal. Texts may have
/// several lines.
pub(crate) fn check(schema: &Value) -> Result<(), SchemaError> {
    let mut pointer = String::new();
    match hidden(schema, &mut pointer) {
        None => Ok(()),
        Some(c) => {
            let place = ForeignText::line(&pointer).to_string();
            Err(SchemaError::new(format!(
                "{}: U+{:04X} is not seen as it is: expected text without it",
                at(&place),
                u32::from(c)
            )))
        }
    }
}

/// Returns the first such character. `pointer` is then its place.
fn hidden(value: &Value, pointer: &mut String) -> Option<char> {
    let length = pointer.len();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) => ForeignText::block(text).hidden(),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            pointer.truncate(length);
            pointer.push_str(&format!("/{index}"));
            hidden(item, pointer)
        }),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            pointer.truncate(length);
            pointer.push('/');
            pointer.push_str(&escaped(key));
            ForeignText::line(key)
                .hidden()
                .or_else(|| hidden(value, pointer))
        }),
    }
}
