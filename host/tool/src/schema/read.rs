//! From JSON to the nodes of a schema.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::dialect::refuse;
use super::error::SchemaError;
use super::node::{Bound, Id, Keyword, Node, NodePointers, Nodes, Properties};
use super::pattern::{MAX_COMPILED, Pattern, PatternSum};
use super::sentence::{at, escaped, shown};
use super::written::Written;

/// Nodes of one schema. The largest of the tools that come with the host has 90; each takes some
/// hundred bytes.
const MAX_NODES: usize = 4_096;

/// Nodes inside one another as they are written. Reading takes a stack frame for each.
const MAX_NESTING: usize = 128;

/// Patterns of one schema.
const MAX_PATTERNS: usize = 64;

/// All patterns of one schema: compiled, two of the largest.
const MAX_IN_SCHEMA: PatternSum = PatternSum {
    compiled: 2 * MAX_COMPILED,
    classes: 64,
};

/// All patterns of one component, which may have 64 tools.
const MAX_IN_COMPONENT: PatternSum = PatternSum {
    compiled: 8 * MAX_COMPILED,
    classes: 256,
};

/// Keywords that hold schemas by name, for references.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// Reads the nodes, with their references resolved. `before` are the patterns of the tools before
/// this one, to which those of this schema are added.
pub(super) fn read(written: &Value, before: &mut PatternSum) -> Result<Nodes, SchemaError> {
    let mut reader = Reader {
        before: *before,
        ..Reader::default()
    };
    let root = reader.node(written, None, String::new(), 0)?;
    let target = |(id, reference): &(Id, String)| {
        let found = pointer(reference).and_then(|pointer| reader.target(root, &pointer));
        found.ok_or_else(|| {
            SchemaError::new(format!(
                "{}: `$ref` is {}, and no schema is there: expected `#` or a place in this \
                 document, such as `#/$defs/name`",
                at(&reader.places.pointer(*id)),
                shown(&Value::from(reference.as_str()))
            ))
        })
    };
    let targets = reader
        .references
        .iter()
        .map(target)
        .collect::<Result<_, _>>()?;
    *before = before.with(reader.sum);
    let Reader {
        nodes,
        places,
        patterns,
        ..
    } = reader;
    let nodes = nodes
        .into_iter()
        .map(|node| node.unwrap_or(Node::Never))
        .collect();
    Ok(Nodes {
        nodes,
        places,
        root,
        targets,
        patterns,
    })
}

/// The pointer in a reference into the same document.
fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = percent_decode_str(fragment)
        .decode_utf8()
        .ok()?
        .into_owned();
    (pointer.is_empty() || pointer.starts_with('/')).then_some(pointer)
}

/// The end of the first token of a pointer, which begins with a slash at `start`.
fn token_end(pointer: &str, start: usize) -> usize {
    let inner = start.saturating_add(1);
    let slash = pointer.get(inner..).and_then(|rest| rest.find('/'));
    slash.map_or(pointer.len(), |length| inner.saturating_add(length))
}

#[derive(Default)]
struct Reader {
    /// A node that is being read is none yet.
    nodes: Vec<Option<Node>>,
    places: NodePointers,
    /// The nodes that are written in each node, by the ends of their pointers.
    inner: Vec<BTreeMap<String, Id>>,
    /// The node in which each reference stands, and what it says.
    references: Vec<(Id, String)>,
    patterns: Vec<Pattern>,
    pattern_places: BTreeMap<String, usize>,
    /// The patterns of this schema.
    sum: PatternSum,
    /// Those of the other schemas of the component.
    before: PatternSum,
}

impl Reader {
    /// Finds the node that a pointer leads to from the node `id`. A keyword has one schema, or
    /// several by their names.
    fn target(&self, mut id: Id, pointer: &str) -> Option<Id> {
        let mut rest = pointer;
        while !rest.is_empty() {
            let inner = self.inner.get(id.0)?;
            let one = token_end(rest, 0);
            let find = |end: usize| Some((*inner.get(rest.get(..end)?)?, rest.get(end..)?));
            (id, rest) = find(one).or_else(|| find(token_end(rest, one)))?;
        }
        Some(id)
    }

