//! The nodes of a document, with their places in its text.

use std::rc::Rc;

use super::write::Spellings;
use crate::val::Val;

/// A part of a document. Places are bytes of the document's text.
pub(super) struct Node {
    pub(super) value: Val,
    /// The start of its content, behind anchor and tag; of a block text, its content behind `|`.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) content: Content,
}

pub(super) enum Content {
    Scalar(Style),
    /// `*name`
    Alias,
    Sequence {
        flow: bool,
        items: Vec<Node>,
    },
    Mapping {
        flow: bool,
        entries: Vec<(Key, Node)>,
    },
}

/// A key of a mapping.
pub(super) struct Key {
    pub(super) name: Rc<str>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// `<<`, whose value's fields are the mapping's own.
    pub(super) merges: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Empty,
    Plain,
    Single,
    Double,
    /// `|` or `>`
    Lines,
}

impl Style {
    pub(super) fn is_one_line(self) -> bool {
        !matches!(self, Self::Lines | Self::Empty)
    }
}

impl Node {
    /// The node that a value was made from: itself, or the one that shares most with it.
    pub(super) fn base_of(&self, value: &Val) -> Option<&Node> {
        let mut best: Option<(usize, &Node)> = None;
        let mut nodes = vec![self];
        while let Some(node) = nodes.pop() {
            if node.is(value) {
                return Some(node);
            }
            let shared = node.shared(value);
            // Of the same kind is enough for the outermost.
            let least = usize::from(!std::ptr::eq(node, self));
            let same_kind = node.value.kind() == value.kind();
            if same_kind && shared >= least && best.is_none_or(|(most, _)| shared > most) {
                best = Some((shared, node));
            }
            match &node.content {
                Content::Scalar(_) | Content::Alias => {}
                Content::Sequence { items, .. } => nodes.extend(items.iter().rev()),
                Content::Mapping { entries, .. } => {
                    nodes.extend(entries.iter().rev().map(|(_, value)| value));
                }
            }
        }
        best.map(|(_, node)| node)
    }

    /// Returns true if a value is this node's own and not only one like it.
    pub(super) fn is(&self, value: &Val) -> bool {
        match (&self.value, value) {
            (Val::Arr(own), Val::Arr(other)) => Rc::ptr_eq(own, other),
            (Val::Obj(own), Val::Obj(other)) => Rc::ptr_eq(own, other),
            _ => false,
        }
    }

    /// Number of children that are the same.
    fn shared(&self, value: &Val) -> usize {
        match (&self.value, value) {
            (Val::Arr(own), Val::Arr(other)) => own
                .iter()
                .filter(|value| other.contains(value))
                .take(50)
                .count(),
            (Val::Obj(own), Val::Obj(other)) => own
                .iter()
                .filter(|(key, value)| other.get(*key) == Some(*value))
                .take(1000)
                .count(),
            _ => 0,
        }
    }

    pub(super) fn collect_spellings(&self, text: &str, spellings: &mut Spellings) {
        match (&self.content, &self.value) {
            (Content::Scalar(style), Val::Str(value)) if style.is_one_line() => {
                let spelling = text.get(self.start..self.end).unwrap_or_default();
                if !spelling.contains('\n') {
                    spellings.insert(value.as_ptr(), spelling.to_owned());
                }
            }
            (Content::Sequence { items, .. }, _) => {
                items
                    .iter()
                    .for_each(|item| item.collect_spellings(text, spellings));
            }
            (Content::Mapping { entries, .. }, _) => {
                for (_, value) in entries {
                    value.collect_spellings(text, spellings);
                }
            }
            _ => {}
        }
    }

    /// Returns true if an alias or a merge key is in it.
    pub(super) fn refers(&self) -> bool {
        match &self.content {
            Content::Alias => true,
            Content::Scalar(_) => false,
            Content::Sequence { items, .. } => items.iter().any(Self::refers),
            Content::Mapping { entries, .. } => entries
                .iter()
                .any(|(key, value)| key.merges || value.refers()),
        }
    }

    /// Places relative to the start of the document.
    pub(super) fn shift(&mut self, by: usize) {
        self.start = self.start.saturating_sub(by);
        self.end = self.end.saturating_sub(by);
        match &mut self.content {
            Content::Scalar(_) | Content::Alias => {}
            Content::Sequence { items, .. } => items.iter_mut().for_each(|item| item.shift(by)),
            Content::Mapping { entries, .. } => {
                for (key, value) in entries {
                    key.start = key.start.saturating_sub(by);
                    key.end = key.end.saturating_sub(by);
                    value.shift(by);
                }
            }
        }
    }
}
