//! From arguments to starting points and an expression.
//!
//! ```text
//! list := or { "," or }      or := and { ("-o"|"-or") and }
//! and := not { ["-a"|"-and"] not }      not := { "!"|"-not" } primary
//! primary := "(" list ")" | test | action
//! ```

use std::cmp::Ordering;
use std::fs;

use cofferdam_command::{Pattern, Stop, date_text, path_error};
use cofferdam_pattern::{Flavor, posix};
use regex::RegexBuilder;

use crate::expression::{Compared, Expression, Kind};
use crate::print;

/// Parentheses and negations inside one another: a bound on the parser's recursion, far above what
/// anybody writes.
const MAX_NESTING: usize = 64;

/// Bytes of a block: what a `-size` without a unit counts.
const BLOCK: u64 = 512;

/// What the command line says.
pub(crate) struct Command {
    pub(crate) roots: Vec<String>,
    pub(crate) expression: Expression,
    pub(crate) min_depth: usize,
    pub(crate) max_depth: usize,
    /// The content of a directory before the directory.
    pub(crate) depth_first: bool,
}

struct Parser {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    min_depth: usize,
    max_depth: usize,
    depth_first: bool,
    nesting: usize,
    /// The spelling of `-regex`, as `-regextype` said last.
    flavor: Flavor,
}

impl Command {
    pub(crate) fn parse(words: Vec<String>) -> Result<Self, Stop> {
        let mut words = words.into_iter().peekable();
        // Links are not followed, which `-P` says.
        while words
            .next_if(|word| word == "-P" || is_optimization(word))
            .is_some()
        {}
        let mut roots = Vec::new();
        while let Some(root) = words.next_if(|word| !begins_expression(word)) {
            roots.push(root);
        }
        if roots.is_empty() {
            roots.push(".".to_owned());
        }
        let mut parser = Parser {
            words,
            min_depth: 0,
            max_depth: usize::MAX,
            depth_first: false,
            nesting: 0,
            flavor: Flavor::Emacs,
        };
        let mut expression = match parser.words.peek() {
            None => Expression::True,
            Some(_) => parser.list()?,
        };
        if let Some(word) = parser.words.next() {
            return Err(Stop::new(match word.as_str() {
                ")" => "there is a `)` without its `(`".to_owned(),
                word => format!("paths come before the expression: {word:?} is out of place"),
            }));
        }
        if !expression.acts() {
            expression = Expression::And(vec![expression, Expression::Print('\n')]);
        }
        let depth_first = parser.depth_first || expression.deletes();
        Ok(Self {
            roots,
            expression,
            min_depth: parser.min_depth,
            max_depth: parser.max_depth,
            depth_first,
        })
    }
}

/// `-O0` to `-O3`: how tests are ordered, which changes no result.
fn is_optimization(word: &str) -> bool {
    matches!(word, "-O0" | "-O1" | "-O2" | "-O3")
}

fn begins_expression(word: &str) -> bool {
    (word.starts_with('-') && word.len() > 1) || matches!(word, "(" | ")" | "!" | ",")
}

impl Parser {
    fn next_is(&mut self, words: &[&str]) -> bool {
        self.words
            .next_if(|word| words.contains(&word.as_str()))
            .is_some()
    }

