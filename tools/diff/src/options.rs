//! The command line.

use std::ffi::OsString;

use cofferdam_command::{Pattern, Stop};
use lexopt::Arg;

use crate::files::Side;
use crate::format::{CONTEXT, Columns, Format};
use crate::ignore::Ignored;
use crate::report::quoted;

/// Printed by `--help`.
const HELP: &str = include_str!("help.txt");

/// Printed by `--version`.
const VERSION: &str = "diff 0.1.0 (cofferdam)\n";

/// Long options and the short ones that they stand for. Those without a short one have a digit or a
/// sign. Any beginning that only one has stands for it.
const LONG: [(&str, char); 35] = [
    ("brief", 'q'),
    ("color", '0'),
    ("context", '8'),
    ("exclude", 'x'),
    ("exclude-from", 'X'),
    ("expand-tabs", 't'),
    ("help", '1'),
    ("horizon-lines", '2'),
    ("ignore-all-space", 'w'),
    ("ignore-blank-lines", 'B'),
    ("ignore-case", 'i'),
    ("ignore-space-change", 'b'),
    ("ignore-tab-expansion", 'E'),
    ("ignore-trailing-space", 'Z'),
    ("label", 'L'),
    ("left-column", '3'),
    ("minimal", 'd'),
    ("new-file", 'N'),
    ("no-dereference", '4'),
    ("normal", '5'),
    ("recursive", 'r'),
    ("report-identical-files", 's'),
    ("show-c-function", 'p'),
    ("side-by-side", 'y'),
    ("speed-large-files", 'H'),
    ("strip-trailing-cr", '6'),
    ("suppress-common-lines", '7'),
    ("text", 'a'),
    ("unidirectional-new-file", 'P'),
    ("unified", '9'),
    ("version", 'v'),
    ("width", 'W'),
    // Known, so that they are refused in words of their own.
    ("ignore-matching-lines", 'I'),
    ("show-function-line", 'F'),
    ("ed", 'e'),
];

/// Options of GNU's that are left out here.
const LEFT_OUT: &str = "DFISTefln";

pub(crate) enum Asked {
    Compare(Box<Options>),
    /// Help or the version.
    Print(&'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) ignored: Ignored,
    pub(crate) brief: bool,
    pub(crate) report_same: bool,
    pub(crate) recursive: bool,
    pub(crate) absent: Absent,
    pub(crate) links: Links,
    /// `-a`: no file is a binary one.
    pub(crate) text: bool,
    pub(crate) exclude: Vec<Pattern>,
    /// `-p`
    pub(crate) function: bool,
    pub(crate) expand_tabs: bool,
    labels: Vec<String>,
    /// The options as they were written, each behind a space, for lines that name a pair of files.
    pub(crate) written: String,
    /// Both files or directories.
    pub(crate) operands: [String; 2],
}

/// Files that are in one directory alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Absent {
    #[default]
    Reported,
    /// `-P`: what is not in the first directory counts as empty there.
    EmptyInFirst,
    /// `-N`
    Empty,
}

/// Symbolic links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Links {
    #[default]
    Followed,
    Compared,
}

/// The styles that were asked for, which exclude each other.
#[derive(Default)]
struct Styles {
    normal: bool,
    unified: Option<usize>,
    context: Option<usize>,
    side_by_side: bool,
    columns: Columns,
}

