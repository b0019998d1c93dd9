//! The command line.

use std::ffi::OsString;

use cofferdam_command::{Pattern, Stop};
use lexopt::prelude::{Long, Short, Value};

use crate::size::{Unit, bytes};

/// Printed by `--help`.
const HELP: &str = include_str!("help.txt");

/// Printed by `--version`.
const VERSION: &str = "du 0.1.0 (cofferdam)\n";

/// Bytes of the unit that holds when no other is asked for.
const KIBIBYTE: u64 = 1024;

/// Long options and the short ones that they stand for. Those without a short one have a digit. Any
/// beginning that only one has stands for it.
const LONG: [(&str, char); 21] = [
    ("all", 'a'),
    ("apparent-size", '1'),
    ("block-size", 'B'),
    ("bytes", 'b'),
    ("count-links", 'l'),
    ("dereference", 'L'),
    ("dereference-args", 'D'),
    ("exclude", '2'),
    ("exclude-from", 'X'),
    ("help", '3'),
    ("human-readable", 'h'),
    ("inodes", '4'),
    ("max-depth", 'd'),
    ("no-dereference", 'P'),
    ("null", '0'),
    ("one-file-system", 'x'),
    ("separate-dirs", 'S'),
    ("si", '5'),
    ("summarize", 's'),
    ("threshold", 't'),
    ("total", 'c'),
];

pub(crate) enum Asked {
    Sum(Options),
    /// Help or the version.
    Print(&'static str),
}

#[derive(Debug)]
pub(crate) struct Options {
    /// Set if files are printed, too.
    pub(crate) all: bool,
    pub(crate) counted: Counted,
    pub(crate) count_links: bool,
    /// How many directories below an argument are printed.
    pub(crate) depth: usize,
    exclude: Vec<Pattern>,
    pub(crate) follow: Follow,
    /// Set if a line ends with NUL.
    pub(crate) null: bool,
    /// Set if a directory's size is without that of its subdirectories.
    pub(crate) separate: bool,
    threshold: Threshold,
    pub(crate) total: bool,
    pub(crate) unit: Unit,
    pub(crate) files: Vec<String>,
}

/// What is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// The room that files take.
    Room,
    /// The bytes that can be read from them.
    Length,
    /// The files themselves.
    Files,
}

/// Symbolic links that are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Nothing,
    Arguments,
    All,
}