    fn list(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.or()?];
        while self.next_is(&[","]) {
            all.push(self.or()?);
        }
        Ok(one_or(all, Expression::Each))
    }

    fn or(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.and()?];
        while self.next_is(&["-o", "-or"]) {
            all.push(self.and()?);
        }
        Ok(one_or(all, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.not()?];
        while self.next_is(&["-a", "-and"])
            || self
                .words
                .peek()
                .is_some_and(|word| !matches!(word.as_str(), "-o" | "-or" | ")" | ","))
        {
            all.push(self.not()?);
        }
        Ok(one_or(all, Expression::And))
    }

    fn not(&mut self) -> Result<Expression, Stop> {
        let mut negated = false;
        while self.next_is(&["!", "-not"]) {
            negated = !negated;
        }
        let inner = self.primary()?;
        Ok(if negated {
            Expression::Not(Box::new(inner))
        } else {
            inner
        })
    }

    fn primary(&mut self) -> Result<Expression, Stop> {
        let Some(word) = self.words.next() else {
            return Err(Stop::new("the expression ends where a test is expected"));
        };
        Ok(match word.as_str() {
            "(" => return self.parentheses(),
            "-name" | "-iname" => {
                Expression::Name(Pattern::new(&self.value(&word)?, word == "-iname"))
            }
            "-path" | "-wholename" | "-ipath" | "-iwholename" => {
                Expression::Path(Pattern::new(&self.value(&word)?, word.starts_with("-i")))
            }
            "-regex" | "-iregex" => {
                let pattern = self.value(&word)?;
                regex(&pattern, self.flavor, word == "-iregex")?
            }
            "-regextype" => {
                self.flavor = flavor(&self.value(&word)?)?;
                Expression::True
            }
            "-lname" | "-ilname" => {
                Expression::LinkName(Pattern::new(&self.value(&word)?, word == "-ilname"))
            }
            "-type" => Expression::Type(kinds(&self.value(&word)?)?),
            "-xtype" => Expression::TargetType(kinds(&self.value(&word)?)?),
            "-size" => size(&self.value(&word)?)?,
            "-empty" => Expression::Empty,
            "-newer" | "-newermm" => Expression::Newer(modified(&self.value(&word)?)?),
            "-newermt" => Expression::Newer(time(&self.value(&word)?)?),
            "-mtime" => Expression::Age(compared(&word, &self.value(&word)?)?, 24 * 60 * 60),
            "-mmin" => Expression::Age(compared(&word, &self.value(&word)?)?, 60),
            "-true" => Expression::True,
            "-false" => Expression::False,
            "-prune" => Expression::Prune,
            "-quit" => Expression::Quit,
            "-delete" => Expression::Delete,
            "-print" => Expression::Print('\n'),
            "-print0" => Expression::Print('\0'),
            "-printf" => Expression::Format(print::format(&self.value(&word)?)?),
            "-maxdepth" => {
                self.max_depth = number(&word, &self.value(&word)?)?;
                Expression::True
            }
            "-mindepth" => {
                self.min_depth = number(&word, &self.value(&word)?)?;
                Expression::True
            }
            "-depth" | "-d" => {
                self.depth_first = true;
                Expression::True
            }
            // There is one file system.
            "-xdev"
            | "-mount"
            | "-noleaf"
            | "-warn"
            | "-nowarn"
            | "-ignore_readdir_race"
            | "-noignore_readdir_race" => Expression::True,
            word => return Err(refused(word)),
        })
    }

    fn parentheses(&mut self) -> Result<Expression, Stop> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Stop::new(format!(
                "parentheses go at most {MAX_NESTING} deep"
            )));
        }
        let inner = self.list()?;
        self.nesting -= 1;
        if !self.next_is(&[")"]) {
            return Err(Stop::new("there is a `(` without its `)`"));
        }
        Ok(inner)
    }

    fn value(&mut self, option: &str) -> Result<String, Stop> {
        self.words
            .next()
            .ok_or_else(|| Stop::new(format!("{option} needs a value")))
    }
}

fn one_or(mut all: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match (all.len(), all.pop()) {
        (1, Some(one)) => one,
        (_, Some(last)) => {
            all.push(last);
            many(all)
        }
        (_, None) => Expression::True,
    }
}

fn refused(word: &str) -> Stop {
    let why = match word {
        "-exec" | "-execdir" | "-ok" | "-okdir" => {
            "a tool cannot start another one: print the paths, and call the tool with them"
        }
        "-L" | "-H" | "-follow" => "symbolic links are not followed here",
        "-perm" | "-user" | "-group" | "-uid" | "-gid" | "-nouser" | "-nogroup" | "-readable"
        | "-writable" | "-executable" => "files have no owners and no modes here",
        "-atime" | "-amin" | "-anewer" | "-ctime" | "-cmin" | "-cnewer" => {
            "only -newer, -mtime and -mmin look at times"
        }
        "-ls" | "-fls" => "use -printf '%s %TY-%Tm-%Td %p\\n'",
        "-daystart" => "use -newermt with the time at which the day begins",
        "-samefile" | "-inum" | "-links" | "-fstype" => "files have no such properties here",
        word if word.starts_with("-newer") => {
            "only times of modification are known: -newer FILE, -newermt TIME"
        }
        "-fprint" | "-fprint0" | "-fprintf" => "output goes to standard output",
        word if word.starts_with('-') => "there is no such test; --help says what there is",
        _ => "paths come before the expression",
    };
    Stop::new(format!("{word}: {why}"))
}