    /// Reads the node that is written in the node `inside`, `end` further on.
    fn node(
        &mut self,
        value: &Value,
        inside: Option<Id>,
        end: String,
        nesting: usize,
    ) -> Result<Id, SchemaError> {
        let id = Id(self.nodes.len());
        self.places.push(inside, end.clone());
        let place = self.places.pointer(id);
        if nesting > MAX_NESTING {
            return Err(SchemaError::new(format!(
                "{}: schemas are nested more than {MAX_NESTING} deep",
                at(&place)
            )));
        }
        if self.nodes.len() == MAX_NODES {
            return Err(SchemaError::new(format!(
                "{}: it has more than {MAX_NODES} schemas: say less",
                at(&place)
            )));
        }
        if let Some(inner) = inside.and_then(|inside| self.inner.get_mut(inside.0)) {
            inner.insert(end, id);
        }
        self.inner.push(BTreeMap::new());
        self.nodes.push(None);
        let node = match value {
            Value::Bool(true) => Node::Always,
            Value::Bool(false) => Node::Never,
            Value::Object(map) => {
                let mut keywords = self.keywords(&Written {
                    map,
                    id,
                    place,
                    nesting,
                })?;
                keywords.shrink_to_fit();
                Node::Keywords(keywords)
            }
            other => {
                let found = shown(other);
                return Err(SchemaError::new(format!(
                    "{}: {found} is not a schema: expected an object, true or false",
                    at(&place)
                )));
            }
        };
        if let Some(place) = self.nodes.get_mut(id.0) {
            *place = Some(node);
        }
        Ok(id)
    }