impl Options {
    /// Reads the arguments after the name of the program.
    ///
    /// # Errors
    ///
    /// A sentence about the first argument that is wrong.
    pub(crate) fn parse(args: &[String]) -> Result<Asked, Stop> {
        let mut parser = lexopt::Parser::from_args(args);
        parser.set_short_equals(false);
        let (mut options, mut styles) = (Self::default(), Styles::default());
        let (mut operands, mut written) = (Vec::new(), args.to_vec());
        loop {
            let left = parser.try_raw_args().map(|raw| raw.as_slice().len());
            let code = match parser.next()? {
                None => break,
                // These stand for long options.
                Some(Arg::Short(digit @ '0'..='9')) => {
                    return Err(Stop::new(format!(
                        "option '-{digit}' is not supported: -U NUM is a number of lines of context"
                    )));
                }
                Some(Arg::Short(letter)) => letter,
                Some(Arg::Long(name)) => long(name)?,
                Some(Arg::Value(operand)) => {
                    let left = left.unwrap_or_default();
                    // The names of files are no options.
                    let at = args.len().saturating_sub(left);
                    if let Some(operand) = written.get_mut(at) {
                        operand.clear();
                    }
                    operands.push(text(operand));
                    continue;
                }
            };
            match code {
                '1' => return Ok(Asked::Print(HELP)),
                'v' => return Ok(Asked::Print(VERSION)),
                code => options.take(code, &mut styles, &mut parser)?,
            }
        }
        options.operands = pair(operands)?;
        options.format = styles.format(options.function)?;
        let written = written.iter().filter(|word| !word.is_empty());
        options.written = written.map(|word| format!(" {}", shell(word))).collect();
        Ok(Asked::Compare(Box::new(options)))
    }

    /// Takes one option and its value.
    fn take(
        &mut self,
        code: char,
        styles: &mut Styles,
        parser: &mut lexopt::Parser,
    ) -> Result<(), Stop> {
        match code {
            'q' => self.brief = true,
            's' => self.report_same = true,
            'r' => self.recursive = true,
            'N' => self.absent = Absent::Empty,
            'P' if self.absent == Absent::Reported => self.absent = Absent::EmptyInFirst,
            // A later -P takes nothing from -N. The rest is about speed alone.
            'P' | 'd' | 'H' => {}
            'a' => self.text = true,
            'p' => self.function = true,
            't' => self.expand_tabs = true,
            'i' => self.ignored.case = true,
            'E' => self.ignored.tab_expansion = true,
            'Z' => self.ignored.trailing_space = true,
            'b' => self.ignored.space_amount = true,
            'w' => self.ignored.all_space = true,
            'B' => self.ignored.blank_lines = true,
            '6' => self.ignored.trailing_cr = true,
            '4' => self.links = Links::Compared,
            'L' => {
                self.labels.push(text(parser.value()?));
                if self.labels.len() > self.operands.len() {
                    return Err(Stop::new("too many file label options"));
                }
            }
            'x' => self
                .exclude
                .push(Pattern::new(&text(parser.value()?), false)),
            'X' => {
                let list = cofferdam_command::read(&text(parser.value()?))?;
                let list = String::from_utf8_lossy(&list);
                let patterns = list.lines().filter(|line| !line.is_empty());
                self.exclude
                    .extend(patterns.map(|line| Pattern::new(line, false)));
            }
            'u' => styles.unified = styles.unified.max(Some(CONTEXT)),
            'c' => styles.context = styles.context.max(Some(CONTEXT)),
            'U' => styles.unified = styles.unified.max(Some(context(parser.value()?)?)),
            '9' => styles.unified = styles.unified.max(Some(optional_context(parser)?)),
            'C' => styles.context = styles.context.max(Some(context(parser.value()?)?)),
            '8' => styles.context = styles.context.max(Some(optional_context(parser)?)),
            '5' => styles.normal = true,
            'y' => styles.side_by_side = true,
            'W' => styles.columns.width = number("width", &text(parser.value()?))?,
            '3' => styles.columns.left_alone = true,
            '7' => styles.columns.common = false,
            '2' => {
                number("horizon length", &text(parser.value()?))?;
            }
            '0' => match parser.optional_value().map(text).as_deref() {
                Some("never" | "auto") => {}
                _ => {
                    return Err(Stop::new(
                        "--color is not supported: the output is plain text, as with \
                         --color=never",
                    ));
                }
            },
            other if LEFT_OUT.contains(other) => {
                return Err(Stop::new(format!(
                    "option '-{other}' is not supported: the formats are normal, -u, -c and -y, \
                     and lines are ignored by -i, -E, -Z, -b, -w and -B"
                )));
            }
            other => return Err(Stop::new(format!("invalid option -- '{other}'"))),
        }
        Ok(())
    }

