//! Patterns of Perl (`grep -P`, `rg -P`), in the syntax of the regex crate and of fancy-regex.

use cofferdam_command::Stop;

use crate::perl_escape::{character, delimited, property};
use crate::perl_set;

/// Members of `\h`: horizontal space.
pub(crate) const HORIZONTAL: &str =
    r"\t \x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";

/// Members of `\v`: what breaks lines.
pub(crate) const VERTICAL: &str = r"\n\x0b\x0c\r\x{85}\x{2028}\x{2029}";

/// Characters that mean something to the engines where Perl has themselves.
const META: &str = r"\.+*?()|[]{}^$#&-~";

/// A translated pattern.
#[derive(Debug)]
pub struct Perl {
    /// The pattern in the syntax of the engines.
    pub pattern: String,
    /// It has look-around, back-references or the like, for which only
    /// [`Backtracking`](crate::Backtracking) searches.
    pub backtracks: bool,
}

/// Translates a pattern. Where the engines read something else than Perl, it is rewritten, and what
/// they do not have is refused.
///
/// # Errors
///
/// A sentence that says what is wrong with the pattern.
pub fn perl(pattern: &str) -> Result<Perl, Stop> {
    let wrong = |stop: Stop| Stop::new(format!("{pattern}: {}", stop.sentence()));
    let mut translation = Translation::default();
    let chars: Vec<char> = pattern.chars().collect();
    let mut rest = chars.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = translation.next(*first, after).map_err(wrong)?;
    }
    if !translation.open.is_empty() {
        return Err(wrong(Stop::new("missing closing parenthesis")));
    }
    Ok(Perl {
        pattern: translation.out,
        backtracks: translation.backtracks,
    })
}

/// A pattern on its way.
#[derive(Default)]
struct Translation {
    out: String,
    backtracks: bool,
    /// The start of the last atom, for a possessive operator.
    atom: usize,
    /// Starts of the open groups.
    open: Vec<usize>,
    groups: usize,
}

