//! The parts of a request that a policy reads.

use std::collections::BTreeSet;

use serde_json::Value;

/// The places of a request that policies name, as they write them: `resource.effect`,
/// `context.arguments.getTag("path")`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reads {
    places: BTreeSet<String>,
    context: bool,
    arguments: bool,
    /// Bytes of all patterns of `like`.
    patterns: usize,
}

impl Reads {
    /// Adds the places that one policy names, given in Cedar's JSON.
    pub(super) fn add(&mut self, policy: &Value) {
        for condition in policy
            .get("conditions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.walk(condition);
        }
    }

    /// True if the decision may depend on more than who calls which tool.
    pub(super) fn context(&self) -> bool {
        self.context
    }

    /// True if the decision may depend on the arguments of the call.
    pub(super) fn arguments(&self) -> bool {
        self.arguments
    }

    /// Bytes of the patterns that texts are held against.
    pub(super) fn patterns(&self) -> usize {
        self.patterns
    }

    /// The places, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(String::as_str)
    }

    fn walk(&mut self, node: &Value) {
        if let Some(place) = place(node) {
            self.note(place);
            return;
        }
        if let Some(pattern) = node.get("like").and_then(|like| like.get("pattern")) {
            self.patterns = self.patterns.saturating_add(length(pattern));
        }
        match node {
            Value::Object(fields) => fields.values().for_each(|node| self.walk(node)),
            Value::Array(items) => items.iter().for_each(|node| self.walk(node)),
            _ => {}
        }
    }

    fn note(&mut self, place: String) {
        if place.starts_with("context") {
            self.context = true;
            // A bare `context` may be compared as a whole.
            self.arguments |= place == "context" || place.starts_with("context.arguments");
        }
        if place.contains('.') {
            self.places.insert(place);
        }
    }
}

/// The length of a pattern: that of its texts, and one byte for each asterisk.
fn length(pattern: &Value) -> usize {
    let of = |part: &Value| match part.get("Literal").and_then(Value::as_str) {
        Some(text) => text.len(),
        None => 1,
    };
    pattern.as_array().into_iter().flatten().map(of).sum()
}

/// The place that a node names, if it is a variable or something of one.
fn place(node: &Value) -> Option<String> {
    if let Some(variable) = node.get("Var").and_then(Value::as_str) {
        return Some(variable.to_owned());
    }
    for (operator, written) in [(".", ""), ("has", "")] {
        if let Some(access) = node.get(operator) {
            let left = place(access.get("left")?)?;
            let attribute = access.get("attr").and_then(Value::as_str)?;
            return Some(format!("{left}.{attribute}{written}"));
        }
    }
    for operator in ["getTag", "hasTag"] {
        if let Some(access) = node.get(operator) {
            let left = place(access.get("left")?)?;
            let tag = access
                .get("right")
                .and_then(|right| right.get("Value"))
                .and_then(Value::as_str);
            return Some(match tag {
                Some(tag) => format!("{left}.getTag({})", Value::from(tag)),
                None => left,
            });
        }
    }
    None
}
