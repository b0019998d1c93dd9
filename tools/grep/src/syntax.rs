//! Patterns of POSIX, with GNU's additions, in the syntax of Rust's regex crate.

use cofferdam_command::Stop;
use grep::regex::{RegexMatcher, RegexMatcherBuilder};

use crate::args::{Args, Syntax};

/// What means something outside brackets to the regex crate.
const META: &str = r"\.+*?()|[]{}^$#&-~";

/// What means something inside brackets to the regex crate.
const SET_META: &str = r"\[]^&~-";

/// The largest compiled pattern, in bytes: what the default memory of a call has room for beside
/// the search.
const MAX_COMPILED: usize = 16 << 20;

/// The matcher for all patterns together.
pub(crate) fn matcher(args: &Args) -> Result<RegexMatcher, Stop> {
    let mut builder = RegexMatcherBuilder::new();
    builder
        .case_insensitive(args.ignore_case)
        .multi_line(true)
        .word(args.word && !args.line)
        .whole_line(args.line)
        .fixed_strings(args.syntax == Syntax::Fixed)
        .line_terminator(Some(b'\n'))
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED);
    let patterns = args.patterns.iter().map(|pattern| match args.syntax {
        Syntax::Fixed | Syntax::Perl => Ok(pattern.clone()),
        Syntax::Basic => Translation::of(pattern, false),
        Syntax::Extended => Translation::of(pattern, true),
    });
    let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
    builder.build_many(&patterns).map_err(|error| {
        let hint = match args.syntax {
            Syntax::Perl => " (-P has no look-around and no back-references here)",
            _ => "",
        };
        Stop::new(format!("{error}{hint}"))
    })
}

/// A pattern on its way.
struct Translation {
    extended: bool,
    out: String,
    /// Where the last atom begins, for what repeats it. `None` where nothing can be repeated.
    atom: Option<usize>,
    /// Whether the last atom is repeated already.
    repeated: bool,
    groups: Vec<usize>,
}

impl Translation {
    fn of(pattern: &str, extended: bool) -> Result<String, Stop> {
        let mut translation = Self {
            extended,
            out: String::new(),
            atom: None,
            repeated: false,
            groups: Vec::new(),
        };
        let chars: Vec<char> = pattern.chars().collect();
        let mut rest = chars.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = match (first, after.split_first()) {
                ('\\', None) => return Err(Stop::new(format!("{pattern}: Trailing backslash"))),
                ('\\', Some((escaped, after))) => translation.escaped(*escaped, after)?,
                ('[', _) => translation
                    .set(after)
                    .ok_or_else(|| Stop::new(format!("{pattern}: Unmatched [")))?,
                (plain, _) => translation.plain(*plain, after),
            };
        }
        match translation.groups.is_empty() {
            true => Ok(translation.out),
            false => Err(Stop::new(format!("{pattern}: Unmatched ( or \\("))),
        }
    }

    /// A character after a backslash. Returns what follows.
    fn escaped<'a>(&mut self, char: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        match char {
            '<' => self.assertion(r"\b{start}"),
            '>' => self.assertion(r"\b{end}"),
            'b' => self.assertion(r"\b"),
            'B' => self.assertion(r"\B"),
            '`' => self.assertion(r"\A"),
            '\'' => self.assertion(r"\z"),
            'w' | 'W' | 's' | 'S' => self.atom(&format!("\\{char}")),
            '1'..='9' => {
                return Err(Stop::new(format!(
                    "\\{char}: back-references are not supported here; search in two steps"
                )));
            }
            '(' | ')' | '|' | '{' | '+' | '?' if !self.extended => {
                return Ok(self.operator(char, after));
            }
            other => self.literal(other),
        }
        Ok(after)
    }

    /// A character that stands for itself, unless it is an operator here.
    fn plain<'a>(&mut self, char: char, after: &'a [char]) -> &'a [char] {
        let at_start = self.atom.is_none() && !self.out.ends_with('^');
        match char {
            '.' => self.atom("."),
            '*' => return self.operator('*', after),
            '(' | ')' | '|' | '{' | '+' | '?' if self.extended => {
                return self.operator(char, after);
            }
            '^' if self.extended || at_start => self.assertion("^"),
            '$' if self.extended || ends_here(after) => self.assertion("$"),
            other => self.literal(other),
        }
        after
    }

    fn operator<'a>(&mut self, char: char, after: &'a [char]) -> &'a [char] {
        match char {
            '(' => {
                self.groups.push(self.out.len());
                self.out.push_str("(?:");
                self.atom = None;
            }
            ')' => match self.groups.pop() {
                Some(start) => {
                    self.out.push(')');
                    (self.atom, self.repeated) = (Some(start), false);
                }
                None => self.literal(')'),
            },
            '|' => {
                self.out.push('|');
                self.atom = None;
            }
            '{' => match interval(after, self.extended) {
                Some((interval, rest)) => {
                    self.repeat(&interval, '{');
                    return rest;
                }
                None => self.literal('{'),
            },
            other => self.repeat(&other.to_string(), other),
        }
        after
    }

    fn repeat(&mut self, operator: &str, char: char) {
        let Some(start) = self.atom else {
            // There is nothing to repeat: it stands for itself.
            return self.literal(char);
        };
        if self.repeated {
            // Two in a row mean something else to the regex crate.
            self.out.insert_str(start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(operator);
        self.repeated = true;
    }

    fn atom(&mut self, text: &str) {
        (self.atom, self.repeated) = (Some(self.out.len()), false);
        self.out.push_str(text);
    }

    fn assertion(&mut self, text: &str) {
        self.out.push_str(text);
        self.atom = None;
    }

    fn literal(&mut self, char: char) {
        self.atom(&escape(char, META));
    }

    /// A bracket expression, after its `[`. Returns what follows, and nothing when it has no end.
    fn set<'a>(&mut self, text: &'a [char]) -> Option<&'a [char]> {
        let mut set = "[".to_owned();
        let mut rest = text;
        if let ['^', after @ ..] = rest {
            set.push('^');
            rest = after;
        }
        let mut first = true;
        loop {
            rest = match rest {
                [']', after @ ..] if !first => {
                    set.push(']');
                    self.atom(&set);
                    return Some(after);
                }
                ['[', kind @ (':' | '.' | '='), after @ ..] => {
                    let end = after.windows(2).position(|two| two == [*kind, ']'])?;
                    let (name, after) = after.split_at_checked(end)?;
                    let name: String = name.iter().collect();
                    set.push_str(&if *kind == ':' {
                        class(&name)?.to_owned()
                    } else {
                        literals(&name)
                    });
                    after.get(2..)?
                }
                [from, '-', to, after @ ..] if *to != ']' => {
                    set.push_str(&escape(*from, SET_META));
                    set.push('-');
                    set.push_str(&escape(*to, SET_META));
                    after
                }
                [one, after @ ..] => {
                    set.push_str(&escape(*one, SET_META));
                    after
                }
                [] => return None,
            };
            first = false;
        }
    }
}

