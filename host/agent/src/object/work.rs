//! The work of checking a value against a schema, counted before it is done.
//!
//! The library that checks cannot be stopped, and a small schema can make it look at one value very
//! often: every level of `anyOf` over references doubles it. So the looks are counted first. Each
//! pair of a schema and a value is counted once and remembered, which takes no more steps than
//! there are pairs, however often the library would come by.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::fragment::Fragments;

/// Pairs of a schema and a value that are counted. An answer of a megabyte against a schema of
/// usual size has some ten thousand.
const MAX_PAIRS: usize = 200_000;

/// Looks at one value that the library may take: about a second.
pub(super) const MAX_LOOKS: u64 = 2_000_000;

/// Levels of schemas and values below each other. The library takes a piece of its stack for each.
const MAX_LEVELS: usize = 512;

/// Bytes of text that count as a look.
const TEXT_LOOK: usize = 64;

/// Times that `unevaluated…` looks at what stands beside it.
const UNEVALUATED: u64 = 3;

/// It would be too much.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// Counts the looks.
pub(super) struct Work<'a> {
    fragments: Fragments<'a>,
    counted: HashMap<Pair, u64>,
    /// Pairs that are being counted.
    open: HashSet<Pair>,
}

/// A schema and a value, by their places in memory.
type Pair = (*const Value, *const Value);

impl<'a> Work<'a> {
    pub(super) fn of(schema: &'a Value) -> Self {
        Self {
            fragments: Fragments::of(schema),
            counted: HashMap::new(),
            open: HashSet::new(),
        }
    }

    /// Counts the looks at `value` for `schema`.
    pub(super) fn count(&mut self, schema: &'a Value, value: &'a Value) -> Result<u64, TooMuch> {
        let pair = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        if let Some(looks) = self.counted.get(&pair) {
            return Ok(*looks);
        }
        if self.open.len() > MAX_LEVELS || self.counted.len() > MAX_PAIRS {
            return Err(TooMuch);
        }
        let Value::Object(map) = schema else {
            return Ok(1);
        };
        // No schema comes back to itself for the same value: `Form` refuses those.
        if !self.open.insert(pair) {
            return Err(TooMuch);
        }
        let beside = self.beside(map, value)?;
        let unevaluated = ["unevaluatedProperties", "unevaluatedItems"]
            .iter()
            .any(|keyword| map.contains_key(*keyword));
        let beside = if unevaluated {
            beside.saturating_mul(UNEVALUATED)
        } else {
            beside
        };
        let looks = own(map, value)
            .saturating_add(beside)
            .saturating_add(self.below(map, value)?);
        self.open.remove(&pair);
        self.counted.insert(pair, looks);
        if looks > MAX_LOOKS {
            return Err(TooMuch);
        }
        Ok(looks)
    }

    /// Schemas that the same value is looked at for.
    fn beside(&mut self, map: &'a Map<String, Value>, value: &'a Value) -> Result<u64, TooMuch> {
        let schemas = self.fragments.beside(map);
        self.sum(schemas, value)
    }

    /// Schemas that the parts of the value are looked at for.
    fn below(&mut self, map: &'a Map<String, Value>, value: &'a Value) -> Result<u64, TooMuch> {
        let mut looks = 0_u64;
        let mut add = |more: u64| looks = looks.saturating_add(more);
        match value {
            Value::Array(items) => {
                let first = map.get("prefixItems").and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let own = first.and_then(|first| first.get(index));
                    let rest = map.get("items").filter(|_| own.is_none());
                    let every = ["contains", "unevaluatedItems"];
                    let every = every.iter().filter_map(|keyword| map.get(*keyword));
                    let schemas = own.into_iter().chain(rest).chain(every).collect();
                    add(self.sum(schemas, item)?);
                }
            }
            Value::Object(members) => {
                let properties = map.get("properties").and_then(Value::as_object);
                let patterns = map.get("patternProperties").and_then(Value::as_object);
                for (name, member) in members {
                    let own = properties.and_then(|properties| properties.get(name));
                    let rest = map.get("additionalProperties").filter(|_| own.is_none());
                    // Counted for every pattern, be it the name's or not.
                    let patterns = patterns.into_iter().flat_map(Map::values);
                    let unevaluated = map.get("unevaluatedProperties");
                    let schemas = own.into_iter().chain(rest).chain(patterns);
                    add(self.sum(schemas.chain(unevaluated).collect(), member)?);
                    if let Some(names) = map.get("propertyNames") {
                        // A name is no value of the answer; it counts as the smallest one.
                        add(self.sum(vec![names], &Value::Null)?);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        Ok(looks)
    }

    fn sum(&mut self, schemas: Vec<&'a Value>, value: &'a Value) -> Result<u64, TooMuch> {
        let mut looks = 0_u64;
        for schema in schemas {
            looks = looks.saturating_add(self.count(schema, value)?);
        }
        Ok(looks)
    }
}

/// Looks of the keywords that have no schema in them.
fn own(map: &Map<String, Value>, value: &Value) -> u64 {
    let text = value.as_str().map_or(0, |text| text.len() / TEXT_LOOK);
    let parts = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => {
            let patterns = map.get("patternProperties").and_then(Value::as_object);
            members.len() * (1 + patterns.map_or(0, Map::len))
        }
        _ => 0,
    };
    // Each of them is compared with the value, which may be as large as they are.
    let choices = map
        .get("enum")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let keywords = map.len() + text + parts + choices;
    u64::try_from(keywords).unwrap_or(u64::MAX)
}