impl Translation {
    /// Translates what begins with `first`, and returns what follows it.
    fn next<'a>(&mut self, first: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        match first {
            '\\' => match after.split_first() {
                Some((escaped, after)) => self.escaped(*escaped, after),
                None => Err(Stop::new("\\ at end of pattern")),
            },
            '[' => {
                let set = perl_set::set(after)?;
                self.atom(&set.text);
                Ok(set.rest)
            }
            '(' => self.group(after),
            ')' => {
                self.atom = self
                    .open
                    .pop()
                    .ok_or_else(|| Stop::new("unmatched closing parenthesis"))?;
                self.out.push(')');
                Ok(after)
            }
            '*' | '+' | '?' => Ok(self.repeat(&first.to_string(), after)),
            '{' => match interval(after) {
                Some((interval, after)) => Ok(self.repeat(&interval, after)),
                None => {
                    self.atom("\\{");
                    Ok(after)
                }
            },
            '}' | ']' => {
                self.atom(&format!("\\{first}"));
                Ok(after)
            }
            '^' | '$' | '|' => {
                self.out.push(first);
                self.atom = self.out.len();
                Ok(after)
            }
            other => {
                self.atom(other.encode_utf8(&mut [0; 4]));
                Ok(after)
            }
        }
    }

    fn escaped<'a>(&mut self, char: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        match char {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' => self.atom(&format!("\\{char}")),
            'b' | 'B' | 'A' | 'z' => self.assertion(&format!("\\{char}")),
            'Z' | 'G' | 'K' => {
                self.backtracks = true;
                self.assertion(&format!("\\{char}"));
            }
            'h' => self.atom(&format!("[{HORIZONTAL}]")),
            'H' => self.atom(&format!("[^{HORIZONTAL}]")),
            'v' => self.atom(&format!("[{VERTICAL}]")),
            'V' => self.atom(&format!("[^{VERTICAL}]")),
            'N' => self.atom(r"[^\n]"),
            'R' => self.atom(&format!(r"(?:\r\n|[{VERTICAL}])")),
            'p' | 'P' => {
                let (name, after) = property(after)?;
                self.atom(&format!("\\{char}{name}"));
                return Ok(after);
            }
            'Q' => return Ok(self.quoted(after)),
            'E' => {}
            '1'..='9' => {
                let digits = after
                    .iter()
                    .take_while(|char| char.is_ascii_digit())
                    .count();
                let (more, after) = after.split_at_checked(digits).unwrap_or((after, &[]));
                let number: String = std::iter::once(&char).chain(more).collect();
                self.reference(&number)?;
                return Ok(after);
            }
            'k' => {
                let (name, after) = delimited(after)
                    .ok_or_else(|| Stop::new("\\k: expected a name, as in \\k<name>"))?;
                self.reference(&name)?;
                return Ok(after);
            }
            'g' => return self.numbered(after),
            'X' | 'C' => {
                return Err(Stop::new(format!("\\{char} is not supported here")));
            }
            other => {
                let (code, after) = character(other, after)?;
                self.literal(code);
                return Ok(after);
            }
        }
        Ok(after)
    }

    /// `\Q…\E`: text that stands for itself.
    fn quoted<'a>(&mut self, text: &'a [char]) -> &'a [char] {
        let end = text.windows(2).position(|two| two == ['\\', 'E']);
        let (quoted, after) = text
            .split_at_checked(end.unwrap_or(text.len()))
            .unwrap_or((text, &[]));
        for char in quoted {
            self.literal(*char);
        }
        after.get(2..).unwrap_or_default()
    }

    /// `\g1`, `\g{-1}`, `\g{name}` are back-references, `\g<name>` calls a group.
    fn numbered<'a>(&mut self, after: &'a [char]) -> Result<&'a [char], Stop> {
        if let Some(('<' | '\'', _)) = after.split_first() {
            let (name, after) = delimited(after)
                .ok_or_else(|| Stop::new("\\g: expected a name, as in \\g<name>"))?;
            self.call(&name)?;
            return Ok(after);
        }
        if let Some(('{', _)) = after.split_first() {
            let (name, after) = delimited(after)
                .ok_or_else(|| Stop::new("\\g: expected a number, as in \\g{1}"))?;
            self.reference(&name)?;
            return Ok(after);
        }
        let digits = after
            .iter()
            .take_while(|char| char.is_ascii_digit())
            .count();
        let (number, after) = after.split_at_checked(digits).unwrap_or((after, &[]));
        if number.is_empty() {
            return Err(Stop::new("\\g: expected a number, as in \\g{1}"));
        }
        self.reference(&number.iter().collect::<String>())?;
        Ok(after)
    }

    /// A back-reference to a number, a number of groups to the left, or a name.
    fn reference(&mut self, to: &str) -> Result<(), Stop> {
        self.backtracks = true;
        let to = self.absolute(to)?;
        // In a group, because a digit may follow.
        let text = match to.parse::<usize>() {
            Ok(number) => format!("(?:\\{number})"),
            Err(_) => format!("\\k<{to}>"),
        };
        self.atom(&text);
        Ok(())
    }

    /// Matches with the pattern of a group.
    fn call(&mut self, to: &str) -> Result<(), Stop> {
        self.backtracks = true;
        let to = self.absolute(to)?;
        self.atom(&format!("\\g<{to}>"));
        Ok(())
    }

    /// The number of a group that is counted from here.
    fn absolute(&self, to: &str) -> Result<String, Stop> {
        let number = match to.split_at_checked(1) {
            Some(("-", back)) => back
                .parse()
                .ok()
                .and_then(|back: usize| (self.groups + 1).checked_sub(back))
                .filter(|number| *number > 0),
            Some(("+", on)) => on.parse().ok().map(|on: usize| self.groups + on),
            _ => return Ok(to.to_owned()),
        };
        number
            .map(|number| number.to_string())
            .ok_or_else(|| Stop::new(format!("{to}: reference to a group that does not exist")))
    }

    /// Translates what follows `(`.
    fn group<'a>(&mut self, after: &'a [char]) -> Result<&'a [char], Stop> {
        let text: String = after.iter().take(MAX_GROUP_HEAD).collect();
        if let Some(verb) = text.strip_prefix('*') {
            return self.verb(verb, after);
        }
        let Some(kind) = text.strip_prefix('?') else {
            self.groups += 1;
            self.open("(");
            return Ok(after);
        };
        let skip = |count: usize| after.get(count..).unwrap_or_default();
        for head in ["<=", "<!", "=", "!", ">"] {
            if kind.starts_with(head) {
                self.backtracks = true;
                self.open(&format!("(?{head}"));
                return Ok(skip(1 + head.len()));
            }
        }
        let name_end = |close: char| kind.find(close).unwrap_or_default();
        match kind.chars().next() {
            Some('#') => Ok(after
                .iter()
                .position(|char| *char == ')')
                .and_then(|end| after.get(end + 1..))
                .unwrap_or_default()),
            Some('(') => {
                self.backtracks = true;
                self.open("(?");
                Ok(skip(1))
            }
            Some('|') => Err(Stop::new(
                "(?|…) is not supported here: give each alternative a group of its own",
            )),
            Some('\'') => {
                let end = kind
                    .get(1..)
                    .and_then(|rest| rest.find('\''))
                    .unwrap_or_default();
                self.groups += 1;
                self.open(&format!("(?<{}>", kind.get(1..=end).unwrap_or_default()));
                Ok(skip(end + 3))
            }
            Some('<') => {
                self.groups += 1;
                self.open(&format!(
                    "(?{}",
                    kind.get(..=name_end('>')).unwrap_or_default()
                ));
                Ok(skip(name_end('>') + 2))
            }
            Some('P') if kind.starts_with("P<") => {
                self.groups += 1;
                self.open(&format!(
                    "(?{}",
                    kind.get(1..=name_end('>')).unwrap_or_default()
                ));
                Ok(skip(name_end('>') + 2))
            }
            Some('P') if kind.starts_with("P=") => {
                self.reference(kind.get(2..name_end(')')).unwrap_or_default())?;
                Ok(skip(name_end(')') + 2))
            }
            Some('P') if kind.starts_with("P>") => {
                self.call(kind.get(2..name_end(')')).unwrap_or_default())?;
                Ok(skip(name_end(')') + 2))
            }
            Some('&') => {
                self.call(kind.get(1..name_end(')')).unwrap_or_default())?;
                Ok(skip(name_end(')') + 2))
            }
            Some('R') => {
                self.call("0")?;
                Ok(skip(name_end(')') + 2))
            }
            Some('0'..='9' | '+') => {
                self.call(kind.get(..name_end(')')).unwrap_or_default())?;
                Ok(skip(name_end(')') + 2))
            }
            Some('-')
                if kind
                    .chars()
                    .nth(1)
                    .is_some_and(|char| char.is_ascii_digit()) =>
            {
                self.call(kind.get(..name_end(')')).unwrap_or_default())?;
                Ok(skip(name_end(')') + 2))
            }
            _ => self.flags(kind, after),
        }
    }

    /// `(?i)` and `(?i:`.
    fn flags<'a>(&mut self, kind: &str, after: &'a [char]) -> Result<&'a [char], Stop> {
        let end =
            kind.find(|char: char| !matches!(char, 'i' | 'm' | 's' | 'x' | 'n' | 'U' | '-' | '^'));
        let (flags, close) = match end.and_then(|end| Some((kind.get(..end)?, kind.get(end..)?))) {
            Some((flags, rest)) => (flags, rest.chars().next()),
            None => (kind, None),
        };
        if flags.contains(['n', '^']) {
            return Err(Stop::new(format!(
                "(?{flags}: such flags are not supported here"
            )));
        }
        let rest = after.get(flags.len() + 2..).unwrap_or_default();
        match close {
            Some(':') => self.open(&format!("(?{flags}:")),
            Some(')') if flags.is_empty() => {}
            Some(')') => {
                self.out.push_str(&format!("(?{flags})"));
                self.atom = self.out.len();
            }
            _ => {
                return Err(Stop::new(format!(
                    "(?{}: there is no such group here",
                    kind.chars().take(2).collect::<String>()
                )));
            }
        }
        Ok(rest)
    }

    /// `(*UTF8)` and the like: what is so anyway is dropped.
    fn verb<'a>(&mut self, verb: &str, after: &'a [char]) -> Result<&'a [char], Stop> {
        let name = verb.split(')').next().unwrap_or_default();
        match name {
            "UTF" | "UTF8" | "UCP" | "ANYCRLF" => {}
            "F" | "FAIL" => {
                self.backtracks = true;
                self.atom("(*FAIL)");
            }
            name => {
                return Err(Stop::new(format!("(*{name}) is not supported here")));
            }
        }
        Ok(after.get(name.len() + 2..).unwrap_or_default())
    }

    /// A repetition, which may be lazy (`?`) or possessive (`+`). Returns what follows.
    fn repeat<'a>(&mut self, operator: &str, after: &'a [char]) -> &'a [char] {
        self.out.push_str(operator);
        match after.split_first() {
            Some(('?', after)) => {
                self.out.push('?');
                after
            }
            Some(('+', after)) => {
                self.backtracks = true;
                self.out.insert_str(self.atom, "(?>");
                self.out.push(')');
                after
            }
            _ => after,
        }
    }

    fn open(&mut self, head: &str) {
        self.open.push(self.out.len());
        self.out.push_str(head);
        self.atom = self.out.len();
    }

    fn atom(&mut self, text: &str) {
        self.atom = self.out.len();
        self.out.push_str(text);
    }

    fn assertion(&mut self, text: &str) {
        self.atom(text);
    }

    fn literal(&mut self, char: char) {
        match META.contains(char) {
            true => self.atom(&format!("\\{char}")),
            false => self.atom(char.encode_utf8(&mut [0; 4])),
        }
    }
}

