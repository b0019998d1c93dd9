//! What was asked for.

use cofferdam_command::{Pattern, STDIN, Stop, read};
use grep::matcher::LineTerminator;
use grep::searcher::{BinaryDetection, Searcher, SearcherBuilder};
use lexopt::prelude::*;

/// How patterns are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `-G`: basic regular expressions of POSIX.
    Basic,
    /// `-E`
    Extended,
    /// `-F`
    Fixed,
    /// `-P`: as Perl has them.
    Perl,
}

/// What is printed of each file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    Lines,
    Count,
    WithMatch,
    WithoutMatch,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) syntax: Syntax,
    pub(crate) patterns: Vec<String>,
    pub(crate) files: Vec<String>,
    pub(crate) show: Show,
    pub(crate) ignore_case: bool,
    pub(crate) word: bool,
    pub(crate) line: bool,
    pub(crate) invert: bool,
    pub(crate) only_matching: bool,
    pub(crate) line_number: bool,
    pub(crate) byte_offset: bool,
    pub(crate) quiet: bool,
    pub(crate) silent: bool,
    pub(crate) null: bool,
    /// More than one file may be searched.
    several: bool,
    /// No file was named, so the search begins in the working directory.
    pub(crate) from_here: bool,
    /// `-H` or `-h`.
    pub(crate) names: Option<bool>,
    pub(crate) include: Vec<Pattern>,
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) exclude_dir: Vec<Pattern>,
    before: usize,
    after: usize,
    /// Lines around matches were asked for, if only none: then groups are separated.
    pub(crate) has_context: bool,
    pub(crate) group_separator: Option<String>,
    /// The byte that ends a line: a line break, or zero with `-z`.
    pub(crate) line_end: u8,
    /// `-T`
    pub(crate) initial_tab: bool,
    /// The name of standard input.
    pub(crate) label: String,
    directories: Directories,
    max: Option<u64>,
    binary: Binary,
}

/// Treatment of a directory that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directories {
    /// It is told that it cannot be read.
    Read,
    /// `-d skip`
    Skip,
    /// `-r`
    Recurse,
}

/// Treatment of a file that holds zero bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    /// It is told whether it matches.
    Tell,
    /// `-a`: it is a text like others.
    Text,
    /// `-I`: it does not match.
    Skip,
}

/// The name of standard input in GNU grep's output.
const STDIN_NAME: &str = "(standard input)";

