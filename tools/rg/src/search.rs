//! Patterns, and how they match.

use cofferdam_command::{Stop, read};
use cofferdam_pattern::{Backtracking, BacktrackingOptions, Engine, MAX_COMPILED, perl};
use grep::matcher::LineTerminator;
use grep::regex::RegexMatcherBuilder;
use grep::searcher::{BinaryDetection, Encoding, SearcherBuilder};

use crate::args::size;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Case {
    #[default]
    Sensitive,
    Insensitive,
    Smart,
}

/// Which engine searches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Choice {
    /// The automata, without look-around.
    #[default]
    Automata,
    /// `-P`
    Perl,
    /// `--engine auto`: the automata, and `-P` for what they refuse.
    Auto,
}

/// The way text is read from bytes.
#[derive(Default)]
enum Decoding {
    /// UTF-16 is recognized by its byte order mark.
    #[default]
    Sniffed,
    /// `-E none`: bytes as they are.
    Raw,
    /// `-E LABEL`
    Named(Encoding),
}

/// Patterns, and how they match.
#[derive(Default)]
pub(crate) struct Search {
    pub(crate) patterns: Vec<String>,
    /// Patterns were given by options, so that no argument is one.
    pub(crate) given: bool,
    case: Case,
    choice: Choice,
    word: bool,
    line: bool,
    fixed: bool,
    invert: bool,
    multiline: bool,
    dotall: bool,
    crlf: bool,
    null_data: bool,
    ascii: bool,
    stop_on_nonmatch: bool,
    max_count: Option<u64>,
    /// `-a`: what holds zero bytes is text.
    pub(crate) text: bool,
    /// `--binary`: what holds zero bytes is searched also where it was not named.
    binary: bool,
    decoding: Decoding,
    compiled_limit: Option<usize>,
    cache_limit: Option<usize>,
}

