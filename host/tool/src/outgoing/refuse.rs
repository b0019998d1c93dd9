//! Inputs that no client could tell a model about, with what to write instead: for authors, when
//! they build a tool.

use serde_json::{Map, Value};

use super::check::check;
use super::derive::input;
use super::meaning::{Form, Meaning, Side};
use super::read::Reader;

/// Keywords that draft-07 does not know or that vendors refuse, and what says the same to a model.
const REFUSED: [(&str, &str); 7] = [
    ("not", INSTEAD),
    ("if", INSTEAD),
    ("dependentRequired", INSTEAD),
    ("dependentSchemas", INSTEAD),
    ("contains", INSTEAD),
    ("propertyNames", INSTEAD),
    ("unevaluatedProperties", "write `additionalProperties`"),
];

const INSTEAD: &str = "say it in the description, and check it in the tool";

/// Keywords that hold one schema each, lists of schemas, and schemas by name.
const SINGLE: [&str; 3] = ["items", "additionalProperties", "not"];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: [&str; 4] = ["properties", "patternProperties", "$defs", "definitions"];

/// Returns the reason why no client could be told of this input schema, with the place where its
/// author wrote it, and what to write instead.
pub(crate) fn refuse_input(full: &Value) -> Option<String> {
    if let Some(problem) = keyword(full, "") {
        return Some(problem);
    }
    let of = match full.get("title").and_then(Value::as_str) {
        Some(title) => format!("the type `{title}`"),
        None => "it".to_owned(),
    };
    let mut reader = Reader::new(full, Side::Input);
    let meaning = reader.read();
    if let Some(circle) = reader.circle {
        return Some(format!(
            "`{circle}` leads to itself, and clients take no references: write {of} without a \
             type that holds itself, as a list of items that name their parent, or take that part \
             as a text that holds JSON"
        ));
    }
    // What is handed on is in the dialect, whatever was written.
    shape(full, &of, &meaning).or_else(|| check(&input(full)).err().map(|error| error.to_string()))
}

/// The top of an input is one object.
fn shape(full: &Value, of: &str, meaning: &Meaning) -> Option<String> {
    if meaning.is_any() {
        return None;
    }
    let objects = meaning.objects().count();
    let null = |form: &Form| *form == Form::Null;
    let others = meaning
        .cases
        .iter()
        .filter(|case| !matches!(case.form, Form::Object(_)) && !null(&case.form))
        .count();
    match (objects, others) {
        (1, 0) => None,
        (0, _) => Some(format!(
            "at the top: {of} is no object, and arguments of a call are one: write a struct with \
             named fields"
        )),
        _ => {
            let keyword = ["oneOf", "anyOf"]
                .into_iter()
                .find(|keyword| full.get(keyword).is_some());
            let choice = keyword.map_or_else(String::new, |keyword| format!(" (`{keyword}`)"));
            Some(format!(
                "at the top: {of} is a choice{choice}, which clients do not take for arguments: \
                 write one struct instead of the enum, with a field that says which case it is \
                 (an enum without values) and the values of the cases as fields that are \
                 `Option`s, or make one tool of each case"
            ))
        }
    }
}

/// The first keyword that is refused, with its place.
fn keyword(schema: &Value, place: &str) -> Option<String> {
    let map = schema.as_object()?;
    for (keyword, instead) in REFUSED {
        if map.contains_key(keyword) {
            let at = if place.is_empty() { "the top" } else { place };
            return Some(format!(
                "at {at}: clients do not take `{keyword}`: {instead}"
            ));
        }
    }
    inner(map, place)
}

fn inner(map: &Map<String, Value>, place: &str) -> Option<String> {
    let single = SINGLE
        .into_iter()
        .find_map(|name| keyword(map.get(name)?, &format!("{place}/{name}")));
    let lists = || {
        LISTS.into_iter().find_map(|name| {
            let schemas = map.get(name)?.as_array()?.iter().enumerate();
            schemas
                .into_iter()
                .find_map(|(index, schema)| keyword(schema, &format!("{place}/{name}/{index}")))
        })
    };
    let named = || {
        NAMED.into_iter().find_map(|name| {
            let schemas = map.get(name)?.as_object()?;
            schemas
                .iter()
                .find_map(|(key, schema)| keyword(schema, &format!("{place}/{name}/{key}")))
        })
    };
    single.or_else(lists).or_else(named)
}
