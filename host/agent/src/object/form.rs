//! Schemas of clients, read and bounded.

use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::Value;

use super::error::ObjectError;
use super::fragment::{Fragments, REFERENCES};
use super::thread::off_the_serving_threads;
use super::words::{place, short};

/// The longest schema, in bytes (64 KiB). Those of whole programming interfaces have fewer, and a
/// model reads it with every attempt.
const MAX_SCHEMA: usize = 64 << 10;

/// Levels of objects and lists in a schema. Those that people and programs write have about ten.
const MAX_DEPTH: usize = 64;

/// Schemas inside a schema. Compiling goes from one to the next on its stack, along references too.
const MAX_PARTS: usize = 2_000;

/// References in a schema. Each is followed as far as it leads.
const MAX_REFERENCES: usize = 250;

/// Patterns in a schema: compiling one takes up to some milliseconds.
const MAX_PATTERNS: usize = 64;

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1 << 10;

/// The largest compiled pattern, in bytes: a hundred letters of any script.
const MAX_COMPILED: usize = 1 << 20;

/// Bytes of the states that one pattern makes while it reads. It makes them anew where they do not
/// fit.
const STATES: usize = 1 << 20;

/// The longest name, in bytes: what providers take as the name of a tool.
const MAX_NAME: usize = 64;

/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 4 << 10;

/// The one dialect. Others have keywords of the same names that mean something else.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The place of every document that a schema refers to: this host fetches none.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("{uri} is another document, and this host fetches none").into())
    }
}

/// A schema that answers are checked against.
#[derive(Debug)]
pub(super) struct Form {
    schema: Arc<Value>,
    validator: Validator,
}

impl Form {
    /// Reads and compiles a schema.
    pub(super) async fn read(written: Vec<u8>) -> Result<Self, ObjectError> {
        off_the_serving_threads(move || Self::new(&written)).await?
    }

    /// The same on this thread, which needs a deep stack.
    pub(super) fn new(written: &[u8]) -> Result<Self, ObjectError> {
        if written.iter().all(u8::is_ascii_whitespace) {
            return Err(ObjectError::NoSchema);
        }
        if written.len() > MAX_SCHEMA {
            return Err(ObjectError::Schema(format!(
                "the schema has {} bytes: expected at most {MAX_SCHEMA}",
                written.len()
            )));
        }
        let schema: Value = serde_json::from_slice(written)
            .map_err(|error| ObjectError::NotJson(error.to_string()))?;
        check(&schema)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(MAX_COMPILED)
                    .dfa_size_limit(STATES),
            )
            .with_retriever(Nowhere)
            .build(&schema)
            .map_err(|error| {
                let place = place(error.instance_path().as_str());
                ObjectError::Schema(format!(
                    "the schema is not one of draft 2020-12, {place}: {}",
                    short(&error.to_string())
                ))
            })?;
        Ok(Self {
            schema: Arc::new(schema),
            validator,
        })
    }

    pub(super) fn schema(&self) -> Arc<Value> {
        Arc::clone(&self.schema)
    }

    pub(super) fn validator(&self) -> &Validator {
        &self.validator
    }
}

/// Checks the name of a form.
pub(super) fn name(name: String) -> Result<String, ObjectError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.len() <= MAX_NAME && name.bytes().all(fits) {
        return Ok(name);
    }
    Err(ObjectError::Schema(format!(
        "schema_name: expected 1 to {MAX_NAME} letters, digits, `-` and `_`, or none"
    )))
}

/// Checks the description of a form.
pub(super) fn description(description: String) -> Result<String, ObjectError> {
    if description.len() <= MAX_DESCRIPTION {
        return Ok(description);
    }
    Err(ObjectError::Schema(format!(
        "schema_desc has {} bytes: expected at most {MAX_DESCRIPTION}",
        description.len()
    )))
}

/// Refuses what the library would not refuse, or has no bound for.
fn check(schema: &Value) -> Result<(), ObjectError> {
    if depth_exceeds(schema, MAX_DEPTH) {
        return Err(ObjectError::Schema(format!(
            "the schema is deeper than {MAX_DEPTH} levels of objects and lists"
        )));
    }
    let Some(map) = schema.as_object() else {
        return Err(ObjectError::NoType);
    };
    if !map
        .get("type")
        .is_some_and(|kind| kind.is_string() || kind.is_array())
    {
        return Err(ObjectError::NoType);
    }
    if let Some(dialect) = map.get("$schema")
        && dialect
            .as_str()
            .map(|dialect| dialect.trim_end_matches('#'))
            != Some(DIALECT)
    {
        return Err(ObjectError::Schema(format!(
            "the schema's `$schema` is not of this dialect: expected \"{DIALECT}\""
        )));
    }
    let fragments = Fragments::of(schema);
    let mut parts = 0;
    let mut references = 0;
    let mut patterns = 0;
    for part in fragments.parts() {
        let refused = |problem: String| {
            Err(ObjectError::Schema(format!(
                "the schema, {}: {problem}",
                place(&part.pointer)
            )))
        };
        if !part.pointer.is_empty() && part.map.contains_key("$id") {
            return refused("`$id` is not taken below the top: leave it out".to_owned());
        }
        parts += 1;
        references += REFERENCES
            .iter()
            .filter(|keyword| part.map.contains_key(**keyword))
            .count();
        if let Some(reference) = part
            .map
            .keys()
            .find_map(|key| fragments.lost(key, part.map))
        {
            return refused(format!(
                "`{}` leads nowhere: expected a place of this schema, as in `#/$defs/name`",
                short(reference)
            ));
        }
        let named = part.map.get("patternProperties").and_then(Value::as_object);
        let named = named.into_iter().flat_map(serde_json::Map::keys);
        let pattern = part.map.get("pattern").and_then(Value::as_str);
        for pattern in named.map(String::as_str).chain(pattern) {
            patterns += 1;
            if pattern.len() > MAX_PATTERN {
                return refused(format!(
                    "a pattern has {} bytes: expected at most {MAX_PATTERN}",
                    pattern.len()
                ));
            }
        }
    }
    let counts = [
        ("schemas in it", parts, MAX_PARTS),
        ("references", references, MAX_REFERENCES),
        ("patterns", patterns, MAX_PATTERNS),
    ];
    if let Some((noun, count, most)) = counts.iter().find(|(_, count, most)| count > most) {
        return Err(ObjectError::Schema(format!(
            "the schema has {count} {noun}: expected at most {most}"
        )));
    }
    if let Some(pointer) = fragments.circle() {
        return Err(ObjectError::Schema(format!(
            "the schema, {}: it refers to itself for the same value, which has no end: refer to \
             it below a property or an item",
            place(pointer)
        )));
    }
    Ok(())
}

fn depth_exceeds(value: &Value, most: usize) -> bool {
    let deeper = |value: &Value| most == 0 || depth_exceeds(value, most - 1);
    match value {
        Value::Array(items) => items.iter().any(deeper),
        Value::Object(map) => map.values().any(deeper),
        _ => false,
    }
}
