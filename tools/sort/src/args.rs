//! The command line of sort.

use cofferdam_command::{STDIN, Stop, read};
use lexopt::prelude::*;

use crate::key::{Key, Ordering, Side};

/// The work on the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Work {
    #[default]
    Sort,
    /// `-c` and `-C`: tells whether they are sorted.
    Check { quiet: bool },
    /// `-m`
    Merge,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) work: Work,
    pub(crate) keys: Vec<Key>,
    /// For keys that have no options of their own.
    pub(crate) ordering: Ordering,
    pub(crate) separator: Option<u8>,
    pub(crate) line_end: u8,
    pub(crate) stable: bool,
    pub(crate) unique: bool,
    pub(crate) random_source: Option<String>,
    pub(crate) files: Vec<String>,
}

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            work: Work::Sort,
            keys: Vec::new(),
            ordering: Ordering::default(),
            separator: None,
            line_end: b'\n',
            stable: false,
            unique: false,
            random_source: None,
            files: Vec::new(),
        };
        let mut parser = cofferdam_command::parser();
        let mut listed = None;
        while let Some(argument) = parser.next()? {
            match argument {
                Short('k') | Long("key") => args.keys.push(Key::parse(&parser.value()?.string()?)?),
                Short('t') | Long("field-separator") => {
                    args.separator = Some(separator(&parser.value()?.string()?)?)
                }
                Short('c') => args.work = Work::Check { quiet: false },
                Short('C') => args.work = Work::Check { quiet: true },
                Long("check") => {
                    let how = parser.optional_value();
                    args.work = Work::Check {
                        quiet: check(how.as_ref().and_then(|how| how.to_str()))?,
                    };
                }
                Short('m') | Long("merge") => args.work = Work::Merge,
                Short('s') | Long("stable") => args.stable = true,
                Short('u') | Long("unique") => args.unique = true,
                Short('z') | Long("zero-terminated") => args.line_end = 0,
                Long("sort") => {
                    let word = parser.value()?.string()?;
                    args.order(kind(&word).ok_or_else(|| {
                        Stop::new(format!(
                            "--sort={word}: expected general-numeric, human-numeric, month, \
                             numeric, random or version"
                        ))
                    })?)?;
                }
                Long("random-source") => args.random_source = Some(parser.value()?.string()?),
                Long("files0-from") => listed = Some(parser.value()?.string()?),
                // All lines are in memory, in one piece, and no other program is started.
                Short('S') | Long("buffer-size") => buffer_size(&parser.value()?.string()?)?,
                Long("parallel" | "batch-size") => {
                    let _: u64 = parser.value()?.parse()?;
                }
                Short('T') | Long("temporary-directory" | "compress-program") => {
                    drop(parser.value()?)
                }
                Short('o') | Long("output") => {
                    return Err(Stop::new(
                        "-o: the workspace is read-only for sort; the result is on standard output",
                    ));
                }
                Long("debug") => {
                    return Err(Stop::new("--debug is not supported here"));
                }
                Short(letter) => {
                    if !args.ordering.set(letter, Side::Both)? {
                        return Err(argument.unexpected().into());
                    }
                }
                Long(name) => match letter_of(name) {
                    Some(letter) => args.order(letter)?,
                    None => return Err(argument.unexpected().into()),
                },
                Value(file) => args.files.push(file.string()?),
            }
        }
        if let Some(list) = listed {
            args.list(&list)?;
        }
        if args.files.is_empty() {
            args.files.push(STDIN.to_owned());
        }
        if let (Work::Check { .. }, [_, extra, ..]) = (args.work, args.files.as_slice()) {
            return Err(Stop::new(format!(
                "extra operand '{extra}' not allowed with -c: one file is checked at a time"
            )));
        }
        Ok(args)
    }

    fn order(&mut self, letter: char) -> Result<(), Stop> {
        self.ordering.set(letter, Side::Both).map(drop)
    }

    /// `--files0-from`: names with a zero byte behind each.
    fn list(&mut self, list: &str) -> Result<(), Stop> {
        if let Some(file) = self.files.first() {
            return Err(Stop::new(format!(
                "extra operand '{file}': files are named by --files0-from or as arguments"
            )));
        }
        let names = read(list)?;
        let names = names.strip_suffix(&[0]).unwrap_or(&names);
        if names.is_empty() {
            return Err(Stop::new(format!("no input from '{list}'")));
        }
        self.files = names
            .split(|byte| *byte == 0)
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        Ok(())
    }
}

/// The letter of a kind of `--sort`, which may be shortened.
fn kind(word: &str) -> Option<char> {
    const KINDS: [&str; 6] = [
        "general-numeric",
        "human-numeric",
        "month",
        "numeric",
        "random",
        "version",
    ];
    let kind = KINDS
        .iter()
        .find(|kind| !word.is_empty() && kind.starts_with(word));
    kind.and_then(|kind| letter_of(kind))
}

/// The letter of an order with a long name.
fn letter_of(name: &str) -> Option<char> {
    Some(match name {
        "ignore-leading-blanks" => 'b',
        "dictionary-order" => 'd',
        "ignore-case" => 'f',
        "general-numeric" | "general-numeric-sort" => 'g',
        "ignore-nonprinting" => 'i',
        "month" | "month-sort" => 'M',
        "human-numeric" | "human-numeric-sort" => 'h',
        "numeric" | "numeric-sort" => 'n',
        "random" | "random-sort" => 'R',
        "reverse" => 'r',
        "version" | "version-sort" => 'V',
        _ => return None,
    })
}

fn check(how: Option<&str>) -> Result<bool, Stop> {
    match how {
        None | Some("diagnose-first") => Ok(false),
        Some("quiet" | "silent") => Ok(true),
        Some(other) => Err(Stop::new(format!(
            "--check={other}: expected quiet, silent or diagnose-first"
        ))),
    }
}

fn separator(text: &str) -> Result<u8, Stop> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        b"\\0" => Ok(0),
        [] => Err(Stop::new("-t: the separator is empty")),
        _ => Err(Stop::new(format!(
            "-t {text:?}: the separator is one byte; for a tab give the tab itself"
        ))),
    }
}

/// `-S`: checked, and no bound here: all lines are in memory.
fn buffer_size(text: &str) -> Result<(), Stop> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let is_unit =
        matches!(unit, "" | "%" | "b" | "k") || (unit.len() == 1 && "KMGTPEZYRQ".contains(unit));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match is_number && is_unit {
        true => Ok(()),
        false => Err(Stop::new(format!(
            "-S {text}: expected a number with %, b, K, M, G or T"
        ))),
    }
}
