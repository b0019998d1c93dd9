//! What was asked for.

use cofferdam_command::{Stop, read};
use grep::regex::{RegexMatcher, RegexMatcherBuilder};
use grep::searcher::{BinaryDetection, Searcher, SearcherBuilder};
use lexopt::prelude::*;

/// The largest compiled pattern, in bytes: what the default memory of a call has room for beside
/// the search.
const MAX_COMPILED: usize = 16 << 20;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Lines,
    Count,
    CountMatches,
    WithMatch,
    WithoutMatch,
    Json,
    /// `--files`: what would be searched.
    Files,
    /// `--type-list`
    Types,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Sensitive,
    Insensitive,
    Smart,
}

/// The command line.
pub(crate) struct Args {
    pub(crate) mode: Mode,
    patterns: Vec<String>,
    pub(crate) paths: Vec<String>,
    case: Case,
    word: bool,
    line: bool,
    fixed: bool,
    invert: bool,
    multiline: bool,
    dotall: bool,
    pub(crate) only_matching: bool,
    pub(crate) line_number: bool,
    pub(crate) column: bool,
    pub(crate) byte_offset: bool,
    pub(crate) heading: bool,
    pub(crate) vimgrep: bool,
    pub(crate) trim: bool,
    pub(crate) null: bool,
    pub(crate) quiet: bool,
    pub(crate) no_messages: bool,
    pub(crate) names: Option<bool>,
    pub(crate) replace: Option<String>,
    pub(crate) max_columns: Option<u64>,
    pub(crate) before: usize,
    pub(crate) after: usize,
    max_count: Option<u64>,
    /// Globs with whether case counts.
    pub(crate) globs: Vec<(String, bool)>,
    pub(crate) types: Vec<String>,
    pub(crate) types_not: Vec<String>,
    pub(crate) hidden: bool,
    pub(crate) no_ignore: bool,
    /// `.gitignore` counts outside a repository, too.
    pub(crate) no_require_git: bool,
    text: bool,
    pub(crate) max_depth: Option<usize>,
    pub(crate) max_filesize: Option<u64>,
    /// Sorted by path, descending.
    pub(crate) reverse: bool,
}

