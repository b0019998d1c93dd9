//! A compiled program: steps of a machine with a stack.

use std::rc::Rc;

use cofferdam_regex::Regex;

use crate::value::{Text, Value};

/// Variables with a meaning of their own, in the order of their slots.
pub(crate) const SPECIAL: [&str; 22] = [
    "NF",
    "NR",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "SUBSEP",
    "CONVFMT",
    "OFMT",
    "RSTART",
    "RLENGTH",
    "FILENAME",
    "RT",
    "IGNORECASE",
    "FIELDWIDTHS",
    "FPAT",
    "ARGC",
    "ERRNO",
    "ARGV",
    "ENVIRON",
    "PROCINFO",
];

/// The slots of special variables.
pub(crate) mod slot {
    pub(crate) const NF: usize = 0;
    pub(crate) const NR: usize = 1;
    pub(crate) const FNR: usize = 2;
    pub(crate) const FS: usize = 3;
    pub(crate) const OFS: usize = 4;
    pub(crate) const ORS: usize = 5;
    pub(crate) const RS: usize = 6;
    pub(crate) const SUBSEP: usize = 7;
    pub(crate) const CONVFMT: usize = 8;
    pub(crate) const OFMT: usize = 9;
    pub(crate) const RSTART: usize = 10;
    pub(crate) const RLENGTH: usize = 11;
    pub(crate) const FILENAME: usize = 12;
    pub(crate) const RT: usize = 13;
    pub(crate) const IGNORECASE: usize = 14;
    pub(crate) const FIELDWIDTHS: usize = 15;
    pub(crate) const FPAT: usize = 16;
    pub(crate) const ARGC: usize = 17;
    pub(crate) const ARGV: usize = 19;
    pub(crate) const ENVIRON: usize = 20;
    pub(crate) const PROCINFO: usize = 21;
}

/// A variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variable {
    Global(usize),
    /// A parameter of the function that runs.
    Local(usize),
}

/// A place that can be assigned to. Its index or subscript is on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Variable(Variable),
    Field,
    Element(Variable),
}

/// An operator of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

/// Destination of `print`; the name of a file is on the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirect {
    Stdout,
    Stderr,
    File,
    Append,
}

/// A built-in function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    And,
    Asort,
    Asorti,
    Atan2,
    Close,
    Compl,
    Cos,
    Exp,
    Fflush,
    Gensub,
    Index,
    Int,
    Isarray,
    Length,
    Log,
    Lshift,
    Match,
    Mktime,
    Or,
    Patsplit,
    Rand,
    Rshift,
    Sin,
    Split,
    Sprintf,
    Sqrt,
    Srand,
    Strftime,
    Strtonum,
    Substr,
    Systime,
    Tolower,
    Toupper,
    Typeof,
    Xor,
}

/// A step.
#[derive(Clone)]
pub(crate) enum Op {
    Push(Value),
    Pop,
    /// Puts the value of a target on the stack.
    Load(Target),
    /// The array of a variable, as an argument.
    LoadArray(Variable),
    /// Assigns the topmost value, and leaves it.
    Store(Target),
    /// Assigns what an operator makes of the old value and the topmost one.
    Modify(Target, Arithmetic),
    /// Adds to a target; leaves the new value if true, else the old one.
    Increment(Target, f64, bool),
    /// Joins so many subscripts.
    Subscript(usize),
    Concat(usize),
    Arithmetic(Arithmetic),
    Compare(Comparison),
    Not,
    Negate,
    ToNumber,
    ToTruth,
    /// Matches a text with an expression, both on the stack; negated if true.
    Match(bool),
    /// Matches the record.
    MatchRecord(Rc<Regex>),
    In(Variable),
    Delete(Variable),
    DeleteAll(Variable),
    Jump(usize),
    JumpIfFalse(usize),
    JumpIfTrue(usize),
    /// A `case`: compares the topmost value with the one under it, which stays.
    Case,
    /// Begins to go through the subscripts of an array.
    ForStart(Variable),
    /// Puts the next subscript on the stack, or jumps when there is none.
    ForNext(usize),
    /// Ends going through subscripts before their end.
    ForEnd,
    RangeIsActive(usize),
    SetRange(usize, bool),
    /// Prints so many values, or the record if there are none.
    Print(usize, Redirect),
    Printf(usize, Redirect),
    /// Reads a record of the main input, into a target if there is one.
    Getline(Option<Target>),
    /// Reads a record of a file whose name is on the stack, below a subscript of the target.
    GetlineFile(Option<Target>),
    /// `sub`, or `gsub` if true. On the stack: expression, replacement and what the target needs.
    Substitute(bool, Option<Target>),
    Builtin(Builtin, usize),
    Call(usize, usize),
    Return,
    Next,
    NextFile,
    /// Ends the program; the code is on the stack if true.
    Exit(bool),
    /// The end of a part of the program.
    End,
}

/// A function of the program.
#[derive(Clone, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) parameters: usize,
    pub(crate) entry: usize,
    /// Parameters that are arrays.
    pub(crate) arrays: Vec<bool>,
}

/// A program, ready to run.
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    pub(crate) begin: usize,
    pub(crate) main: Option<usize>,
    pub(crate) end: Option<usize>,
    pub(crate) functions: Vec<Function>,
    pub(crate) globals: Vec<String>,
    /// Globals that are arrays.
    pub(crate) arrays: Vec<bool>,
    pub(crate) ranges: usize,
}

impl Op {
    pub(crate) fn text(text: impl Into<Text>) -> Self {
        Self::Push(Value::Text(text.into()))
    }
}
