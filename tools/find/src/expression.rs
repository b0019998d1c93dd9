//! What an expression is made of.

use std::cmp::Ordering;
use std::time::SystemTime;

use cofferdam_command::Pattern;
use regex::Regex;

/// Tests and actions, and how they are combined.
pub(crate) enum Expression {
    Not(Box<Expression>),
    /// Each one, until one is false.
    And(Vec<Expression>),
    /// Each one, until one is true.
    Or(Vec<Expression>),
    /// All of them; the last one counts.
    Each(Vec<Expression>),
    True,
    False,
    /// `-name`, `-iname`: the last part of the path.
    Name(Pattern),
    /// `-path`, `-ipath`: the whole path.
    Path(Pattern),
    /// `-regex`, `-iregex`: the whole path.
    Regex(Regex),
    /// `-lname`, `-ilname`: the target of a link.
    LinkName(Pattern),
    Type(Vec<Kind>),
    /// `-xtype`: of what a link leads to.
    TargetType(Vec<Kind>),
    /// `-size`: a number of units, and the bytes of one.
    Size(Compared, u64),
    Empty,
    /// `-newer`: changed after this.
    Newer(SystemTime),
    /// `-mtime`, `-mmin`: an age in units, and the seconds of one.
    Age(Compared, u64),
    Prune,
    Quit,
    Delete,
    Print(char),
    /// `-printf`.
    Format(Vec<Piece>),
}

/// What `-type` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
}

/// `N`, `+N` or `-N`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compared {
    pub(crate) order: Ordering,
    pub(crate) number: u64,
}

/// A piece of what `-printf` prints.
pub(crate) enum Piece {
    Text(String),
    Field {
        /// The letter.
        field: char,
        /// The letter behind `%T`.
        time: char,
        /// At least so many characters.
        width: usize,
        /// Spaces stand behind it instead of before it.
        left: bool,
        /// Zeros stand before it instead of spaces.
        zeros: bool,
    },
    /// `\\c`: nothing more is printed of this format.
    Stop,
}

impl Compared {
    /// Whether a number is as it was asked for.
    pub(crate) fn holds(self, number: u64) -> bool {
        number.cmp(&self.number) == self.order
    }
}

impl Expression {
    /// Whether something in it prints or deletes: then nothing is printed by itself.
    pub(crate) fn acts(&self) -> bool {
        match self {
            Self::Not(inner) => inner.acts(),
            Self::And(all) | Self::Or(all) | Self::Each(all) => all.iter().any(Self::acts),
            Self::Delete | Self::Print(_) | Self::Format(_) => true,
            _ => false,
        }
    }

    /// Whether something in it deletes: then the content of a directory comes before the directory.
    pub(crate) fn deletes(&self) -> bool {
        match self {
            Self::Not(inner) => inner.deletes(),
            Self::And(all) | Self::Or(all) | Self::Each(all) => all.iter().any(Self::deletes),
            Self::Delete => true,
            _ => false,
        }
    }
}
