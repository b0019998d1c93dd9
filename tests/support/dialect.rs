//! The schemas that every MCP client takes, as the clients' own reports have it: written down here
//! once more, and not taken from the host.

use serde_json::{Map, Value};

/// Keywords that mean the same in draft-07 and in draft 2020-12, and that vendors know.
const KNOWN: [&str; 19] = [
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
    "anyOf",
    "x-mcp-header",
];

/// Checks a tool as a client lists it.
#[track_caller]
pub(crate) fn check_tool(tool: &Value) {
    let name = &tool["name"];
    for key in ["inputSchema", "outputSchema"] {
        let Some(schema) = tool.get(key) else {
            assert_eq!(key, "outputSchema", "{name} has no input schema");
            continue;
        };
        assert_eq!(schema["type"], "object", "{name}: {key}: {schema}");
        assert!(schema["properties"].is_object(), "{name}: {key}: {schema}");
        node(schema, &format!("{name} {key}"), true);
    }
}

#[track_caller]
fn node(schema: &Value, place: &str, top: bool) {
    let Value::Object(map) = schema else {
        panic!("{place}: a schema is not an object: {schema}")
    };
    for keyword in map.keys() {
        assert!(
            KNOWN.contains(&keyword.as_str()),
            "{place}: `{keyword}`: {schema}"
        );
    }
    let kind = map.get("type").map(|kind| {
        let kind = kind.as_str();
        kind.unwrap_or_else(|| panic!("{place}: `type` is no text: {schema}"))
    });
    if let Some(values) = map.get("enum") {
        let texts = values
            .as_array()
            .expect("a list")
            .iter()
            .all(Value::is_string);
        assert!(texts && kind == Some("string"), "{place}: {schema}");
    }
    assert_eq!(
        kind == Some("array"),
        map.contains_key("items"),
        "{place}: {schema}"
    );
    for bound in ["minimum", "maximum"] {
        let bound = map
            .get(bound)
            .map_or(0.0, |bound| bound.as_f64().expect("a number"));
        assert!(bound.abs() <= 9_007_199_254_740_992.0, "{place}: {schema}");
    }
    assert!(
        map.get("format").is_none_or(|format| format == "date-time"),
        "{place}: {schema}"
    );
    inner(map, place, top);
}

#[track_caller]
fn inner(map: &Map<String, Value>, place: &str, top: bool) {
    if let Some(branches) = map.get("anyOf") {
        assert!(!top && !map.contains_key("type"), "{place}: a choice");
        for branch in branches.as_array().expect("a list") {
            node(branch, &format!("{place}/anyOf"), false);
        }
    }
    if let Some(items) = map.get("items") {
        node(items, &format!("{place}/items"), false);
    }
    let properties = map
        .get("properties")
        .map(|all| all.as_object().expect("an object"));
    for (name, schema) in properties.into_iter().flatten() {
        node(schema, &format!("{place}/{name}"), false);
    }
    for name in map
        .get("required")
        .map(|all| all.as_array().expect("a list"))
        .into_iter()
        .flatten()
    {
        let name = name.as_str().expect("a text");
        assert!(
            properties.is_some_and(|known| known.contains_key(name)),
            "{place}: {name}"
        );
    }
    match map.get("additionalProperties") {
        None | Some(Value::Bool(false)) => {}
        Some(others) => node(others, &format!("{place}/*"), false),
    }
}