    fn keywords(&mut self, written: &Written<'_>) -> Result<Vec<Keyword>, SchemaError> {
        refuse(written)?;
        for definitions in DEFINITIONS {
            self.schemas_by_name(written, definitions)?;
        }
        let mut keywords = Vec::new();
        // What is cheap and tells most comes first.
        keywords.extend(written.types()?.map(Keyword::Type));
        keywords.extend(
            written
                .get("const")
                .map(|value| Keyword::Const(value.clone())),
        );
        match written.get("enum") {
            None => {}
            Some(Value::Array(values)) => keywords.push(Keyword::Enum(values.clone())),
            Some(_) => return Err(written.wrong("enum", "a list")),
        }
        for bound in Bound::ALL {
            keywords.extend(
                written
                    .number(bound.keyword())?
                    .map(|number| Keyword::Bound(bound, number)),
            );
        }
        if let Some(number) = written.number("multipleOf")? {
            if number.as_f64().is_none_or(|number| number <= 0.0) {
                return Err(written.wrong("multipleOf", "a number above 0"));
            }
            keywords.push(Keyword::MultipleOf(number));
        }
        let range = |least, most, keyword: fn(u64, u64) -> Keyword| {
            written
                .range(least, most)
                .map(|range| range.map(|(least, most)| keyword(least, most)))
        };
        keywords.extend(range("minLength", "maxLength", |least, most| {
            Keyword::Length { least, most }
        })?);
        keywords.extend(range("minItems", "maxItems", |least, most| {
            Keyword::ItemCount { least, most }
        })?);
        keywords.extend(range("minProperties", "maxProperties", |least, most| {
            Keyword::PropertyCount { least, most }
        })?);
        if let Some(list) = written.get("required") {
            keywords.push(Keyword::Required(written.texts("required", list)?));
        }
        if let Some(map) = written.map("dependentRequired")? {
            let texts = |(key, list): (&String, &Value)| {
                written
                    .texts("dependentRequired", list)
                    .map(|texts| (key.clone(), texts))
            };
            keywords.push(Keyword::DependentRequired(
                map.iter().map(texts).collect::<Result<_, _>>()?,
            ));
        }
        match written.get("pattern") {
            None => {}
            Some(Value::String(text)) => {
                let place = written.below("pattern");
                keywords.push(Keyword::Pattern(self.pattern(text, &place)?));
            }
            Some(_) => return Err(written.wrong("pattern", "a text")),
        }
        self.children(written, &mut keywords)?;
        self.in_place(written, &mut keywords)?;
        match written.get("uniqueItems") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => keywords.push(Keyword::UniqueItems),
            Some(_) => return Err(written.wrong("uniqueItems", "true or false")),
        }
        Ok(keywords)
    }

    /// Keywords whose schemas apply to what is inside the value.
    fn children(
        &mut self,
        written: &Written<'_>,
        keywords: &mut Vec<Keyword>,
    ) -> Result<(), SchemaError> {
        let first = self.list(written, "prefixItems")?;
        let rest = self.schema(written, "items")?;
        if first.is_some() || rest.is_some() {
            keywords.push(Keyword::Items {
                first: first.unwrap_or_default(),
                rest,
            });
        }
        let range = written.range("minContains", "maxContains")?;
        if let Some(schema) = self.schema(written, "contains")? {
            let least = range
                .filter(|_| written.get("minContains").is_some())
                .map_or(1, |(least, _)| least);
            keywords.push(Keyword::Contains {
                schema,
                least,
                most: range.map_or(u64::MAX, |(_, most)| most),
            });
        }
        let named = self.schemas_by_name(written, "properties")?;
        let patterns = self.schemas_by_name(written, "patternProperties")?;
        let others = self.schema(written, "additionalProperties")?;
        if named.is_some() || patterns.is_some() || others.is_some() {
            let mut matching = Vec::new();
            for (text, id) in patterns.unwrap_or_default() {
                let place = format!("{}/{}", written.below("patternProperties"), escaped(&text));
                matching.push((self.pattern(&text, &place)?, id));
            }
            let named = named.unwrap_or_default().into_iter().collect();
            keywords.push(Keyword::Properties(Properties {
                named,
                matching,
                others,
            }));
        }
        keywords.extend(
            self.schema(written, "propertyNames")?
                .map(Keyword::PropertyNames),
        );
        Ok(())
    }

    /// Keywords whose schemas apply to the value itself.
    fn in_place(
        &mut self,
        written: &Written<'_>,
        keywords: &mut Vec<Keyword>,
    ) -> Result<(), SchemaError> {
        match written.get("$ref") {
            None => {}
            Some(Value::String(reference)) => {
                keywords.push(Keyword::Reference(self.references.len()));
                self.references.push((written.id, reference.clone()));
            }
            Some(_) => return Err(written.wrong("$ref", "a text")),
        }
        keywords.extend(self.list(written, "allOf")?.map(Keyword::AllOf));
        keywords.extend(self.list(written, "anyOf")?.map(Keyword::AnyOf));
        keywords.extend(self.list(written, "oneOf")?.map(Keyword::OneOf));
        keywords.extend(self.schema(written, "not")?.map(Keyword::Not));
        let then = self.schema(written, "then")?;
        let otherwise = self.schema(written, "else")?;
        if let Some(condition) = self.schema(written, "if")? {
            keywords.push(Keyword::If {
                condition,
                then,
                otherwise,
            });
        }
        keywords.extend(
            self.schemas_by_name(written, "dependentSchemas")?
                .map(Keyword::DependentSchemas),
        );
        Ok(())
    }

    fn schema(&mut self, written: &Written<'_>, keyword: &str) -> Result<Option<Id>, SchemaError> {
        let Some(value) = written.get(keyword) else {
            return Ok(None);
        };
        self.node(
            value,
            Some(written.id),
            format!("/{keyword}"),
            written.nesting.saturating_add(1),
        )
        .map(Some)
    }

    fn list(
        &mut self,
        written: &Written<'_>,
        keyword: &str,
    ) -> Result<Option<Vec<Id>>, SchemaError> {
        let Some(value) = written.get(keyword) else {
            return Ok(None);
        };
        let list = value.as_array().filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| written.wrong(keyword, "a list of schemas"))?;
        let nesting = written.nesting.saturating_add(1);
        let node = |(index, value)| {
            self.node(
                value,
                Some(written.id),
                format!("/{keyword}/{index}"),
                nesting,
            )
        };
        list.iter()
            .enumerate()
            .map(node)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn schemas_by_name(
        &mut self,
        written: &Written<'_>,
        keyword: &str,
    ) -> Result<Option<Vec<(String, Id)>>, SchemaError> {
        let Some(map) = written.map(keyword)? else {
            return Ok(None);
        };
        let nesting = written.nesting.saturating_add(1);
        let node = |(name, value): (&String, &Value)| {
            let id = self.node(
                value,
                Some(written.id),
                format!("/{keyword}/{}", escaped(name)),
                nesting,
            )?;
            Ok((name.clone(), id))
        };
        map.iter()
            .map(node)
            .collect::<Result<_, SchemaError>>()
            .map(Some)
    }

    /// Compiles a pattern, once however often it is written.
    fn pattern(&mut self, text: &str, place: &str) -> Result<usize, SchemaError> {
        if let Some(known) = self.pattern_places.get(text) {
            return Ok(*known);
        }
        let wrong =
            |problem: String| SchemaError::new(format!("{}: the pattern {}", at(place), problem));
        if self.patterns.len() == MAX_PATTERNS {
            return Err(wrong(format!(
                "is one more than the {MAX_PATTERNS} that a schema may have"
            )));
        }
        let pattern = Pattern::new(text)
            .map_err(|problem| wrong(format!("{} {problem}", shown(&Value::from(text)))))?;
        self.sum = self.sum.with(pattern.sum());
        let sums = [
            (self.sum, MAX_IN_SCHEMA, "those before it"),
            (
                self.sum.with(self.before),
                MAX_IN_COMPONENT,
                "those of the other tools",
            ),
        ];
        for (sum, most, others) in sums {
            if sum.compiled > most.compiled {
                let kib = most.compiled >> 10;
                return Err(wrong(format!(
                    "and {others} have more than {kib} KiB once they are compiled"
                )));
            }
            if sum.classes > most.classes {
                return Err(wrong(format!(
                    "and {others} have more than {} classes of Unicode",
                    most.classes
                )));
            }
        }
        self.patterns.push(pattern);
        let index = self.patterns.len().saturating_sub(1);
        self.pattern_places.insert(text.to_owned(), index);
        Ok(index)
    }
}
