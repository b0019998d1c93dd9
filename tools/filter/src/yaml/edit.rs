//! Changes in a document's text: what is as it was stays to the byte, the rest is written anew in
//! its place.

use super::lines::NewMapping;
use super::node::{Content, Key, Node, Style};
use super::pairs::paired;
use super::scalar::{double_quoted, single_quoted};
use super::write::{Spellings, Writer, is_block};
use crate::val::{Map, Val, get};

pub(super) struct Editor<'a> {
    text: &'a str,
    spellings: Spellings,
    /// Spaces before the entries of a mapping inside a mapping, more than before its key.
    indent: usize,
    /// Aliases and merge keys are replaced by what they stand for.
    expanded: bool,
    line_break: &'static str,
}

/// A new text for a place, nothing if it cannot be had this way.
type Edited = Option<String>;

impl<'a> Editor<'a> {
    pub(super) fn new(text: &'a str, root: &Node, spellings: Spellings, expanded: bool) -> Self {
        let mut editor = Self {
            text,
            spellings,
            indent: 2,
            expanded,
            line_break: if text.contains("\r\n") { "\r\n" } else { "\n" },
        };
        editor.indent = editor.usual_indent(root).unwrap_or(2);
        editor
    }

    /// Spaces that the first mapping inside another goes in.
    fn usual_indent(&self, root: &Node) -> Option<usize> {
        let Content::Mapping {
            flow: false,
            entries,
        } = &root.content
        else {
            return None;
        };
        let column = self.column(root);
        let inner = entries.iter().find_map(|(_, value)| match &value.content {
            Content::Mapping { flow: false, .. } => Some(self.column(value)),
            _ => None,
        });
        inner?
            .checked_sub(column)
            .filter(|indent| (2..=8).contains(indent))
    }

