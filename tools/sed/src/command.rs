//! A script as it is run: commands in order, each with the lines it is for.

use std::rc::Rc;

use cofferdam_regex::Regex;

use crate::replacement::Replacement;

/// An expression; `None` stands for the one that was used last.
pub(crate) type Expression = Option<Rc<Regex>>;

/// One command.
pub(crate) struct Command {
    pub(crate) lines: Lines,
    pub(crate) action: Action,
}

/// The lines that a command is for; all of them without a first one.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) first: Option<Address>,
    pub(crate) end: Option<End>,
    /// `!`: all others.
    pub(crate) negated: bool,
}

/// A line.
pub(crate) enum Address {
    /// `0`, before the first line.
    Zero,
    Number(u64),
    /// `first~step`
    Step(u64, u64),
    Last,
    Expression(Expression),
}

/// The end of a range.
pub(crate) enum End {
    Number(u64),
    /// `+N`
    Plus(u64),
    /// `~N`
    Multiple(u64),
    Last,
    Expression(Expression),
}

/// Destination of `w` and `W`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    Stderr,
    /// An index into the files of the script.
    File(usize),
}

/// The deed of a command.
pub(crate) enum Action {
    /// `{`: where the block ends.
    Block(usize),
    BlockEnd,
    /// `=`
    LineNumber,
    Append(Vec<u8>),
    Insert(Vec<u8>),
    Change(Vec<u8>),
    /// `b`: the command to go on with.
    Branch(usize),
    /// `t`
    BranchIfReplaced(usize),
    /// `T`
    BranchUnlessReplaced(usize),
    Delete,
    DeleteLine,
    FileName,
    Get,
    GetAppend,
    Hold,
    HoldAppend,
    Exchange,
    /// `l`, with a length of its own.
    List(Option<usize>),
    Next,
    NextAppend,
    Print,
    PrintLine,
    /// `q`, with an exit code.
    Quit(u8),
    /// `Q`
    QuitSilently(u8),
    ReadFile(String),
    ReadLine(String),
    Substitute(Box<Substitute>),
    Transliterate(Vec<(char, char)>),
    Write(Target),
    WriteLine(Target),
    Zap,
    /// A label, and what else changes nothing.
    Nothing,
}

/// `s`
pub(crate) struct Substitute {
    pub(crate) expression: Expression,
    pub(crate) replacement: Replacement,
    pub(crate) global: bool,
    pub(crate) print: bool,
    /// The first match that is replaced, from 1.
    pub(crate) number: usize,
    pub(crate) write: Option<Target>,
}