fn number(option: &str, text: &str) -> Result<usize, Stop> {
    text.parse()
        .map_err(|_| Stop::new(format!("{option} {text}: expected a number")))
}

fn compared(option: &str, text: &str) -> Result<Compared, Stop> {
    let (order, digits) = match text.strip_prefix('+') {
        Some(digits) => (Ordering::Greater, digits),
        None => match text.strip_prefix('-') {
            Some(digits) => (Ordering::Less, digits),
            None => (Ordering::Equal, text),
        },
    };
    let number = digits
        .parse()
        .map_err(|_| Stop::new(format!("{option} {text}: expected N, +N or -N")))?;
    Ok(Compared { order, number })
}

fn size(text: &str) -> Result<Expression, Stop> {
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, unit)) if !unit.is_ascii_digit() => {
            let bytes = match unit {
                'c' => 1,
                'w' => 2,
                'b' => BLOCK,
                'k' => 1 << 10,
                'M' => 1 << 20,
                'G' => 1 << 30,
                _ => {
                    return Err(Stop::new(format!(
                        "-size {text}: the unit is one of b c w k M G"
                    )));
                }
            };
            (text.get(..at).unwrap_or_default(), bytes)
        }
        _ => (text, BLOCK),
    };
    Ok(Expression::Size(compared("-size", digits)?, unit))
}

fn kinds(text: &str) -> Result<Vec<Kind>, Stop> {
    let kind = |letter: &str| match letter {
        "f" => Ok(Kind::File),
        "d" => Ok(Kind::Directory),
        "l" => Ok(Kind::Link),
        other => Err(Stop::new(format!(
            "-type {other}: expected f, d or l; nothing else is in a workspace"
        ))),
    };
    text.split(',').map(kind).collect()
}

fn regex(pattern: &str, flavor: Flavor, fold: bool) -> Result<Expression, Stop> {
    let posix = posix(pattern, flavor, 0)?;
    if posix.back_references {
        return Err(Stop::new(format!(
            "-regex {pattern}: back-references are not supported here"
        )));
    }
    let regex = RegexBuilder::new(&format!(r"\A(?:{})\z", posix.pattern))
        .case_insensitive(fold)
        .dot_matches_new_line(true)
        .build();
    regex
        .map(Expression::Regex)
        .map_err(|error| Stop::new(format!("-regex {pattern}: {error}")))
}

fn flavor(name: &str) -> Result<Flavor, Stop> {
    match name {
        "emacs" | "findutils-default" => Ok(Flavor::Emacs),
        "posix-basic" | "posix-minimal-basic" | "ed" | "sed" | "grep" => Ok(Flavor::Basic),
        "posix-extended" | "posix-egrep" | "egrep" | "posix-awk" | "awk" | "gnu-awk" => {
            Ok(Flavor::Extended)
        }
        other => Err(Stop::new(format!(
            "-regextype {other}: expected emacs, findutils-default, posix-basic, sed, grep, \
             posix-extended, egrep or awk"
        ))),
    }
}

/// The time of `-newermt`, as `date -d` takes it.
fn time(text: &str) -> Result<std::time::SystemTime, Stop> {
    let time = parse_datetime::parse_datetime(date_text(text)).ok();
    let time = time.and_then(parse_datetime::ParsedDateTime::into_zoned);
    time.map(|time| time.timestamp().into()).ok_or_else(|| {
        Stop::new(format!(
            "-newermt {text}: expected a time, such as 2024-03-15, '2024-03-15 12:00' or '2 days \
             ago'"
        ))
    })
}

fn modified(path: &str) -> Result<std::time::SystemTime, Stop> {
    let time = fs::metadata(path).and_then(|metadata| metadata.modified());
    time.map_err(|error| Stop::new(path_error(path, &error)))
}