    fn part(&self, start: usize, end: usize) -> Option<&'a str> {
        self.text.get(start..end)
    }

    /// The start of a node: of a block sequence, its first dash.
    pub(super) fn start(&self, node: &Node) -> usize {
        let dash = match &node.content {
            Content::Sequence { flow: false, items } => {
                items.first().and_then(|item| self.dash_before(item.start))
            }
            _ => None,
        };
        dash.unwrap_or(node.start)
    }

    /// Characters before a node in its line.
    pub(super) fn column(&self, node: &Node) -> usize {
        let before = self.text.get(..self.start(node)).unwrap_or_default();
        before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
    }

    /// The dash of an item: the last one before it that stands alone.
    fn dash_before(&self, item: usize) -> Option<usize> {
        let before = self.text.get(..item)?;
        let mut end = before.len();
        loop {
            let dash = before.get(..end)?.rfind('-')?;
            let line = before.get(..dash)?.rsplit('\n').next()?;
            let alone = line.chars().all(|char| matches!(char, ' ' | '-'))
                && before.get(dash + 1..).is_some_and(|after| {
                    after.is_empty() || after.starts_with([' ', '\n', '\r', '\t'])
                });
            if alone {
                return Some(dash);
            }
            end = dash;
        }
    }

    /// The end of a node with the rest of its line.
    pub(super) fn end(&self, node: &Node) -> usize {
        match &node.content {
            Content::Sequence { flow: false, items } => {
                items.last().map_or(node.end, |item| self.end(item))
            }
            Content::Mapping {
                flow: false,
                entries,
            } => entries
                .last()
                .map_or(node.end, |(key, value)| self.entry_end(key, value)),
            Content::Scalar(Style::Lines) => {
                let content = self.part(node.start, node.end).unwrap_or_default();
                node.start + content.trim_end_matches([' ', '\t']).len()
            }
            _ => self.line_end(node.end),
        }
    }

    fn entry_end(&self, key: &Key, value: &Node) -> usize {
        match value.content {
            Content::Scalar(Style::Empty) => self.line_end(key.end),
            _ => self.end(value),
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.find('\n').map_or(self.text.len(), |at| from + at + 1)
    }

    /// The text from a node's start to its end, for another value.
    pub(super) fn node(&self, node: &Node, value: &Val) -> Edited {
        if self.is_kept(node, value) {
            return self
                .part(self.start(node), self.end(node))
                .map(str::to_owned);
        }
        match (&node.content, value) {
            (
                Content::Mapping {
                    flow: false,
                    entries,
                },
                Val::Obj(fields),
            ) if !fields.is_empty() => self.mapping(node, entries, fields),
            (Content::Sequence { flow: false, items }, Val::Arr(values)) if !values.is_empty() => {
                self.sequence(items, values)
            }
            (Content::Mapping { flow: true, .. } | Content::Sequence { flow: true, .. }, _) => {
                let rest = self.part(node.end, self.line_end(node.end))?;
                Some(format!("{}{rest}", self.inline(node, value)?))
            }
            _ => {
                let column = self.column(node);
                let mut writer = Writer::new(self.indent, &self.spellings);
                writer.node(value, column);
                Some(self.broken(&writer.out) + self.line_break)
            }
        }
    }

    /// Returns true if a node can stay as it is written.
    fn is_kept(&self, node: &Node, value: &Val) -> bool {
        (node.is(value) || node.value.cmp(value).is_eq()) && !(self.expanded && node.refers())
    }

    fn broken(&self, text: &str) -> String {
        text.replace('\n', self.line_break)
    }

    fn mapping(&self, node: &Node, entries: &[(Key, Node)], fields: &Map) -> Edited {
        let column = self.column(node);
        // The text of each entry begins where the one before ends.
        let mut starts = Vec::with_capacity(entries.len());
        let mut start = node.start;
        for (key, value) in entries {
            let lead = self.part(start, key.start)?;
            if lead.trim_end().ends_with('?') {
                return None;
            }
            starts.push(start);
            start = self.entry_end(key, value);
        }
        let of_name = |name: &str| {
            let own = |(key, _): &(Key, Node)| !key.merges && &*key.name == name;
            entries.iter().position(own)
        };
        let merged = |name: &str, value: &Val| {
            let old = get(&node.value, &Val::text(name));
            !self.expanded && of_name(name).is_none() && old.is_ok_and(|old| old == *value)
        };
        let mut mapping = NewMapping {
            out: String::new(),
            column,
            line_break: self.line_break,
        };
        let mut merges = entries
            .iter()
            .enumerate()
            .filter(|(_, (key, _))| key.merges && !self.expanded)
            .map(|(index, _)| index)
            .peekable();
        let old = |index: usize| Some((entries.get(index)?, *starts.get(index)?));
        let lead = |key: &Key, start: usize| self.part(start, key.start);
        // Merge keys come before what follows them; those at the beginning stay there.
        let first_own = entries.iter().position(|(key, _)| !key.merges);
        while let Some(merge) = merges.next_if(|merge| first_own.is_none_or(|own| *merge < own)) {
            let ((key, value), start) = old(merge)?;
            let text = self.part(start, self.entry_end(key, value))?;
            mapping.push(lead(key, start)?, text);
        }
        for (name, value) in fields {
            if let Some(index) = of_name(name) {
                while let Some(merge) = merges.next_if(|merge| *merge < index) {
                    let ((key, value), start) = old(merge)?;
                    let text = self.part(start, self.entry_end(key, value))?;
                    mapping.push(lead(key, start)?, text);
                }
                let ((key, old), start) = old(index)?;
                let text = self.entry(start, key, old, value, column)?;
                mapping.push(lead(key, start)?, &text);
            } else if !merged(name, value) {
                let mut writer = Writer::new(self.indent, &self.spellings);
                writer.key(name);
                writer.after_key(value, column);
                mapping.push("", &self.broken(&writer.out));
            }
        }
        for merge in merges {
            let ((key, value), start) = old(merge)?;
            let text = self.part(start, self.entry_end(key, value))?;
            mapping.push(lead(key, start)?, text);
        }
        Some(mapping.out)
    }

    /// One entry, from the end of the one before.
    fn entry(&self, start: usize, key: &Key, old: &Node, value: &Val, column: usize) -> Edited {
        let end = self.entry_end(key, old);
        if self.is_kept(old, value) {
            return self.part(start, end).map(str::to_owned);
        }
        let behind = self.part(key.end, self.text.len())?;
        let colon = key.end + behind.find(':')? + 1;
        let head = self.part(start, colon)?;
        self.replaced(head, colon, old, value, column)
    }

    /// The text behind a key or a dash: `head` is the text up to there, which ends at `from`.
    fn replaced(&self, head: &str, from: usize, old: &Node, value: &Val, column: usize) -> Edited {
        let same_kind = match (&old.content, value) {
            (Content::Mapping { flow: false, .. }, Val::Obj(fields)) => !fields.is_empty(),
            (Content::Sequence { flow: false, .. }, Val::Arr(values)) => !values.is_empty(),
            _ => false,
        };
        if same_kind {
            let between = self.part(from, self.start(old))?;
            return Some(format!("{head}{between}{}", self.node(old, value)?));
        }
        // A comment in the line of the key.
        let is_inline = !is_block(&old.value) || is_flow(old);
        let comment_from = match old.content {
            Content::Scalar(Style::Empty | Style::Lines) => from,
            _ if is_inline => old.end,
            _ => from,
        };
        let line = self.part(comment_from, self.line_end(comment_from))?;
        let comment = line
            .find('#')
            .and_then(|at| line.get(at..))
            .map(str::trim_end);
        let comment = comment.map(|comment| {
            let spaces = line.len() - line.trim_start().len();
            format!("{}{comment}", " ".repeat(spaces.clamp(1, 40)))
        });
        let comment = comment.unwrap_or_default();
        let is_item = head.ends_with('-');
        if is_block(value) && !is_flow(old) {
            let mut writer = Writer::new(self.indent, &self.spellings);
            if is_item {
                writer.out.push(' ');
                writer.node(value, column + 2);
                if !comment.is_empty() {
                    return None;
                }
            } else {
                writer.after_key(value, column);
            }
            return Some(format!(
                "{head}{comment}{}{}",
                self.broken(&writer.out),
                self.line_break
            ));
        }
        let mut writer = Writer::new(self.indent, &self.spellings);
        match value {
            Val::Str(text) if text.contains('\n') => writer.node(value, column + self.indent),
            _ => writer.out = self.inline(old, value)?,
        }
        let text = self.broken(&writer.out);
        let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        let rest = if rest.is_empty() {
            String::new()
        } else {
            format!("\n{rest}")
        };
        // An anchor stays.
        let between = self.part(from, old.start).unwrap_or_default();
        let is_anchored = between.trim_start().starts_with('&') && !between.contains('\n');
        let between = if is_anchored { between } else { " " };
        Some(format!(
            "{head}{between}{first}{comment}{rest}{}",
            self.line_break
        ))
    }

    /// A value in one line, in the style of the one it replaces.
    fn inline(&self, old: &Node, value: &Val) -> Edited {
        if let (Content::Scalar(style), Val::Str(text)) = (&old.content, value)
            && matches!(old.value, Val::Str(_))
        {
            let quoted = match style {
                Style::Double => Some(double_quoted(text)),
                Style::Single => single_quoted(text),
                _ => None,
            };
            if quoted.is_some() {
                return quoted;
            }
        }
        let mut writer = Writer::new(self.indent, &self.spellings);
        if is_block(value) {
            self.flow(old, value, &mut writer)?;
        } else {
            writer.node(value, 0);
        }
        Some(writer.out)
    }

    /// A flow collection: children that are kept stay as they are written.
    fn flow(&self, old: &Node, value: &Val, writer: &mut Writer<'_>) -> Option<()> {
        let whole = self.part(old.start, old.end)?;
        if whole.contains('#') {
            return None;
        }
        match (&old.content, value) {
            (
                Content::Mapping {
                    flow: true,
                    entries,
                },
                Val::Obj(fields),
            ) => {
                writer.out.push('{');
                for (number, (name, value)) in fields.iter().enumerate() {
                    writer.out.push_str(if number > 0 { ", " } else { "" });
                    let entry = entries.iter().find(|(key, _)| key.name == *name);
                    match entry {
                        Some((key, old)) => {
                            writer.out.push_str(self.part(key.start, key.end)?);
                            writer.out.push_str(": ");
                            self.flow_child(old, value, writer)?;
                        }
                        None => {
                            let one = Val::object([(name.clone(), value.clone())]);
                            let mut inner = Writer::new(self.indent, &self.spellings);
                            inner.flow(&one);
                            let text = inner.out.get(1..inner.out.len() - 1)?;
                            writer.out.push_str(text);
                        }
                    }
                }
                writer.out.push('}');
            }
            (Content::Sequence { flow: true, items }, Val::Arr(values)) => {
                writer.out.push('[');
                for (number, value) in values.iter().enumerate() {
                    writer.out.push_str(if number > 0 { ", " } else { "" });
                    let same = items.iter().find(|item| self.is_kept(item, value));
                    match same.or_else(|| items.get(number)) {
                        Some(old) => self.flow_child(old, value, writer)?,
                        None => writer.flow(value),
                    }
                }
                writer.out.push(']');
            }
            _ => writer.flow(value),
        }
        Some(())
    }

    fn flow_child(&self, old: &Node, value: &Val, writer: &mut Writer<'_>) -> Option<()> {
        let is_empty = matches!(old.content, Content::Scalar(Style::Empty));
        if self.is_kept(old, value) && !is_empty {
            writer.out.push_str(self.part(old.start, old.end)?);
            return Some(());
        }
        match value {
            Val::Arr(_) | Val::Obj(_) => self.flow(old, value, writer),
            _ => {
                writer.flow(value);
                Some(())
            }
        }
    }

    fn sequence(&self, items: &[Node], values: &[Val]) -> Edited {
        let mut starts = Vec::with_capacity(items.len());
        let first = self.dash_before(items.first()?.start)?;
        let mut start = first;
        for item in items {
            starts.push(start);
            start = match item.content {
                Content::Scalar(Style::Empty) => self.line_end(start),
                _ => self.end(item),
            };
        }
        let end = start;
        let before = self.text.get(..first)?;
        let column = before.rsplit('\n').next()?.chars().count();
        let mut out = String::new();
        for (value, item) in values.iter().zip(paired(items, values)?) {
            let text = match item {
                Some(index) => {
                    let (item, start) = (items.get(index)?, *starts.get(index)?);
                    let end = starts.get(index + 1).copied().unwrap_or(end);
                    if self.is_kept(item, value) {
                        self.part(start, end)?.to_owned()
                    } else {
                        let dash = self.dash_before(item.start.max(start + 1))?;
                        let head = self.part(start, dash + 1)?;
                        self.replaced(head, dash + 1, item, value, column)?
                    }
                }
                None => {
                    let mut writer = Writer::new(2, &self.spellings);
                    writer.out.push_str("- ");
                    writer.node(value, column + 2);
                    self.broken(&writer.out) + self.line_break
                }
            };
            let begins = text.starts_with([' ', '#', '\n', '\r']) && item != Some(0);
            if out.is_empty() {
                out.push_str(text.trim_start_matches(' '));
            } else {
                if !begins {
                    out.push_str(&" ".repeat(column));
                }
                out.push_str(&text);
            }
            if !out.ends_with('\n') {
                out.push_str(self.line_break);
            }
        }
        Some(out)
    }
}

fn is_flow(node: &Node) -> bool {
    matches!(
        node.content,
        Content::Sequence { flow: true, .. } | Content::Mapping { flow: true, .. }
    )
}
