//! The schemas inside a schema, and where its references lead.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// Keywords whose value is a schema.
pub(super) const ONE: &[&str] = &[
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is a list of schemas.
pub(super) const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords whose value has a schema for each name.
pub(super) const NAMED: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// Keywords of [`ONE`] whose schema is for the same value, and not for a part of it.
pub(super) const SAME_ONE: &[&str] = &["else", "if", "not", "then"];

/// Keywords of [`LIST`] whose schemas are for the same value.
pub(super) const SAME_LIST: &[&str] = &["allOf", "anyOf", "oneOf"];

/// Keywords that lead to another schema. Without `$id` below the top, a dynamic reference leads
/// where a static one would.
pub(super) const REFERENCES: &[&str] = &["$ref", "$dynamicRef"];

/// One object of a schema that is a schema itself.
pub(super) struct Part<'a> {
    pub(super) pointer: String,
    pub(super) map: &'a Map<String, Value>,
}

/// Every schema of a document.
pub(super) struct Fragments<'a> {
    root: &'a Value,
    parts: Vec<Part<'a>>,
    anchors: HashMap<&'a str, &'a Value>,
    /// Every schema, true and false included, by its place in memory.
    schemas: HashSet<*const Value>,
}

impl<'a> Fragments<'a> {
    /// Finds them.
    pub(super) fn of(root: &'a Value) -> Self {
        let mut fragments = Self {
            root,
            parts: Vec::new(),
            anchors: HashMap::new(),
            schemas: HashSet::new(),
        };
        fragments.add(String::new(), root);
        fragments
    }

    /// Each of them.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter()
    }

    /// Returns the schema that a reference leads to. One that leads to something else in the
    /// document leads nowhere.
    pub(super) fn target(&self, reference: &str) -> Option<&'a Value> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() || fragment.starts_with('/') {
            let decoded = percent_encoding::percent_decode_str(fragment);
            let target = self.root.pointer(&decoded.decode_utf8().ok()?)?;
            let is_schema = self.schemas.contains(&std::ptr::from_ref(target));
            return is_schema.then_some(target);
        }
        self.anchors.get(fragment).copied()
    }

    /// Schemas beside this one, for the same value.
    pub(super) fn beside(&self, map: &'a Map<String, Value>) -> Vec<&'a Value> {
        let mut schemas = Vec::new();
        for keyword in REFERENCES {
            let reference = map.get(*keyword).and_then(Value::as_str);
            schemas.extend(reference.and_then(|reference| self.target(reference)));
        }
        for keyword in SAME_LIST {
            let list = map.get(*keyword).and_then(Value::as_array);
            schemas.extend(list.into_iter().flatten());
        }
        schemas.extend(SAME_ONE.iter().filter_map(|keyword| map.get(*keyword)));
        let dependent = map.get("dependentSchemas").and_then(Value::as_object);
        schemas.extend(dependent.into_iter().flat_map(Map::values));
        schemas
    }

    /// Returns the pointer of a schema that comes back to itself for the same value: checking
    /// against it would have no end.
    pub(super) fn circle(&self) -> Option<&str> {
        let mut done = HashSet::new();
        let mut open = HashSet::new();
        let part = self
            .parts
            .iter()
            .find(|part| self.comes_back(part.map, &mut open, &mut done))?;
        Some(&part.pointer)
    }

    fn comes_back(
        &self,
        map: &'a Map<String, Value>,
        open: &mut HashSet<*const Map<String, Value>>,
        done: &mut HashSet<*const Map<String, Value>>,
    ) -> bool {
        let place = std::ptr::from_ref(map);
        if done.contains(&place) {
            return false;
        }
        if !open.insert(place) {
            return true;
        }
        let beside = self.beside(map);
        let comes_back = beside
            .iter()
            .filter_map(|schema| schema.as_object())
            .any(|map| self.comes_back(map, open, done));
        open.remove(&place);
        done.insert(place);
        comes_back
    }

    /// Returns the reference of a keyword that leads nowhere.
    pub(super) fn lost<'m>(&self, keyword: &str, map: &'m Map<String, Value>) -> Option<&'m str> {
        if !REFERENCES.contains(&keyword) {
            return None;
        }
        let reference = map.get(keyword)?.as_str()?;
        self.target(reference).is_none().then_some(reference)
    }

    fn add(&mut self, pointer: String, value: &'a Value) {
        self.schemas.insert(value);
        let Value::Object(map) = value else { return };
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = map.get(keyword).and_then(Value::as_str) {
                self.anchors.insert(anchor, value);
            }
        }
        for (keyword, value) in map {
            let below = format!("{pointer}/{}", escaped(keyword));
            match (keyword.as_str(), value) {
                (keyword, Value::Array(list)) if LIST.contains(&keyword) => {
                    for (index, value) in list.iter().enumerate() {
                        self.add(format!("{below}/{index}"), value);
                    }
                }
                (keyword, Value::Object(named)) if NAMED.contains(&keyword) => {
                    for (name, value) in named {
                        self.add(format!("{below}/{}", escaped(name)), value);
                    }
                }
                (keyword, value) if ONE.contains(&keyword) => self.add(below, value),
                _ => {}
            }
        }
        self.parts.push(Part { pointer, map });
    }
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
