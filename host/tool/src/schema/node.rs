//! A schema that was read: nodes with keywords, which lead to other nodes by their ids.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::pattern::Pattern;
use super::sentence::MAX_POINTER;

/// All nodes of one schema.
#[derive(Debug)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    pub(super) places: NodePointers,
    pub(super) root: Id,
    /// The nodes that references lead to.
    pub(super) targets: Vec<Id>,
    pub(super) patterns: Vec<Pattern>,
}

/// The place of a node among all nodes of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) usize);

/// One schema.
#[derive(Debug)]
pub(super) enum Node {
    /// `true`: every value fits.
    Always,
    /// `false`: no value fits.
    Never,
    /// An object: a value fits if it fits every keyword.
    Keywords(Vec<Keyword>),
}

/// The places of all nodes, in the order of their ids. Each has the end of its pointer alone: a key
/// above thousands of nodes is held once.
#[derive(Debug, Default)]
pub(super) struct NodePointers(Vec<NodePointer>);

/// The place of one node.
#[derive(Debug)]
struct NodePointer {
    /// The node that it is written in; nothing at the top.
    inside: Option<Id>,
    /// The pointer from there, such as `/properties/name`.
    end: String,
}

/// One keyword, or several that belong together.
#[derive(Debug)]
pub(super) enum Keyword {
    Type(Vec<Type>),
    Const(Value),
    Enum(Vec<Value>),
    MultipleOf(Number),
    Bound(Bound, Number),
    Length {
        least: u64,
        most: u64,
    },
    Pattern(usize),
    Items {
        first: Vec<Id>,
        rest: Option<Id>,
    },
    Contains {
        schema: Id,
        least: u64,
        most: u64,
    },
    ItemCount {
        least: u64,
        most: u64,
    },
    UniqueItems,
    Properties(Properties),
    PropertyNames(Id),
    PropertyCount {
        least: u64,
        most: u64,
    },
    Required(Vec<String>),
    DependentRequired(Vec<(String, Vec<String>)>),
    DependentSchemas(Vec<(String, Id)>),
    AllOf(Vec<Id>),
    AnyOf(Vec<Id>),
    OneOf(Vec<Id>),
    Not(Id),
    If {
        condition: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
    },
    Reference(usize),
}

/// The schemas of an object's entries.
#[derive(Debug)]
pub(super) struct Properties {
    pub(super) named: BTreeMap<String, Id>,
    /// By the places of their patterns.
    pub(super) matching: Vec<(usize, Id)>,
    pub(super) others: Option<Id>,
}

/// The types of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// The bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Minimum,
    ExclusiveMinimum,
    Maximum,
    ExclusiveMaximum,
}

impl NodePointers {
    /// Adds the place of the next node.
    pub(super) fn push(&mut self, inside: Option<Id>, end: String) {
        self.0.push(NodePointer { inside, end });
    }

    /// Returns the pointer to a node, without most of what no sentence shows.
    pub(super) fn pointer(&self, id: Id) -> String {
        let place = |id: Id| self.0.get(id.0);
        let outward = std::iter::successors(place(id), |inner| inner.inside.and_then(place));
        let ends: Vec<_> = outward.map(|place| place.end.as_str()).collect();
        let mut pointer = String::new();
        for end in ends.into_iter().rev() {
            let shown = end.floor_char_boundary(MAX_POINTER.saturating_add(1));
            pointer.push_str(end.get(..shown).unwrap_or_default());
            if pointer.len() > MAX_POINTER {
                break;
            }
        }
        pointer
    }
}

impl Nodes {
    pub(super) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.0).unwrap_or(&Node::Never)
    }

    pub(super) fn target(&self, reference: usize) -> Id {
        self.targets.get(reference).copied().unwrap_or(self.root)
    }
}

impl Keyword {
    /// The schemas that apply to the same value as this keyword. `targets` are the nodes that
    /// references lead to.
    pub(super) fn in_place(&self, targets: &[Id]) -> Vec<Id> {
        match self {
            Self::AllOf(schemas) | Self::AnyOf(schemas) | Self::OneOf(schemas) => schemas.clone(),
            Self::Not(schema) => vec![*schema],
            Self::If {
                condition,
                then,
                otherwise,
            } => [Some(*condition), *then, *otherwise]
                .into_iter()
                .flatten()
                .collect(),
            Self::DependentSchemas(schemas) => schemas.iter().map(|(_, schema)| *schema).collect(),
            Self::Reference(reference) => targets.get(*reference).copied().into_iter().collect(),
            Self::Type(_)
            | Self::Const(_)
            | Self::Enum(_)
            | Self::MultipleOf(_)
            | Self::Bound(..)
            | Self::Length { .. }
            | Self::Pattern(_)
            | Self::Items { .. }
            | Self::Contains { .. }
            | Self::ItemCount { .. }
            | Self::UniqueItems
            | Self::Properties(_)
            | Self::PropertyNames(_)
            | Self::PropertyCount { .. }
            | Self::Required(_)
            | Self::DependentRequired(_) => Vec::new(),
        }
    }
}

impl Type {
    pub(super) const ALL: [Self; 7] = [
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Array,
        Self::Object,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Bound {
    pub(super) const ALL: [Self; 4] = [
        Self::Minimum,
        Self::ExclusiveMinimum,
        Self::Maximum,
        Self::ExclusiveMaximum,
    ];

    pub(super) fn keyword(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::ExclusiveMinimum => "exclusiveMinimum",
            Self::Maximum => "maximum",
            Self::ExclusiveMaximum => "exclusiveMaximum",
        }
    }
}
