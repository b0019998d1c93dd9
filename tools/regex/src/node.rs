//! A parsed expression.

use regex_syntax::hir::ClassUnicode;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// Matches the empty text.
    Empty,
    Char(char),
    /// A byte that is no character by itself (`\xe9`).
    Byte(u8),
    /// `.`: any character, line breaks included.
    Any,
    Class(ClassUnicode),
    Assert(Assert),
    /// A group with its number, from 1.
    Group(usize, Box<Node>),
    /// `\1` to `\9`
    BackReference(usize),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat(Box<Node>, Times),
}

/// Number of repetitions; without `most`, as many as match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) least: u32,
    pub(crate) most: Option<u32>,
}

/// A condition between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Assert {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Boundary,
    NoBoundary,
    WordStart,
    WordEnd,
}

impl Node {
    /// Returns true if a group is referred to in the expression itself.
    pub(crate) fn has_back_reference(&self) -> bool {
        match self {
            Self::BackReference(_) => true,
            Self::Group(_, node) | Self::Repeat(node, _) => node.has_back_reference(),
            Self::Concat(nodes) | Self::Alternate(nodes) => {
                nodes.iter().any(Self::has_back_reference)
            }
            _ => false,
        }
    }

    /// Returns true if taking as much as possible, part by part, may miss the longest match: where
    /// one of several texts is chosen, and where more than one character is repeated.
    pub(crate) fn is_greed_short(&self) -> bool {
        match self {
            Self::Alternate(_) => true,
            Self::Repeat(node, _) => !node.is_one_character(),
            Self::Group(_, node) => node.is_greed_short(),
            Self::Concat(nodes) => nodes.iter().any(Self::is_greed_short),
            _ => false,
        }
    }

    fn is_one_character(&self) -> bool {
        match self {
            Self::Char(_) | Self::Byte(_) | Self::Any | Self::Class(_) => true,
            Self::Group(_, node) => node.is_one_character(),
            _ => false,
        }
    }
}
