//! What was asked for.

use cofferdam_command::{Pattern, STDIN, Stop, read};
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
    /// `-P`: as Rust's regex crate reads them, which is Perl's syntax without look-around and
    /// back-references.
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
    pub(crate) recursive: bool,
    /// No file was named, so the search begins in the working directory.
    pub(crate) from_here: bool,
    /// `-H` or `-h`.
    pub(crate) names: Option<bool>,
    pub(crate) include: Vec<Pattern>,
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) exclude_dir: Vec<Pattern>,
    pub(crate) before: usize,
    pub(crate) after: usize,
    max: Option<u64>,
    /// `-a`: what holds zero bytes is text; `-I`: it does not match.
    text: bool,
    no_binary: bool,
}

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
            recursive: false,
            from_here: false,
            names: None,
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_dir: Vec::new(),
            before: 0,
            after: 0,
            max: None,
            text: false,
            no_binary: false,
        };
        let mut parser = lexopt::Parser::from_env();
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
                (args.before, args.after) = (number, number);
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
                    args.patterns
                        .extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
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
                Short('a') | Long("text") => args.text = true,
                Short('I') => args.no_binary = true,
                Short('r') | Long("recursive") => args.recursive = true,
                Short('R') | Long("dereference-recursive") => args.recursive = true,
                Short('m') | Long("max-count") => args.max = Some(parser.value()?.parse()?),
                Short('A') | Long("after-context") => args.after = parser.value()?.parse()?,
                Short('B') | Long("before-context") => args.before = parser.value()?.parse()?,
                Short('C') | Long("context") => {
                    let lines = parser.value()?.parse()?;
                    (args.before, args.after) = (lines, lines);
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
                // There is no terminal to colour.
                Long("color" | "colour") => drop(parser.optional_value()),
                Long("line-buffered") => {}
                Short('z') | Long("null-data") => {
                    return Err(Stop::new(
                        "-z is not supported here: lines end in a line break",
                    ));
                }
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
                .push(if args.recursive { "." } else { STDIN }.to_owned());
        }
        Ok(args)
    }

    /// A pattern of several lines is several patterns.
    fn add_patterns(&mut self, text: &str) {
        self.patterns.extend(text.split('\n').map(str::to_owned));
    }

    /// Whether file names stand before what is found.
    pub(crate) fn shows_names(&self) -> bool {
        self.names.unwrap_or(self.files.len() > 1 || self.recursive)
    }

    pub(crate) fn searcher(&self) -> Searcher {
        let binary = match () {
            () if self.text => BinaryDetection::none(),
            () if self.no_binary => BinaryDetection::quit(0),
            () => BinaryDetection::convert(0),
        };
        // Counting and naming need no context, and one match is enough to be named.
        let lines = self.show == Show::Lines && !self.quiet && !self.only_matching;
        SearcherBuilder::new()
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