/// Characters in which the head of a group is looked for: names have at most 32.
const MAX_GROUP_HEAD: usize = 64;

/// `m}`, `m,}` or `m,n}` as an operator, and what follows; anything else is text.
fn interval(text: &[char]) -> Option<(String, &[char])> {
    let end = text.iter().position(|char| *char == '}')?;
    let numbers: String = text.get(..end)?.iter().collect();
    let (least, most) = numbers.split_once(',').unwrap_or((&numbers, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let valid = !least.is_empty() && is_number(least) && is_number(most);
    valid.then(|| {
        (
            format!("{{{numbers}}}"),
            text.get(end + 1..).unwrap_or_default(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::perl;

    #[test]
    fn what_the_engines_read_otherwise_is_rewritten() {
        let check = |pattern: &str, expected: &str, backtracks: bool| {
            let Ok(translated) = perl(pattern) else {
                panic!("{pattern} is refused");
            };
            assert_eq!(translated.pattern, expected, "{pattern}");
            assert_eq!(translated.backtracks, backtracks, "{pattern}");
        };
        check(r"[^[]+\[", r"[^\[]+\[", false);
        check(r"[a&&b-]", r"[a\&\&b\-]", false);
        check(r"[\w-.]", r"[\w\-.]", false);
        check(r"a{,2}{", r"a\{,2\}\{", false);
        check(r"\d++5", r"(?>\d+)5", true);
        check(r"(?<=x)y\K", r"(?<=x)y\K", true);
        check(r"\<b\>\/", r"<b>/", false);
        check(r"(a)\g{-1}\x41\0", "(a)(?:\\1)A\0", true);
        check(r"\Qa.b\E+", r"a\.b+", false);
        check(r"(?<n>a)(?P=n)", r"(?<n>a)\k<n>", true);
        check(r"(?#none)(?i)a(?R)?", r"(?i)a\g<0>?", true);
        check(r"[[:alpha:]\]]", r"[[:alpha:]\]]", false);
    }

    #[test]
    fn what_there_is_not_is_refused() {
        for pattern in ["(a", "a)", "[a", r"\X", r"\y", "(?|a)", "(*SKIP)", "a\\"] {
            assert!(perl(pattern).is_err(), "{pattern}");
        }
    }
}