fn escape(char: char, meta: &str) -> String {
    if meta.contains(char) {
        format!("\\{char}")
    } else {
        char.to_string()
    }
}

fn literals(text: &str) -> String {
    text.chars().map(|char| escape(char, SET_META)).collect()
}

/// Whether `$` ends a basic expression here.
fn ends_here(after: &[char]) -> bool {
    matches!(after, [] | ['\\', ')' | '|', ..])
}

/// `m,n}` or `m,n\}` as an operator of the regex crate, and what follows.
fn interval(text: &[char], extended: bool) -> Option<(String, &[char])> {
    let end = text
        .iter()
        .position(|char| !char.is_ascii_digit() && *char != ',')?;
    let (numbers, after) = text.split_at_checked(end)?;
    let after = match (extended, after) {
        (true, ['}', after @ ..]) | (false, ['\\', '}', after @ ..]) => after,
        _ => return None,
    };
    let numbers: String = numbers.iter().collect();
    let numbers = match numbers.split_once(',') {
        Some((_, most)) if most.contains(',') => return None,
        Some(("", most)) => format!("0,{most}"),
        None if numbers.is_empty() => return None,
        _ => numbers,
    };
    Some((format!("{{{numbers}}}"), after))
}

/// Classes beyond ASCII, as in a UTF-8 locale.
fn class(name: &str) -> Option<&'static str> {
    Some(match name {
        "alpha" => r"\p{Alphabetic}",
        "digit" => "0-9",
        "alnum" => r"\p{Alphabetic}\p{Nd}",
        "upper" => r"\p{Uppercase}",
        "lower" => r"\p{Lowercase}",
        "space" => r"\s",
        "blank" => r" \t",
        "punct" => r"\p{P}\p{S}",
        "print" => r"[^\p{C}]",
        "graph" => r"[^\p{C}\s]",
        "cntrl" => r"\p{Cc}",
        "xdigit" => "0-9A-Fa-f",
        _ => return None,
    })
}