impl Args {
    #[allow(clippy::too_many_lines, reason = "one line for each option")]
    pub(crate) fn parse() -> Result<Self, Stop> {
        let mut args = Self {
            mode: Mode::Lines,
            patterns: Vec::new(),
            paths: Vec::new(),
            case: Case::Sensitive,
            word: false,
            line: false,
            fixed: false,
            invert: false,
            multiline: false,
            dotall: false,
            only_matching: false,
            line_number: false,
            column: false,
            byte_offset: false,
            heading: false,
            vimgrep: false,
            trim: false,
            null: false,
            quiet: false,
            no_messages: false,
            names: None,
            replace: None,
            max_columns: None,
            before: 0,
            after: 0,
            max_count: None,
            globs: Vec::new(),
            types: Vec::new(),
            types_not: Vec::new(),
            hidden: false,
            no_ignore: false,
            no_require_git: false,
            text: false,
            max_depth: None,
            max_filesize: None,
            reverse: false,
        };
        let mut parser = lexopt::Parser::from_env();
        let (mut words, mut given, mut unrestricted) = (Vec::new(), false, 0);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('e') | Long("regexp") => {
                    args.patterns.push(parser.value()?.string()?);
                    given = true;
                }
                Short('f') | Long("file") => {
                    let text = read(&parser.value()?.string()?)?;
                    args.patterns
                        .extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
                    given = true;
                }
                Short('i') | Long("ignore-case") => args.case = Case::Insensitive,
                Short('s') | Long("case-sensitive") => args.case = Case::Sensitive,
                Short('S') | Long("smart-case") => args.case = Case::Smart,
                Short('w') | Long("word-regexp") => args.word = true,
                Short('x') | Long("line-regexp") => args.line = true,
                Short('F') | Long("fixed-strings") => args.fixed = true,
                Short('v') | Long("invert-match") => args.invert = true,
                Short('U') | Long("multiline") => args.multiline = true,
                Long("multiline-dotall") => args.dotall = true,
                Short('o') | Long("only-matching") => args.only_matching = true,
                Short('n') | Long("line-number") => args.line_number = true,
                Short('N') | Long("no-line-number") => args.line_number = false,
                Long("column") => (args.column, args.line_number) = (true, true),
                Short('b') | Long("byte-offset") => args.byte_offset = true,
                Long("heading") => args.heading = true,
                Long("no-heading") => args.heading = false,
                Short('p') | Long("pretty") => (args.heading, args.line_number) = (true, true),
                Long("vimgrep") => {
                    (args.vimgrep, args.column, args.line_number, args.names) =
                        (true, true, true, Some(true));
                }
                Long("trim") => args.trim = true,
                Short('0') | Long("null") => args.null = true,
                Short('q') | Long("quiet") => args.quiet = true,
                Long("no-messages") => args.no_messages = true,
                Short('H') | Long("with-filename") => args.names = Some(true),
                Short('I') | Long("no-filename") => args.names = Some(false),
                Short('r') | Long("replace") => args.replace = Some(parser.value()?.string()?),
                Short('M') | Long("max-columns") => {
                    args.max_columns = Some(parser.value()?.parse()?)
                }
                Short('m') | Long("max-count") => args.max_count = Some(parser.value()?.parse()?),
                Short('A') | Long("after-context") => args.after = parser.value()?.parse()?,
                Short('B') | Long("before-context") => args.before = parser.value()?.parse()?,
                Short('C') | Long("context") => {
                    let lines = parser.value()?.parse()?;
                    (args.before, args.after) = (lines, lines);
                }
                Short('c') | Long("count") => args.mode = Mode::Count,
                Long("count-matches") => args.mode = Mode::CountMatches,
                Short('l') | Long("files-with-matches") => args.mode = Mode::WithMatch,
                Long("files-without-match") => args.mode = Mode::WithoutMatch,
                Long("json") => args.mode = Mode::Json,
                Long("files") => args.mode = Mode::Files,
                Long("type-list") => args.mode = Mode::Types,
                Short('g') | Long("glob") => args.globs.push((parser.value()?.string()?, true)),
                Long("iglob") => args.globs.push((parser.value()?.string()?, false)),
                Short('t') | Long("type") => args.types.push(parser.value()?.string()?),
                Short('T') | Long("type-not") => args.types_not.push(parser.value()?.string()?),
                Short('.') | Long("hidden") => args.hidden = true,
                Long("no-hidden") => args.hidden = false,
                Long("no-ignore") => args.no_ignore = true,
                Long("no-require-git") => args.no_require_git = true,
                Short('u') | Long("unrestricted") => unrestricted += 1,
                Short('a') | Long("text") => args.text = true,
                Short('d') | Long("max-depth" | "maxdepth") => {
                    args.max_depth = Some(parser.value()?.parse()?)
                }
                Long("max-filesize") => args.max_filesize = Some(size(&parser.value()?.string()?)?),
                // Paths come sorted as it is.
                Long(option @ ("sort" | "sortr")) => {
                    args.reverse = option == "sortr";
                    match parser.value()?.string()?.as_str() {
                        "path" | "none" => {}
                        other => {
                            return Err(Stop::new(format!(
                                "--sort {other}: results are sorted by path here"
                            )));
                        }
                    }
                }
                // There are no colours, threads, mappings and configuration files.
                Long("color" | "colors") | Short('j') | Long("threads" | "engine") => {
                    drop(parser.value()?)
                }
                Long(
                    "no-config" | "no-mmap" | "line-buffered" | "crlf" | "no-unicode"
                    | "sort-files",
                ) => {}
                Value(word) => words.push(word.string()?),
                other => return Err(refused(&other)),
            }
        }
        args.no_ignore |= unrestricted >= 1;
        args.hidden |= unrestricted >= 2;
        args.text |= unrestricted >= 3;
        let mut words = words.into_iter();
        if !given && !matches!(args.mode, Mode::Files | Mode::Types) {
            let pattern = words
                .next()
                .ok_or_else(|| Stop::new("a pattern is missing: rg [OPTIONS] PATTERN [PATH]..."))?;
            args.patterns.push(pattern);
        }
        args.paths.extend(words);
        Ok(args)
    }

    pub(crate) fn matcher(&self) -> Result<RegexMatcher, Stop> {
        let mut builder = RegexMatcherBuilder::new();
        builder
            .case_insensitive(self.case == Case::Insensitive)
            .case_smart(self.case == Case::Smart)
            .multi_line(true)
            .dot_matches_new_line(self.dotall)
            .word(self.word && !self.line)
            .whole_line(self.line)
            .fixed_strings(self.fixed)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED);
        if !self.multiline {
            builder.line_terminator(Some(b'\n'));
        }
        builder
            .build_many(&self.patterns)
            .map_err(|error| Stop::new(error.to_string()))
    }

    pub(crate) fn searcher(&self) -> Searcher {
        let lines = matches!(self.mode, Mode::Lines | Mode::Json) && !self.quiet;
        SearcherBuilder::new()
            .line_number(self.line_number || self.mode == Mode::Json)
            .invert_match(self.invert)
            .multi_line(self.multiline)
            .before_context(if lines { self.before } else { 0 })
            .after_context(if lines { self.after } else { 0 })
            .max_matches(self.max_count)
            .binary_detection(if self.text {
                BinaryDetection::none()
            } else {
                BinaryDetection::quit(0)
            })
            .build()
    }
}

fn refused(argument: &lexopt::Arg<'_>) -> Stop {
    let (option, reason) = match argument {
        Short('P') | Long("pcre2" | "auto-hybrid-regex") => (
            "-P",
            "look-around and back-references are not supported here",
        ),
        Short('z') | Long("search-zip") => ("-z", "decompress with `gzip -dk` first"),
        Short('L') | Long("follow") => ("-L", "symbolic links are not followed here"),
        Long("pre" | "pre-glob") => ("--pre", "a tool cannot start another one"),
        Short(letter) => {
            return Stop::new(format!(
                "-{letter}: there is no such option here; --help says what there is"
            ));
        }
        Long(name) => {
            return Stop::new(format!(
                "--{name}: there is no such option here; --help says what there is"
            ));
        }
        Value(_) => ("", "unexpected"),
    };
    Stop::new(format!("{option}: {reason}"))
}

/// `10`, `10K`, `10M` or `10G`.
fn size(text: &str) -> Result<u64, Stop> {
    let (digits, unit) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) => (
            digits,
            if text.ends_with('K') {
                1 << 10
            } else if text.ends_with('M') {
                1 << 20
            } else {
                1 << 30
            },
        ),
        None => (text, 1),
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| {
            Stop::new(format!(
                "{text:?} is not a size: expected 10, 10K, 10M or 10G"
            ))
        })
}