/// Sizes that are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threshold {
    AtLeast(u64),
    AtMost(u64),
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// A sentence about the first argument that is wrong.
    pub(crate) fn parse() -> Result<Asked, Stop> {
        let mut parser = cofferdam_command::parser();
        let mut options = Self::default();
        let mut summarized = false;
        let mut depth = None;
        while let Some(arg) = parser.next()? {
            let code = match arg {
                Short(letter) if !letter.is_ascii_digit() || letter == '0' => letter,
                Short(other) => return Err(invalid(other)),
                Long("version") => return Ok(Asked::Print(VERSION)),
                Long(name) => long(name)?,
                Value(file) => {
                    options.files.push(text(file));
                    continue;
                }
            };
            match code {
                '3' => return Ok(Asked::Print(HELP)),
                's' => summarized = true,
                'd' => depth = Some(number("maximum depth", &text(parser.value()?))?),
                code => options.take(code, &mut parser)?,
            }
        }
        options.depth = match (summarized, depth) {
            (false, depth) => depth.unwrap_or(usize::MAX),
            (true, None | Some(0)) => 0,
            (true, Some(depth)) => {
                return Err(Stop::new(format!(
                    "summarizing conflicts with --max-depth={depth}"
                )));
            }
        };
        if summarized && options.all {
            return Err(Stop::new("cannot both summarize and show all entries"));
        }
        if options.files.is_empty() {
            options.files.push(".".to_owned());
        }
        Ok(Asked::Sum(options))
    }

    /// Takes one option and its value.
    fn take(&mut self, code: char, parser: &mut lexopt::Parser) -> Result<(), Stop> {
        match code {
            '0' => self.null = true,
            'a' => self.all = true,
            'b' => {
                self.counted = Counted::Length;
                self.unit = Unit::Bytes(1, String::new());
            }
            '1' => self.counted = Counted::Length,
            '4' => self.counted = Counted::Files,
            'c' => self.total = true,
            'D' | 'H' => self.follow = Follow::Arguments,
            'L' => self.follow = Follow::All,
            'P' => self.follow = Follow::Nothing,
            'h' => self.unit = Unit::Human(1024),
            '5' => self.unit = Unit::Human(1000),
            'k' => self.unit = Unit::Bytes(KIBIBYTE, String::new()),
            'm' => self.unit = Unit::Bytes(KIBIBYTE.pow(2), String::new()),
            'B' => {
                let written = text(parser.value()?);
                self.unit = Unit::parse(&written).ok_or_else(|| wrong_size("-B", &written))?;
            }
            'l' => self.count_links = true,
            'S' => self.separate = true,
            't' => self.threshold = threshold(&text(parser.value()?))?,
            '2' => self
                .exclude
                .push(Pattern::new(&text(parser.value()?), false)),
            'X' => {
                let list = cofferdam_command::read(&text(parser.value()?))?;
                let list = String::from_utf8_lossy(&list);
                let patterns = list.lines().filter(|line| !line.is_empty());
                self.exclude
                    .extend(patterns.map(|line| Pattern::new(line, false)));
            }
            // A tool sees one file system alone.
            'x' => {}
            other => return Err(invalid(other)),
        }
        Ok(())
    }

    /// Returns true if a path, or the end of it behind a slash, matches a pattern.
    pub(crate) fn is_excluded(&self, path: &str) -> bool {
        let ends = path
            .match_indices('/')
            .filter_map(|(at, _)| path.get(at.saturating_add(1)..));
        let mut ends = std::iter::once(path).chain(ends);
        !self.exclude.is_empty()
            && ends.any(|end| self.exclude.iter().any(|pattern| pattern.matches(end)))
    }

    /// Returns true if a size is printed.
    pub(crate) fn is_within(&self, size: u64) -> bool {
        match self.threshold {
            Threshold::AtLeast(least) => size >= least,
            Threshold::AtMost(most) => size <= most,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            all: false,
            counted: Counted::Room,
            count_links: false,
            depth: usize::MAX,
            exclude: Vec::new(),
            follow: Follow::Nothing,
            null: false,
            separate: false,
            threshold: Threshold::AtLeast(0),
            total: false,
            unit: Unit::Bytes(KIBIBYTE, String::new()),
            files: Vec::new(),
        }
    }
}

fn invalid(letter: char) -> Stop {
    Stop::new(format!("invalid option -- '{letter}'"))
}

/// Returns the code of a long option.
fn long(written: &str) -> Result<char, Stop> {
    let mut meant = LONG.iter().filter(|(name, _)| name.starts_with(written));
    let exact = LONG.iter().find(|(name, _)| *name == written);
    match (exact, meant.next(), meant.next()) {
        (Some((_, code)), _, _) | (None, Some((_, code)), None) => Ok(*code),
        (None, None, _) if "time".starts_with(written) || "files0-from".starts_with(written) => {
            Err(Stop::new(format!(
                "option '--{written}' is not supported: stat prints times, and \
                 files are named one by one"
            )))
        }
        (None, None, _) => Err(Stop::new(format!("unrecognized option '--{written}'"))),
        (None, Some((first, _)), Some((second, _))) => Err(Stop::new(format!(
            "option '--{written}' is ambiguous: it may be --{first} or --{second}"
        ))),
    }
}

fn threshold(written: &str) -> Result<Threshold, Stop> {
    let wrong = || wrong_size("-t", written);
    match written.strip_prefix('-') {
        Some(size) => match bytes(size).ok_or_else(wrong)? {
            0 => Err(Stop::new("invalid -t argument '-0'")),
            most => Ok(Threshold::AtMost(most)),
        },
        None => Ok(Threshold::AtLeast(bytes(written).ok_or_else(wrong)?)),
    }
}

fn number(meaning: &str, written: &str) -> Result<usize, Stop> {
    written
        .parse()
        .map_err(|_| Stop::new(format!("invalid {meaning} '{written}'")))
}

fn wrong_size(option: &str, written: &str) -> Stop {
    Stop::new(format!(
        "invalid {option} argument '{written}': it is a size such as 512, K, 4K or 1MB"
    ))
}

fn text(arg: OsString) -> String {
    arg.to_string_lossy().into_owned()
}
