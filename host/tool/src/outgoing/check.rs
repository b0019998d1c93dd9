//! The dialect, keyword by keyword: what every client takes.

use serde_json::{Map, Value};

use super::keyword::{EXACT, is_portable};
use super::read::{FORMAT, HEADER};

/// The keywords of the dialect. Each means the same in draft-07 and in draft 2020-12.
const KEYWORDS: [&str; 18] = [
    HEADER,
    "type",
    "title",
    "description",
    "default",
    "enum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "additionalProperties",
];

const TYPES: [&str; 7] = [
    "null", "boolean", "integer", "number", "string", "array", "object",
];

/// A schema that some client does not take: one sentence that says where.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OutsideDialect(String);

/// Checks that a schema is in the dialect.
///
/// # Errors
///
/// One sentence that says where it is not.
pub(crate) fn check(schema: &Value) -> Result<(), OutsideDialect> {
    node(schema, "").map_err(OutsideDialect)
}

fn node(schema: &Value, place: &str) -> Result<(), String> {
    let at = |problem: &str| Err(format!("at `{place}/`: {problem}"));
    let Value::Object(map) = schema else {
        return at("a schema is an object");
    };
    if let Some(branches) = map.get("anyOf") {
        return if place.is_empty() {
            at("there is a choice at the top")
        } else {
            choice(map, branches, place)
        };
    }
    if let Some(keyword) = map.keys().find(|key| !KEYWORDS.contains(&key.as_str())) {
        return at(&format!("`{keyword}` is not in the dialect"));
    }
    let kind = match map.get("type") {
        None => "",
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => kind,
        Some(_) => return at("`type` is one of the seven names"),
    };
    // Without a type every value fits, and nothing more is said.
    let words = ["title", "description", "default", HEADER];
    if kind.is_empty() && map.keys().any(|key| !words.contains(&key.as_str())) {
        return at("what is said of a value needs its `type`");
    }
    if let Some(values) = map.get("enum") {
        let texts = |values: &Vec<Value>| !values.is_empty() && values.iter().all(Value::is_string);
        if kind != "string" || !values.as_array().is_some_and(texts) {
            return at("`enum` lists texts, beside `\"type\": \"string\"`");
        }
    }
    for keyword in ["minimum", "maximum"] {
        let exact = |bound: &Value| bound.as_f64().is_some_and(|bound| bound.abs() <= EXACT);
        if map.get(keyword).is_some_and(|bound| !exact(bound)) {
            return at(&format!("`{keyword}` is a number below 2^53"));
        }
    }
    let format = map.get("format");
    if format.is_some_and(|format| format != FORMAT) {
        return at("not every client knows this `format`");
    }
    let pattern = map.get("pattern").and_then(Value::as_str);
    if pattern.is_some_and(|pattern| !is_portable(pattern)) {
        return at("not every client reads this `pattern`");
    }
    match (kind == "array", map.get("items")) {
        (true, Some(items)) => node(items, &format!("{place}/items"))?,
        (false, None) => {}
        _ => return at("a list, and nothing else, has `items`"),
    }
    object(map, place)
}

fn choice(map: &Map<String, Value>, branches: &Value, place: &str) -> Result<(), String> {
    let beside = ["anyOf", "title", "description", "default", HEADER];
    if let Some(keyword) = map.keys().find(|key| !beside.contains(&key.as_str())) {
        return Err(format!("at `{place}/`: `{keyword}` stands beside a choice"));
    }
    let branches = branches.as_array().map(Vec::as_slice).unwrap_or_default();
    if branches.len() < 2 {
        return Err(format!("at `{place}/`: a choice has two branches or more"));
    }
    branches
        .iter()
        .enumerate()
        .try_for_each(|(index, branch)| node(branch, &format!("{place}/anyOf/{index}")))
}

fn object(map: &Map<String, Value>, place: &str) -> Result<(), String> {
    let properties = map.get("properties").and_then(Value::as_object);
    for (name, schema) in properties.into_iter().flatten() {
        node(schema, &format!("{place}/properties/{name}"))?;
    }
    let required = map.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten() {
        let known = name
            .as_str()
            .is_some_and(|name| properties.is_some_and(|known| known.contains_key(name)));
        if !known {
            return Err(format!(
                "at `{place}/`: {name} is required, and no property"
            ));
        }
    }
    match map.get("additionalProperties") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(others) => node(others, &format!("{place}/additionalProperties")),
    }
}