impl Args {
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            syntax: Syntax::Basic,
            patterns: Vec::new(),
            files: Vec::new(),
            show: Show::Lines,
            ignore_case: false,
            word: false,
            line: false,
            invert: false,
            only_matching: false,
            line_number: false,
            byte_offset: false,
            quiet: false,
            silent: false,
            null: false,
            several: false,
            from_here: false,
            names: None,
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_dir: Vec::new(),
            before: 0,
            after: 0,
            has_context: false,
            group_separator: Some("--".to_owned()),
            line_end: b'\n',
            initial_tab: false,
            label: STDIN_NAME.to_owned(),
            directories: Directories::Read,
            max: None,
            binary: Binary::Tell,
        };
        let mut parser = cofferdam_command::parser();
        // The digits of `-5`, as far as they have been read.
        let mut digits = None;
        let mut words = Vec::new();
        let mut given = false;
        while let Some(argument) = parser.next()? {
            if let Short(digit @ '0'..='9') = argument {
                let number = digits.unwrap_or(0_usize).saturating_mul(10);
                let number =
                    number.saturating_add(digit.to_digit(10).map_or(0, |digit| digit as usize));
                digits = Some(number);
                args.around(number, number);
                continue;
            }
            digits = None;
            match argument {
                Short('G') | Long("basic-regexp") => args.syntax = Syntax::Basic,
                Short('E') | Long("extended-regexp") => args.syntax = Syntax::Extended,
                Short('F') | Long("fixed-strings") => args.syntax = Syntax::Fixed,
                Short('P') | Long("perl-regexp") => args.syntax = Syntax::Perl,
                Short('e') | Long("regexp") => {
                    args.add_patterns(&parser.value()?.string()?);
                    given = true;
                }
                Short('f') | Long("file") => {
                    let text = read(&parser.value()?.string()?)?;
                    let text = String::from_utf8_lossy(&text);
                    // An empty file holds no pattern, not an empty one.
                    if !text.is_empty() {
                        args.add_patterns(text.strip_suffix('\n').unwrap_or(&text));
                    }
                    given = true;
                }
                Short('i' | 'y') | Long("ignore-case") => args.ignore_case = true,
                Long("no-ignore-case") => args.ignore_case = false,
                Short('v') | Long("invert-match") => args.invert = true,
                Short('w') | Long("word-regexp") => args.word = true,
                Short('x') | Long("line-regexp") => args.line = true,
                Short('n') | Long("line-number") => args.line_number = true,
                Short('b') | Long("byte-offset") => args.byte_offset = true,
                Short('o') | Long("only-matching") => args.only_matching = true,
                Short('c') | Long("count") => args.show = Show::Count,
                Short('l') | Long("files-with-matches") => args.show = Show::WithMatch,
                Short('L') | Long("files-without-match") => args.show = Show::WithoutMatch,
                Short('q') | Long("quiet" | "silent") => args.quiet = true,
                Short('s') | Long("no-messages") => args.silent = true,
                Short('H') | Long("with-filename") => args.names = Some(true),
                Short('h') | Long("no-filename") => args.names = Some(false),
                Short('Z') | Long("null") => args.null = true,
                Short('a') | Long("text") => args.binary = Binary::Text,
                Short('I') => args.binary = Binary::Skip,
                Long("binary-files") => args.binary = binary(&parser.value()?.string()?)?,
                Short('r' | 'R') | Long("recursive" | "dereference-recursive") => {
                    args.directories = Directories::Recurse
                }
                Short('d') | Long("directories") => {
                    args.directories = directories(&parser.value()?.string()?)?
                }
                Short('m') | Long("max-count") => {
                    // A negative number is no bound.
                    args.max = u64::try_from(parser.value()?.parse::<i64>()?).ok()
                }
                Short('A') | Long("after-context") => {
                    let after = parser.value()?.parse()?;
                    args.around(args.before, after);
                }
                Short('B') | Long("before-context") => {
                    let before = parser.value()?.parse()?;
                    args.around(before, args.after);
                }
                Short('C') | Long("context") => {
                    let lines = parser.value()?.parse()?;
                    args.around(lines, lines);
                }
                Long("group-separator") => args.group_separator = Some(parser.value()?.string()?),
                Long("no-group-separator") => args.group_separator = None,
                Short('T') | Long("initial-tab") => args.initial_tab = true,
                Short('z') | Long("null-data") => args.line_end = 0,
                Long("label") => args.label = parser.value()?.string()?,
                Long("exclude-from") => {
                    let text = read(&parser.value()?.string()?)?;
                    let text = String::from_utf8_lossy(&text);
                    let globs = text.lines().filter(|line| !line.is_empty());
                    args.exclude
                        .extend(globs.map(|glob| Pattern::new(glob, false)));
                }
                Long("include") => args
                    .include
                    .push(Pattern::new(&parser.value()?.string()?, false)),
                Long("exclude") => args
                    .exclude
                    .push(Pattern::new(&parser.value()?.string()?, false)),
                Long("exclude-dir") => {
                    let pattern = parser.value()?.string()?;
                    args.exclude_dir
                        .push(Pattern::new(pattern.trim_end_matches('/'), false));
                }
                Long("color" | "colour") => no_colors(parser.optional_value())?,
                // Lines end as they are written, and there are no devices in a workspace.
                Long("line-buffered" | "binary" | "unix-byte-offsets") | Short('U' | 'u') => {}
                Short('D') | Long("devices") => drop(parser.value()?),
                Value(value) => words.push(value.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        let mut words = words.into_iter();
        if !given {
            let pattern = words.next();
            args.add_patterns(&pattern.ok_or_else(|| {
                Stop::new("a pattern is missing: grep [OPTION]... PATTERN [FILE]...")
            })?);
        }
        args.files.extend(words);
        args.from_here = args.files.is_empty();
        if args.from_here {
            args.files
                .push(if args.is_recursive() { "." } else { STDIN }.to_owned());
        }
        let is_dir = |file: &String| std::path::Path::new(file).is_dir();
        args.several = args.files.len() > 1
            || (args.is_recursive() && (args.from_here || args.files.iter().any(is_dir)));
        Ok(args)
    }

    /// A pattern of several lines is several patterns.
    fn add_patterns(&mut self, text: &str) {
        self.patterns.extend(text.split('\n').map(str::to_owned));
    }

    fn around(&mut self, before: usize, after: usize) {
        (self.before, self.after) = (before, after);
        self.has_context = true;
    }

    /// Returns true if directories are searched.
    pub(crate) fn is_recursive(&self) -> bool {
        self.directories == Directories::Recurse
    }

    /// Returns true if a directory that was named is passed over in silence.
    pub(crate) fn skips_directories(&self) -> bool {
        self.directories == Directories::Skip
    }

    /// Returns true if no line may match, so that nothing is read.
    pub(crate) fn searches_nothing(&self) -> bool {
        self.max == Some(0)
    }

    /// Whether file names stand before what is found.
    pub(crate) fn shows_names(&self) -> bool {
        self.names.unwrap_or(self.several)
    }

    pub(crate) fn searcher(&self) -> Searcher {
        let binary = match self.binary {
            Binary::Text => BinaryDetection::none(),
            Binary::Skip => BinaryDetection::quit(0),
            // Zero bytes are the ends of lines there.
            Binary::Tell if self.line_end == 0 => BinaryDetection::none(),
            Binary::Tell => BinaryDetection::convert(0),
        };
        // Counting and naming need no context, and one match is enough to be named.
        let lines = self.show == Show::Lines && !self.quiet;
        SearcherBuilder::new()
            .line_terminator(LineTerminator::byte(self.line_end))
            .line_number(self.line_number)
            .invert_match(self.invert)
            .before_context(if lines { self.before } else { 0 })
            .after_context(if lines { self.after } else { 0 })
            .max_matches(self.max)
            .binary_detection(binary)
            .bom_sniffing(false)
            .build()
    }
}

fn binary(text: &str) -> Result<Binary, Stop> {
    match text {
        "binary" => Ok(Binary::Tell),
        "text" => Ok(Binary::Text),
        "without-match" => Ok(Binary::Skip),
        other => Err(Stop::new(format!(
            "--binary-files={other}: expected binary, text or without-match"
        ))),
    }
}

fn directories(text: &str) -> Result<Directories, Stop> {
    match text {
        "read" => Ok(Directories::Read),
        "skip" => Ok(Directories::Skip),
        "recurse" => Ok(Directories::Recurse),
        other => Err(Stop::new(format!(
            "-d {other}: expected read, skip or recurse"
        ))),
    }
}

/// `--color`: there is no terminal, so only `always` would change anything.
fn no_colors(when: Option<std::ffi::OsString>) -> Result<(), Stop> {
    match when.as_ref().and_then(|when| when.to_str()) {
        None | Some("auto" | "never") => Ok(()),
        Some(other) => Err(Stop::new(format!(
            "--color={other}: the output of a tool has no colors; leave it out, -o prints what \
             matches"
        ))),
    }
}
