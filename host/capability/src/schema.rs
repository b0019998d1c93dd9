//! JSON Schemas (draft 2020-12) of what people write, for their editors.
//!
//! They are derived from the types that read it, so that a key is in both or in neither. Only the
//! feature `schema` builds this: macros and guests need none of it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::quantity::{Bytes, Count, Time};

/// The names of tools, as a pattern of ECMA-262.
pub(crate) const TOOL_NAME: &str = "^[A-Za-z0-9][A-Za-z0-9_-]*$";

/// Returns the schema of the text that is read as a `T`. `x-ceiling` beside `default` is the most
/// that a limit can be.
///
/// It is whole in itself, because some editors ignore what stands beside a `$ref`.
pub fn of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    plain(&mut schema);
    schema
}

/// Takes out of a schema, and of those in it, what says more about the program than about the text:
/// formats of Rust, defaults of whole tables, line breaks, and `null`, which stands for a key that
/// is left out and which TOML does not have.
fn plain(schema: &mut Value) {
    let Value::Object(keywords) = schema else {
        return;
    };
    keywords.remove("format");
    if keywords.get("default").is_some_and(is_table) {
        keywords.remove("default");
    }
    if let Some(Value::String(text)) = keywords.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    without_null(keywords);
    for (keyword, value) in keywords.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.values_mut().for_each(plain);
            }
            ("anyOf" | "oneOf", Value::Array(schemas)) => schemas.iter_mut().for_each(plain),
            ("items" | "additionalProperties", schema) => plain(schema),
            _ => {}
        }
    }
}

fn is_table(value: &Value) -> bool {
    match value {
        Value::Null | Value::Object(_) => true,
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn without_null(keywords: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = keywords.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            keywords.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(choices)) = keywords.get_mut("anyOf") else {
        return;
    };
    choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
    if let [Value::Object(only)] = choices.as_slice() {
        let only = only.clone();
        keywords.remove("anyOf");
        for (keyword, value) in only {
            // The words of the key go before those of its type.
            keywords.entry(keyword).or_insert(value);
        }
    }
}

/// A schema without a name of its own.
macro_rules! quantity {
    ($quantity:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $quantity {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}
quantity!(Count, "Count", {
    "type": ["integer", "string"],
    "minimum": 0,
    "pattern": "^[0-9][0-9_]*$",
});
quantity!(Bytes, "Bytes", {
    "type": "string",
    "pattern": "^[0-9]+([.][0-9]+)? *([KkMmGgTtPp][Ii]?[Bb]?|[Bb])$",
});
quantity!(Time, "Time", {
    "type": "string",
    "pattern": "^([0-9]+ *[a-z]+ *)+$",
});
