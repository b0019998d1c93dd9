//! From a schema as its author wrote it to its meaning.
//!
//! Nothing here refuses: what is not understood says nothing, so that a value that fits the schema
//! fits its meaning.

use serde_json::{Map, Value};

use super::budget::{Budget, MAX_DEPTH};
use super::join::join;
use super::keyword::{count, entries, is_portable, kind_of, list, range, values};
use super::meaning::{Case, Form, List, Meaning, Object, Others, Side, Text, Words};
use super::unite::united;

/// The annotation of an argument that clients of HTTP repeat in a header.
pub(super) const HEADER: &str = "x-mcp-header";

/// The one format that vendors of models all know.
pub(super) const FORMAT: &str = "date-time";

/// The longest format that is told, in bytes.
const MAX_FORMAT: usize = 32;

/// Keywords that say something of values of one type, by the type.
const TELLING: [(&str, &[&str]); 4] = [
    (
        "object",
        &[
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
        ],
    ),
    ("array", &["items", "prefixItems", "minItems", "maxItems"]),
    ("string", &["pattern", "minLength", "maxLength"]),
    ("number", &["minimum", "maximum", "multipleOf"]),
];

/// Reads one schema.
pub(super) struct Reader<'a> {
    root: &'a Value,
    side: Side,
    budget: Budget,
    /// References that are being followed.
    following: Vec<&'a str>,
    /// The first reference that leads to itself.
    pub(super) circle: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(root: &'a Value, side: Side) -> Self {
        Self {
            root,
            side,
            budget: Budget::new(),
            following: Vec::new(),
            circle: None,
        }
    }

    /// The meaning of the whole schema.
    pub(super) fn read(&mut self) -> Meaning {
        self.schema(self.root, 0)
    }

    fn schema(&mut self, schema: &'a Value, depth: usize) -> Meaning {
        if depth > MAX_DEPTH || !self.budget.form() {
            return Meaning::any();
        }
        let map = match schema {
            Value::Bool(false) => return Meaning::default(),
            Value::Object(map) => map,
            _ => return Meaning::any(),
        };
        let depth = depth.saturating_add(1);
        let mut meaning = self.own(map, depth);
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            let target = self.reference(reference, depth);
            meaning = join(meaning, target);
        }
        for part in list(map, "allOf") {
            let part = self.schema(part, depth);
            meaning = join(meaning, part);
        }
        for choice in ["anyOf", "oneOf"] {
            let branches = list(map, choice);
            if branches.is_empty() {
                continue;
            }
            let mut cases = Vec::new();
            for branch in branches {
                let Meaning {
                    words,
                    cases: inner,
                } = self.schema(branch, depth);
                cases.extend(inner.into_iter().map(|mut case| {
                    case.words.fill_from(&words);
                    case
                }));
            }
            let choice = Meaning {
                words: Words::default(),
                cases: united(cases),
            };
            meaning = join(meaning, choice);
        }
        meaning
    }

    /// The meaning that a reference leads to. One that leads to itself, or nowhere, says nothing.
    fn reference(&mut self, reference: &'a str, depth: usize) -> Meaning {
        if self.following.contains(&reference) {
            self.circle.get_or_insert_with(|| reference.to_owned());
            return Meaning::any();
        }
        let root = self.root;
        let target = reference.strip_prefix('#').and_then(|fragment| {
            let pointer = percent_encoding::percent_decode_str(fragment)
                .decode_utf8()
                .ok()?;
            root.pointer(&pointer)
        });
        let Some(target) = target else {
            return Meaning::any();
        };
        self.following.push(reference);
        let meaning = self.schema(target, depth);
        self.following.pop();
        meaning
    }

    /// The meaning of the keywords of one object, but for references and choices.
    fn own(&mut self, map: &'a Map<String, Value>, depth: usize) -> Meaning {
        let mut words = self.words(map);
        if map.get("uniqueItems") == Some(&Value::Bool(true)) {
            words.note("Nothing is in it twice.".to_owned());
        }
        if map.get("contentEncoding").and_then(Value::as_str) == Some("base64") {
            words.note("In base64.".to_owned());
        }
        let values = values(map);
        let mut cases = Vec::new();
        for kind in self.kinds(map, values.as_deref()) {
            if let Some(form) = self.form(kind, map, values.as_deref(), &mut words, depth) {
                let words = Words::default();
                cases.push(Case { words, form });
            }
        }
        Meaning {
            words,
            cases: united(cases),
        }
    }

    fn words(&mut self, map: &Map<String, Value>) -> Words {
        let mut text = |keyword: &str| {
            let text = map.get(keyword).and_then(Value::as_str)?;
            self.budget.text(text)
        };
        let title = text("title");
        let description = text("description");
        let header = text(HEADER);
        let default = map.get("default").cloned();
        let default = default
            .filter(|default| !default.is_null())
            .filter(|default| self.budget.text(&default.to_string()).is_some());
        Words {
            title,
            description,
            default,
            header,
            notes: Vec::new(),
        }
    }

    /// The names of the types that a value may have; `any` where every type may be there.
    fn kinds(&self, map: &'a Map<String, Value>, values: Option<&[&Value]>) -> Vec<&'a str> {
        match map.get("type") {
            Some(Value::String(one)) => return vec![one],
            Some(Value::Array(several)) => {
                return several.iter().filter_map(Value::as_str).collect();
            }
            _ => {}
        }
        if let Some(values) = values {
            let mut kinds: Vec<&str> = Vec::new();
            for value in values {
                let kind = kind_of(value);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            return kinds;
        }
        // What is said of objects alone was meant to say that it is one. A result may be something
        // else all the same.
        let meant = TELLING.into_iter().find(|(_, keywords)| {
            self.side == Side::Input && keywords.iter().any(|keyword| map.contains_key(*keyword))
        });
        vec![meant.map_or("any", |(kind, _)| kind)]
    }

    /// The form of values of one type; nothing if there is none.
    fn form(
        &mut self,
        kind: &str,
        map: &'a Map<String, Value>,
        values: Option<&[&Value]>,
        words: &mut Words,
        depth: usize,
    ) -> Option<Form> {
        let fitting: Option<Vec<&Value>> = values.map(|values| {
            let fits = |value: &&&Value| {
                let found = kind_of(value);
                kind == "any" || found == kind || (kind == "number" && found == "integer")
            };
            values.iter().filter(fits).copied().collect()
        });
        if fitting.as_ref().is_some_and(Vec::is_empty) {
            return None;
        }
        Some(match kind {
            "null" => Form::Null,
            "boolean" => {
                if let Some([value]) = fitting.as_deref() {
                    words.note(format!("Always {value}."));
                }
                Form::Boolean
            }
            "integer" => Form::Integer(range(map, fitting.as_deref(), words)),
            "number" => Form::Number(range(map, fitting.as_deref(), words)),
            "string" => Form::Text(self.text(map, fitting.as_deref(), words)),
            "array" => Form::List(self.list(map, words, depth)),
            "object" => Form::Object(self.object(map, depth)?),
            _ => Form::Any,
        })
    }

    fn text(
        &mut self,
        map: &Map<String, Value>,
        values: Option<&[&Value]>,
        words: &mut Words,
    ) -> Text {
        let values = values.and_then(|values| {
            let texts = values.iter().filter_map(|value| value.as_str());
            // All of them, or nothing is said: one that is missing would be refused.
            texts
                .map(|text| self.budget.text(text))
                .collect::<Option<Vec<_>>>()
        });
        let said = |keyword: &str| map.get(keyword).and_then(Value::as_str);
        let mut format = None;
        let mut pattern = None;
        if self.side == Side::Input {
            pattern = said("pattern").filter(|pattern| is_portable(pattern));
            format = said("format").filter(|format| *format == FORMAT);
            if let Some(other) = said("format").filter(|other| *other != FORMAT) {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
                if other.len() <= MAX_FORMAT && other.chars().all(plain) {
                    words.note(format!("Format: {other}."));
                }
            }
        }
        // Lengths and patterns of values that are listed say nothing.
        let listed = values.is_some();
        let counted = |keyword: &str| count(map, keyword).filter(|_| !listed);
        Text {
            least: counted("minLength"),
            most: counted("maxLength"),
            pattern: pattern
                .filter(|_| !listed)
                .and_then(|pattern| self.budget.text(pattern)),
            format: format.filter(|_| !listed).map(str::to_owned),
            values,
        }
    }

    fn list(&mut self, map: &'a Map<String, Value>, words: &mut Words, depth: usize) -> List {
        // `items` was a list where `prefixItems` is now.
        let old = map.get("items").and_then(Value::as_array);
        let first = match old {
            Some(old) => old.as_slice(),
            None => list(map, "prefixItems"),
        };
        let rest = match old {
            Some(_) => map.get("additionalItems"),
            None => map.get("items"),
        };
        let first: Vec<Meaning> = first.iter().map(|item| self.schema(item, depth)).collect();
        let rest = rest.map_or_else(Meaning::any, |rest| self.schema(rest, depth));
        let mut most = count(map, "maxItems");
        if rest.is_never() {
            let count = u64::try_from(first.len()).unwrap_or(u64::MAX);
            most = Some(most.map_or(count, |most| most.min(count)));
        }
        if first.len() > 1 {
            let names: Vec<_> = first.iter().map(Meaning::name).collect();
            words.note(format!("In this order: {}.", names.join(", ")));
        }
        let single = first.len() == 1 && rest.is_never();
        let mut items = Words::default();
        if let [only] = first.as_slice()
            && single
        {
            items = only.words.clone();
        }
        let cases = first.into_iter().chain([rest]).flat_map(|meaning| {
            let Meaning { words, cases } = meaning;
            cases.into_iter().map(move |mut case| {
                if !single {
                    case.words.fill_from(&words);
                }
                case
            })
        });
        let mut cases = united(cases);
        if let [case] = cases.as_mut_slice() {
            // One form: its words are those of the items.
            items.fill_from(&std::mem::take(&mut case.words));
        }
        List {
            items: Box::new(Meaning {
                words: items,
                cases,
            }),
            least: count(map, "minItems"),
            most,
        }
    }

    /// An object; nothing if none fits.
    fn object(&mut self, map: &'a Map<String, Value>, depth: usize) -> Option<Object> {
        let required: Vec<&str> = list(map, "required")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut members = Vec::new();
        for (name, schema) in entries(map, "properties") {
            let meaning = self.schema(schema, depth);
            if meaning.is_never() {
                if required.contains(&name.as_str()) {
                    return None;
                }
                continue;
            }
            // A schema that has no room for the name says nothing of it.
            if let Some(name) = self.budget.text(name) {
                members.push((name, meaning));
            }
        }
        let matching: Vec<Meaning> = entries(map, "patternProperties")
            .map(|(_, schema)| self.schema(schema, depth))
            .collect();
        let others = map
            .get("additionalProperties")
            .map(|others| self.schema(others, depth));
        let whole = members.len() == entries(map, "properties").count();
        let others = match others {
            // Names that were left out may be there.
            _ if !whole && self.side == Side::Output => Others::Free,
            None => Others::Free,
            Some(others) => {
                let cases = matching.into_iter().chain([others]);
                let cases = united(cases.flat_map(|meaning| meaning.cases));
                let all = Meaning {
                    words: Words::default(),
                    cases,
                };
                if all.is_never() {
                    Others::Closed
                } else if all.is_any() {
                    Others::Free
                } else {
                    Others::Of(Box::new(all))
                }
            }
        };
        Some(Object {
            members,
            required: required.into_iter().map(str::to_owned).collect(),
            others,
        })
    }
}
