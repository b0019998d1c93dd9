//! Documents out of text, with the place of every node.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use super::node::{Content, Key, Node, Style};
use super::scalar::resolved;
use crate::val::{MAX_DEPTH, Map, Val};

/// A document: its place in the text, and its root; none for one that is empty.
type Document = (Range<usize>, Option<Node>);

/// The documents of a text: where each is, from its `---` (the first: from the beginning) to the
/// next, and its outermost node, if it is not empty. Places of nodes are relative to the document.
pub(super) fn documents(text: &str) -> Result<Vec<Document>, String> {
    let mut options = Options::default();
    options.emit_comments = false;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.simple_key_max_lookahead = 100_000;
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text, options),
        anchors: HashMap::new(),
        depth: 0,
        nodes: 0,
    };
    let mut roots = Vec::new();
    while let Some((event, span)) = reader.next()? {
        if let Event::DocumentStart(..) = event {
            let start = span.byte_range().map_or(0, |range| range.start);
            let start = if roots.is_empty() { 0 } else { start };
            reader.anchors.clear();
            let root = reader.node()?;
            roots.push((start, root));
        }
    }
    if roots.is_empty() {
        return Ok(vec![(0..text.len(), None)]);
    }
    let ends: Vec<usize> = roots.iter().skip(1).map(|(start, _)| *start).collect();
    let ends = ends.into_iter().chain([text.len()]);
    let documents = roots.into_iter().zip(ends).map(|((start, mut root), end)| {
        root.shift(start);
        let empty = matches!(root.content, Content::Scalar(Style::Empty));
        (start..end, (!empty).then_some(root))
    });
    Ok(documents.collect())
}

struct Reader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Val>,
    depth: usize,
    nodes: usize,
}

/// Nodes that a document may have when its aliases are followed: a few lines could mean millions.
const MOST_NODES: usize = 4_000_000;

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, String> {
        let said = |error: ScanError| error.to_string();
        self.events.next().transpose().map_err(said)
    }

    fn node(&mut self) -> Result<Node, String> {
        match self.next()? {
            Some((event, span)) => self.node_of(event, span),
            None => Err("it ends where a value is expected".to_owned()),
        }
    }

    fn node_of(&mut self, event: Event<'a>, span: Span) -> Result<Node, String> {
        let range = span.byte_range().unwrap_or_default();
        let (start, end) = (range.start, range.end);
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} values"));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain if start == end => Style::Empty,
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    _ => Style::Lines,
                };
                let tag = tag.as_ref().filter(|tag| tag.is_yaml_core_schema());
                let value = match tag.map(|tag| tag.suffix()) {
                    Some("str" | "binary" | "timestamp") => {
                        let text: &str = if style == Style::Empty { "" } else { &text };
                        Val::text(text)
                    }
                    Some("int" | "float" | "bool" | "null") => resolved(&text),
                    _ if style == Style::Plain => resolved(&text),
                    _ if style == Style::Empty => Val::Null,
                    _ => Val::text(&*text),
                };
                self.remember(anchor, &value);
                Ok(Node {
                    value,
                    start,
                    end,
                    content: Content::Scalar(style),
                })
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                Ok(Node {
                    value: value.ok_or("an alias stands for a value that it is part of")?,
                    start,
                    end,
                    content: Content::Alias,
                })
            }
            Event::SequenceStart(style, anchor, _) => {
                self.deeper()?;
                let flow = style == StructureStyle::Flow;
                let (mut items, mut values, mut end) = (Vec::new(), Vec::new(), end);
                while let Some((event, span)) = self.next()? {
                    if event == Event::SequenceEnd {
                        end = span.byte_range().map_or(end, |range| range.end);
                        break;
                    }
                    let item = self.node_of(event, span)?;
                    values.push(item.value.clone());
                    items.push(item);
                }
                self.depth -= 1;
                let value = Val::array(values);
                self.remember(anchor, &value);
                Ok(Node {
                    value,
                    start,
                    end,
                    content: Content::Sequence { flow, items },
                })
            }
            Event::MappingStart(style, anchor, _) => {
                self.deeper()?;
                let flow = style == StructureStyle::Flow;
                let (entries, end) = self.entries(end)?;
                self.depth -= 1;
                let value = Val::Obj(Rc::new(fields(&entries)?));
                self.remember(anchor, &value);
                Ok(Node {
                    value,
                    start,
                    end,
                    content: Content::Mapping { flow, entries },
                })
            }
            other => Err(format!("unexpected {other:?}")),
        }
    }

    fn entries(&mut self, mut end: usize) -> Result<(Vec<(Key, Node)>, usize), String> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                end = span.byte_range().map_or(end, |range| range.end);
                break;
            }
            let mark = span.start;
            let place = || format!("at line {}, column {}", mark.line(), mark.col() + 1);
            let plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, _, None));
            let key = match &event {
                Event::Scalar(text, ..) => Rc::from(&**text),
                Event::Alias(_) => {
                    let alias = self.node_of(event.clone(), span)?;
                    match alias.value {
                        Val::Str(text) => text,
                        Val::Num(..) | Val::Bool(_) => alias.value.to_text(),
                        _ => return Err(format!("a key is no scalar {}", place())),
                    }
                }
                _ => {
                    return Err(format!(
                        "a key is no scalar {}: jq has texts as keys",
                        place()
                    ));
                }
            };
            let range = span.byte_range().unwrap_or_default();
            // An empty key is null.
            let name = if range.is_empty() {
                Rc::from("null")
            } else {
                key
            };
            let merges = plain && &*name == "<<";
            if !names.insert(name.clone()) && !merges {
                return Err(format!(
                    "the key {name} stands twice in a mapping {}",
                    place()
                ));
            }
            let key = Key {
                name,
                start: range.start,
                end: range.end,
                merges,
            };
            let value = self.node()?;
            entries.push((key, value));
        }
        Ok((entries, end))
    }

    fn remember(&mut self, anchor: usize, value: &Val) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "it has more than {MAX_DEPTH} sequences and mappings inside one another"
            ));
        }
        Ok(())
    }
}

/// The fields of a mapping. Those that `<<` merges come where it stands, unless they are written
/// out.
fn fields(entries: &[(Key, Node)]) -> Result<Map, String> {
    let mut fields = Map::default();
    let own: HashSet<&str> = entries
        .iter()
        .filter(|(key, _)| !key.merges)
        .map(|(key, _)| &*key.name)
        .collect();
    for (key, node) in entries {
        if !key.merges {
            fields.insert(key.name.clone(), node.value.clone());
            continue;
        }
        let sources: Vec<&Val> = match &node.value {
            Val::Arr(sources) => sources.iter().collect(),
            one => vec![one],
        };
        for source in sources {
            let Val::Obj(source) = source else {
                return Err("the value of a merge key (<<) is no mapping".to_owned());
            };
            for (name, value) in source.iter() {
                if !own.contains(&**name) && !fields.contains_key(name) {
                    fields.insert(name.clone(), value.clone());
                }
            }
        }
    }
    Ok(fields)
}
