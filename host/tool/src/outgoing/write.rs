//! From the meaning of a schema to the few keywords that mean the same everywhere.

use serde_json::{Map, Value, json};

use super::meaning::{Case, Form, List, Meaning, Object, Others, Range, Side, Text, Words};
use super::read::HEADER;

/// Writes a whole schema. An object has its members written also where there are none, because
/// vendors want to see them.
pub(super) fn top(meaning: &Meaning, side: Side) -> Value {
    let mut schema = schema(meaning, side);
    if let Value::Object(map) = &mut schema
        && map.get("type").is_some_and(|kind| kind == "object")
        && !map.contains_key("properties")
    {
        map.insert("properties".to_owned(), json!({}));
    }
    schema
}

fn schema(meaning: &Meaning, side: Side) -> Value {
    let Meaning { words, cases } = meaning;
    match cases.as_slice() {
        [one] => {
            let mut all = words.clone();
            all.fill_from(&one.words);
            written(&all, form(&one.form, side))
        }
        // Nothing fits, which no keyword says.
        [] => written(words, Map::new()),
        several => {
            let branch = |case: &Case| written(&case.words, form(&case.form, side));
            let branches: Vec<Value> = several.iter().map(branch).collect();
            written(
                words,
                Map::from_iter([("anyOf".to_owned(), Value::from(branches))]),
            )
        }
    }
}

/// A schema with its words at the beginning.
fn written(words: &Words, keywords: Map<String, Value>) -> Value {
    let mut schema = Map::new();
    let mut put = |keyword: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(keyword.to_owned(), value);
        }
    };
    put("title", words.title.clone().map(Value::from));
    put("description", words.text().map(Value::from));
    put("default", words.default.clone());
    put(HEADER, words.header.clone().map(Value::from));
    schema.extend(keywords);
    Value::Object(schema)
}

fn form(form: &Form, side: Side) -> Map<String, Value> {
    let mut keywords = Map::new();
    let mut put = |keyword: &str, value: Value| {
        keywords.insert(keyword.to_owned(), value);
    };
    match form {
        Form::Any => {}
        Form::Null => put("type", "null".into()),
        Form::Boolean => put("type", "boolean".into()),
        Form::Integer(range) => {
            put("type", "integer".into());
            bounds(range, put);
        }
        Form::Number(range) => {
            put("type", "number".into());
            bounds(range, put);
        }
        Form::Text(text) => self::text(text, put),
        Form::List(list) => self::list(list, side, put),
        Form::Object(object) => self::object(object, side, put),
    }
    keywords
}

fn bounds(range: &Range, mut put: impl FnMut(&str, Value)) {
    let Range { least, most } = range;
    for (keyword, bound) in [("minimum", least), ("maximum", most)] {
        if let Some(bound) = bound {
            put(keyword, Value::Number(bound.clone()));
        }
    }
}

fn text(text: &Text, mut put: impl FnMut(&str, Value)) {
    let Text {
        values,
        least,
        most,
        pattern,
        format,
    } = text;
    put("type", "string".into());
    let optional = [
        ("enum", values.clone().map(Value::from)),
        ("minLength", least.map(Value::from)),
        ("maxLength", most.map(Value::from)),
        ("pattern", pattern.clone().map(Value::from)),
        ("format", format.clone().map(Value::from)),
    ];
    for (keyword, value) in optional {
        if let Some(value) = value {
            put(keyword, value);
        }
    }
}

fn list(list: &List, side: Side, mut put: impl FnMut(&str, Value)) {
    let List { items, least, most } = list;
    put("type", "array".into());
    // An empty list has no items, and its schema has to have some.
    let items = if items.is_never() {
        json!({ "type": "string" })
    } else {
        schema(items, side)
    };
    put("items", items);
    for (keyword, count) in [("minItems", least), ("maxItems", most)] {
        if let Some(count) = count {
            put(keyword, (*count).into());
        }
    }
}

fn object(object: &Object, side: Side, mut put: impl FnMut(&str, Value)) {
    let Object {
        members,
        required,
        others,
    } = object;
    put("type", "object".into());
    let member = |(name, meaning): &(String, Meaning)| {
        let may_be_left_out = side == Side::Input && !object.requires(name);
        let schema = if may_be_left_out {
            schema(&meaning.clone().without_null(), side)
        } else {
            schema(meaning, side)
        };
        (name.clone(), schema)
    };
    let properties: Map<String, Value> = members.iter().map(member).collect();
    let required: Vec<&String> = required
        .iter()
        .filter(|name| properties.contains_key(*name))
        .collect();
    let required = Value::from_iter(required.iter().map(|name| name.as_str()));
    if !properties.is_empty() || *others == Others::Closed {
        put("properties", Value::Object(properties));
    }
    if required.as_array().is_some_and(|list| !list.is_empty()) {
        put("required", required);
    }
    match others {
        Others::Free => {}
        Others::Closed => put("additionalProperties", Value::Bool(false)),
        Others::Of(meaning) => put("additionalProperties", schema(meaning, side)),
    }
}
