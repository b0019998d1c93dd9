//! Mistakes that models make when they write the input of a tool, put right where the input can
//! mean only one thing. The schema decides about the input after that, as ever.

use cofferdam_capability::json;
use serde_json::{Map, Number, Value};

use crate::tool::Tool;

/// The longest text that is looked into for JSON, in bytes (1 MiB): as much as a model may write
/// for one turn.
const MAX_TEXT: usize = 1 << 20;

/// An input that was put right.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The input.
    pub input: Value,
    /// The mistakes that were in it, in words.
    pub repairs: Vec<String>,
}

/// The types that a schema allows.
#[derive(Debug, Clone, Copy)]
struct Types<'a>(&'a Value);

/// Puts usual mistakes in an input right, by the schema of its tool. Returns none if there are
/// none.
pub fn repaired(tool: &Tool, input: &Value) -> Option<Repaired> {
    by_schema(tool.schema(), tool.is_command(), input)
}

fn by_schema(schema: &Value, is_command: bool, input: &Value) -> Option<Repaired> {
    let mut repairs = Vec::new();
    let mut input = match input {
        Value::Null => {
            repairs.push("there was no input: read as {}".to_owned());
            Map::new()
        }
        Value::String(text) => {
            repairs.push("the input was a text that holds JSON: read as that".to_owned());
            as_object(text)?
        }
        Value::Object(input) => input.clone(),
        _ => return None,
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, value) in &mut input {
        let Some(property) = properties.and_then(|properties| properties.get(key)) else {
            continue;
        };
        let types = Types(property);
        if types.allow(value) {
            continue;
        }
        let is_arguments = is_command && key == "args";
        if let Some(mended) = mended(types, value, is_arguments) {
            repairs.push(format!(
                "`{key}` was {}: read as {}",
                kind(value),
                kind(&mended)
            ));
            *value = mended;
        }
    }
    (!repairs.is_empty()).then_some(Repaired {
        input: Value::Object(input),
        repairs,
    })
}

/// The value that was meant, if there can be only one.
fn mended(types: Types<'_>, value: &Value, is_arguments: bool) -> Option<Value> {
    if let Value::String(text) = value {
        if let Some(read) = parsed(text).filter(|read| !read.is_string() && types.allow(read)) {
            return Some(read);
        }
        let number = text.trim().parse::<Number>().ok().map(Value::Number);
        if let Some(number) = number.filter(|number| types.allow(number)) {
            return Some(number);
        }
    }
    if types.has("array") {
        let item = types.0.get("items").map(Types);
        if item.is_none_or(|item| item.allow(value)) && !value.is_null() {
            return Some(list(value, is_arguments));
        }
    }
    match value {
        Value::Number(_) | Value::Bool(_) if types.has("string") => {
            Some(Value::String(value.to_string()))
        }
        _ => None,
    }
}

/// A list of one; of the arguments of a command, the words of a line.
fn list(value: &Value, is_arguments: bool) -> Value {
    let words = value
        .as_str()
        .filter(|_| is_arguments)
        .and_then(shlex::split);
    match words {
        Some(words) => words.into_iter().map(Value::String).collect(),
        None => Value::Array(vec![value.clone()]),
    }
}

/// The JSON that a text holds, if it is within the bounds of every input.
fn parsed(text: &str) -> Option<Value> {
    if text.len() > MAX_TEXT || json::weight(text.as_bytes()).is_err() {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn as_object(text: &str) -> Option<Map<String, Value>> {
    if text.trim().is_empty() {
        return Some(Map::new());
    }
    match parsed(text)? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl Types<'_> {
    fn has(self, name: &str) -> bool {
        match self.0.get("type") {
            Some(Value::String(only)) => only == name,
            Some(Value::Array(several)) => several.iter().any(|one| one == name),
            _ => false,
        }
    }

    /// Returns true for a value that the schema may take. One without a type may take anything.
    fn allow(self, value: &Value) -> bool {
        if self.0.get("type").is_none() {
            return true;
        }
        match value {
            Value::Null => self.has("null"),
            Value::Bool(_) => self.has("boolean"),
            Value::Number(number) => self.has("number") || self.has("integer") && !number.is_f64(),
            Value::String(_) => self.has("string"),
            Value::Array(_) => self.has("array"),
            Value::Object(_) => self.has("object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn mends(schema: &Value, input: &Value, expected: &Value) {
        let found = by_schema(schema, true, input).expect("a repair");
        assert_eq!(&found.input, expected);
        assert!(!found.repairs.is_empty());
    }

    #[test]
    fn usual_mistakes_are_put_right() {
        let schema = json!({ "type": "object", "properties": {
            "args": { "type": "array", "items": { "type": "string" } },
            "lines": { "type": "array", "items": { "type": "string" } },
            "sizes": { "type": "array", "items": { "type": "integer" } },
            "options": { "type": "object" },
            "count": { "type": "integer" },
            "ratio": { "type": "number" },
            "deep": { "type": "boolean" },
            "name": { "type": "string" },
        }});
        for (input, expected) in [
            (
                json!({ "args": "[\"-l\", \"a b\"]" }),
                json!({ "args": ["-l", "a b"] }),
            ),
            (
                json!({ "args": "-l 'a b'" }),
                json!({ "args": ["-l", "a b"] }),
            ),
            (
                json!({ "lines": "one line" }),
                json!({ "lines": ["one line"] }),
            ),
            (json!({ "sizes": 3 }), json!({ "sizes": [3] })),
            (
                json!({ "options": "{\"a\": 1}" }),
                json!({ "options": { "a": 1 } }),
            ),
            (json!({ "count": "12" }), json!({ "count": 12 })),
            (json!({ "ratio": " 0.5 " }), json!({ "ratio": 0.5 })),
            (json!({ "deep": "true" }), json!({ "deep": true })),
            (json!({ "name": 7 }), json!({ "name": "7" })),
            (json!("{\"count\": 1}"), json!({ "count": 1 })),
            (json!("{\"count\": \"1\"}"), json!({ "count": 1 })),
            (Value::Null, json!({})),
        ] {
            mends(&schema, &input, &expected);
        }
    }

    #[test]
    fn what_is_right_or_could_mean_several_things_stays() {
        let schema = json!({ "type": "object", "properties": {
            "either": { "type": ["string", "array"] },
            "count": { "type": "integer" },
            "any": {},
            "name": { "type": "string" },
        }});
        for input in [
            json!({ "either": "[1]", "any": "[1]", "name": "12", "count": 1 }),
            json!({ "count": "twelve" }),
            json!({ "count": "1.5" }),
            json!({ "name": ["a"] }),
            json!({ "unknown": "[1]" }),
            json!("no JSON"),
            json!([1]),
        ] {
            assert_eq!(by_schema(&schema, false, &input), None, "{input}");
        }
        // A text that nests deeper than any input may is no JSON.
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(by_schema(&schema, false, &json!(deep)), None);
    }
}