    /// Returns the name of a side as sentences have it: its label, if there is one.
    pub(crate) fn shown<'a>(&'a self, at: usize, name: &'a str) -> &'a str {
        self.labels.get(at).map_or(name, String::as_str)
    }

    /// Returns the header of one side, as `-u` and `-c` have it.
    pub(crate) fn header(&self, at: usize, side: &Side) -> String {
        self.labels
            .get(at)
            .cloned()
            .unwrap_or_else(|| format!("{}\t{}", quoted(&side.name), side.modified))
    }
}

impl Absent {
    /// Returns true if a file that is not in a directory (0 is the first) counts as empty there.
    pub(crate) fn counts_as_empty(self, directory: usize) -> bool {
        match self {
            Self::Reported => false,
            Self::EmptyInFirst => directory == 0,
            Self::Empty => true,
        }
    }
}

impl Styles {
    fn format(self, function: bool) -> Result<Format, Stop> {
        let asked = [
            self.normal.then_some(Format::Normal),
            self.unified.map(Format::Unified),
            self.context.map(Format::Context),
            self.side_by_side
                .then_some(Format::SideBySide(self.columns)),
        ];
        let mut asked = asked.into_iter().flatten();
        match (asked.next(), asked.next()) {
            (Some(_), Some(_)) => Err(Stop::new("conflicting output style options")),
            (Some(format), None) => Ok(format),
            // Functions are shown in headers of hunks, so there must be such.
            (None, _) if function => Ok(Format::Context(CONTEXT)),
            (None, _) => Ok(Format::Normal),
        }
    }
}

fn pair(operands: Vec<String>) -> Result<[String; 2], Stop> {
    <[String; 2]>::try_from(operands).map_err(|operands| {
        Stop::new(match operands.as_slice() {
            [_, _, extra, ..] => format!("extra operand '{extra}'"),
            [last, ..] => format!("missing operand after '{last}'"),
            [] => "missing operand after 'diff'".to_owned(),
        })
    })
}

/// Returns the code of a long option.
fn long(written: &str) -> Result<char, Stop> {
    if let Some((_, code)) = LONG.iter().find(|(name, _)| *name == written) {
        return Ok(*code);
    }
    let mut meant = LONG.iter().filter(|(name, _)| name.starts_with(written));
    match (meant.next(), meant.next()) {
        (Some((_, code)), None) => Ok(*code),
        (None, _) => Err(Stop::new(format!("unrecognized option '--{written}'"))),
        (Some((first, _)), Some((second, _))) => Err(Stop::new(format!(
            "option '--{written}' is ambiguous: it may be --{first} or --{second}"
        ))),
    }
}

/// Reads the number of lines of context behind the `=` of a long option, which may leave it out.
fn optional_context(parser: &mut lexopt::Parser) -> Result<usize, Stop> {
    let value = parser.optional_value();
    value.map_or(Ok(CONTEXT), context)
}

fn context(value: OsString) -> Result<usize, Stop> {
    number("context length", &text(value))
}

/// Reads a number. One that is too large for this machine means as many as there are.
fn number(meaning: &str, written: &str) -> Result<usize, Stop> {
    let is_number = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        .then(|| written.parse().unwrap_or(usize::MAX))
        .ok_or_else(|| Stop::new(format!("invalid {meaning} '{written}': it is a number")))
}

fn text(arg: OsString) -> String {
    arg.to_string_lossy().into_owned()
}

/// Returns a word as a shell takes it.
fn shell(word: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "%+,-./:@_".contains(char);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