impl Search {
    /// Takes an option, if it is one of these.
    pub(crate) fn take(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<bool, Stop> {
        let mut value = || -> Result<String, Stop> {
            let value = parser.value()?;
            Ok(value.to_string_lossy().into_owned())
        };
        match option {
            "-e" | "--regexp" => {
                self.patterns.push(value()?);
                self.given = true;
            }
            "-f" | "--file" => {
                let text = read(&value()?)?;
                self.patterns
                    .extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
                self.given = true;
            }
            "-i" | "--ignore-case" => self.case = Case::Insensitive,
            "-s" | "--case-sensitive" => self.case = Case::Sensitive,
            "-S" | "--smart-case" => self.case = Case::Smart,
            "-w" | "--word-regexp" => (self.word, self.line) = (true, false),
            "-x" | "--line-regexp" => (self.line, self.word) = (true, false),
            "-F" | "--fixed-strings" => self.fixed = true,
            "--no-fixed-strings" => self.fixed = false,
            "-v" | "--invert-match" => self.invert = true,
            "--no-invert-match" => self.invert = false,
            "-U" | "--multiline" => (self.multiline, self.stop_on_nonmatch) = (true, false),
            "--no-multiline" => self.multiline = false,
            "--multiline-dotall" => self.dotall = true,
            "--no-multiline-dotall" => self.dotall = false,
            "--crlf" => (self.crlf, self.null_data) = (true, false),
            "--no-crlf" => self.crlf = false,
            "--null-data" => (self.null_data, self.crlf) = (true, false),
            "--no-unicode" | "--no-pcre2-unicode" => self.ascii = true,
            "--unicode" | "--pcre2-unicode" => self.ascii = false,
            "--stop-on-nonmatch" => (self.stop_on_nonmatch, self.multiline) = (true, false),
            "-P" | "--pcre2" => self.choice = Choice::Perl,
            "--no-pcre2" | "--no-auto-hybrid-regex" => self.choice = Choice::Automata,
            "--auto-hybrid-regex" => self.choice = Choice::Auto,
            "--engine" => {
                self.choice = match value()?.as_str() {
                    "default" => Choice::Automata,
                    "pcre2" => Choice::Perl,
                    "auto" => Choice::Auto,
                    other => {
                        return Err(Stop::new(format!(
                            "--engine {other}: expected default, pcre2 or auto"
                        )));
                    }
                }
            }
            "-m" | "--max-count" => self.max_count = Some(number(option, &value()?)?),
            "-a" | "--text" => (self.text, self.binary) = (true, false),
            "--no-text" => self.text = false,
            "--binary" => (self.binary, self.text) = (true, false),
            "--no-binary" => self.binary = false,
            "-E" | "--encoding" => self.decoding = decoding(&value()?)?,
            "--no-encoding" => self.decoding = Decoding::Sniffed,
            "--regex-size-limit" => self.compiled_limit = Some(limit(&value()?)?),
            "--dfa-size-limit" => self.cache_limit = Some(limit(&value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The engine for all patterns together.
    pub(crate) fn engine(&self) -> Result<Engine, Stop> {
        match self.choice {
            Choice::Automata => self.automata(&self.patterns).map_err(|stop| {
                let hint = if stop.sentence().contains("look-around")
                    || stop.sentence().contains("backreferences")
                {
                    "\n-P has look-around and back-references"
                } else {
                    ""
                };
                Stop::new(format!("{}{hint}", stop.sentence()))
            }),
            Choice::Perl => self.perl(),
            Choice::Auto => self.automata(&self.patterns).or_else(|_| self.perl()),
        }
    }

    fn automata(&self, patterns: &[String]) -> Result<Engine, Stop> {
        let mut builder = RegexMatcherBuilder::new();
        builder
            .case_insensitive(self.case == Case::Insensitive)
            .case_smart(self.case == Case::Smart)
            .multi_line(true)
            .dot_matches_new_line(self.dotall)
            .unicode(!self.ascii)
            .octal(false)
            .word(self.word)
            .whole_line(self.line)
            .fixed_strings(self.fixed)
            .size_limit(self.compiled_limit.unwrap_or(MAX_COMPILED))
            .dfa_size_limit(self.cache_limit.unwrap_or(MAX_COMPILED));
        if self.multiline {
            builder.crlf(self.crlf);
            if self.crlf {
                builder.line_terminator(None);
            }
        } else {
            builder
                .line_terminator(Some(b'\n'))
                .dot_matches_new_line(false);
            if self.crlf {
                builder.crlf(true);
            }
            if self.null_data {
                builder.line_terminator(Some(0));
            }
        }
        let matcher = builder
            .build_many(patterns)
            .map_err(|error| Stop::new(error.to_string()))?;
        Ok(Engine::Automaton(Box::new(matcher)))
    }

    fn perl(&self) -> Result<Engine, Stop> {
        if self.fixed {
            return self.automata(&self.patterns);
        }
        let (mut translated, mut backtracks) = (Vec::new(), false);
        for pattern in &self.patterns {
            let perl = perl(pattern)?;
            backtracks |= perl.backtracks;
            translated.push(perl.pattern);
        }
        if !backtracks {
            return self.automata(&translated);
        }
        let joined = match translated.as_slice() {
            [one] => one.clone(),
            many => many
                .iter()
                .map(|one| format!("(?:{one})"))
                .collect::<Vec<_>>()
                .join("|"),
        };
        let whole = match () {
            () if self.line => format!("^(?:{joined})$"),
            () if self.word => format!(r"(?<!\w)(?:{joined})(?!\w)"),
            () => joined,
        };
        let ignore_case = match self.case {
            Case::Sensitive => false,
            Case::Insensitive => true,
            Case::Smart => !self.patterns.iter().any(|pattern| has_capital(pattern)),
        };
        let options = BacktrackingOptions {
            ignore_case,
            dot_all: self.dotall && self.multiline,
            multi_line: true,
            crlf: self.crlf,
            longest: false,
            ascii: self.ascii,
            line_end: (!self.multiline).then_some(if self.null_data { 0 } else { b'\n' }),
        };
        let engine = Backtracking::new(&whole, options)?;
        Ok(Engine::Backtracking(Box::new(engine)))
    }

    /// Settings of the searcher, but for what is shown around matches.
    pub(crate) fn searcher(&self) -> SearcherBuilder {
        let mut builder = SearcherBuilder::new();
        builder
            .invert_match(self.invert)
            .multi_line(self.multiline)
            .stop_on_nonmatch(self.stop_on_nonmatch)
            .max_matches(self.max_count)
            .line_terminator(match () {
                () if self.null_data => LineTerminator::byte(0),
                () if self.crlf => LineTerminator::crlf(),
                () => LineTerminator::byte(b'\n'),
            });
        match &self.decoding {
            Decoding::Sniffed => builder.bom_sniffing(true),
            Decoding::Raw => builder.bom_sniffing(false),
            Decoding::Named(encoding) => builder.encoding(Some(encoding.clone())),
        };
        builder
    }

    /// Treatment of zero bytes: a file that was named is searched to its end.
    pub(crate) fn binary(&self, named: bool) -> BinaryDetection {
        match () {
            () if self.text || self.null_data => BinaryDetection::none(),
            () if named || self.binary => BinaryDetection::convert(0),
            () => BinaryDetection::quit(0),
        }
    }

    /// Returns true if what does not match is shown.
    pub(crate) fn is_inverted(&self) -> bool {
        self.invert
    }
}

/// Returns true if there is a capital letter that means itself: in `\S` and `\W` it does not.
fn has_capital(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|char| {
        let counts = !escaped;
        escaped = char == '\\' && !escaped;
        counts && char.is_uppercase()
    })
}

fn decoding(label: &str) -> Result<Decoding, Stop> {
    Ok(match label {
        "auto" => Decoding::Sniffed,
        "none" => Decoding::Raw,
        label => Decoding::Named(
            Encoding::new(label).map_err(|error| Stop::new(format!("-E {label}: {error}")))?,
        ),
    })
}

/// A size of what is compiled; beyond the memory of a call there is no point in it.
fn limit(text: &str) -> Result<usize, Stop> {
    Ok(usize::try_from(size(text)?).map_or(MAX_COMPILED, |size| size.min(MAX_COMPILED)))
}

/// The number that is the value of an option.
pub(crate) fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, Stop> {
    text.parse()
        .map_err(|_| Stop::new(format!("{option} {text}: expected a number")))
}
