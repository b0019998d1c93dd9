//! Patterns of POSIX, with GNU's additions, in the syntax of Rust's regex crate.

use cofferdam_command::Stop;

use crate::posix_set;

/// Characters that mean something outside brackets to the regex crate.
const META: &str = r"\.+*?()|[]{}^$#&-~";

/// Spellings of POSIX patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// `\(`, `\|`, `\+`, `\?` and `\{` are operators.
    Basic,
    /// `(`, `|`, `+`, `?` and `{` are operators.
    Extended,
    /// `\(`, `\|`, `+` and `?` are operators, and there are no intervals: `find -regex`.
    Emacs,
}

/// A translated pattern.
#[derive(Debug)]
pub struct Posix {
    /// The pattern in the syntax of the regex crate, with back-references as fancy-regex has them.
    pub pattern: String,
    /// It has back-references, for which only [`Backtracking`](crate::Backtracking) searches.
    pub back_references: bool,
    /// The number of its groups.
    pub groups: usize,
    /// Letters that were written with a backslash and mean nothing by it.
    pub stray: Vec<char>,
}

/// Translates a pattern. `groups_before` is the number of groups in patterns that will stand before
/// it, because the engine counts groups from the left of all of them.
///
/// # Errors
///
/// A sentence that says what is wrong with the pattern.
pub fn posix(pattern: &str, flavor: Flavor, groups_before: usize) -> Result<Posix, Stop> {
    let wrong = |stop: Stop| Stop::new(format!("{pattern}: {}", stop.sentence()));
    let mut translation = Translation {
        flavor,
        groups_before,
        out: String::new(),
        atom: None,
        repeated: false,
        open: Vec::new(),
        groups: 0,
        back_references: false,
        stray: Vec::new(),
    };
    let chars: Vec<char> = pattern.chars().collect();
    let mut rest = chars.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after.split_first()) {
            ('\\', None) => return Err(wrong(Stop::new("Trailing backslash"))),
            ('\\', Some((escaped, after))) => {
                translation.escaped(*escaped, after).map_err(wrong)?
            }
            ('[', _) => translation.set(after).map_err(wrong)?,
            (plain, _) => translation.plain(*plain, after).map_err(wrong)?,
        };
    }
    if !translation.open.is_empty() {
        return Err(wrong(Stop::new("Unmatched ( or \\(")));
    }
    Ok(Posix {
        pattern: translation.out,
        back_references: translation.back_references,
        groups: translation.groups,
        stray: translation.stray,
    })
}

/// A pattern on its way.
struct Translation {
    flavor: Flavor,
    groups_before: usize,
    out: String,
    /// The start of the last atom, for what repeats it. `None` where nothing can be repeated.
    atom: Option<usize>,
    /// The last atom is repeated already.
    repeated: bool,
    /// Starts of the open groups.
    open: Vec<usize>,
    groups: usize,
    back_references: bool,
    stray: Vec<char>,
}

impl Translation {
    /// A character after a backslash. Returns what follows.
    fn escaped<'a>(&mut self, char: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        let operator = match self.flavor {
            Flavor::Basic => matches!(char, '(' | ')' | '|' | '{' | '+' | '?'),
            Flavor::Emacs => matches!(char, '(' | ')' | '|'),
            Flavor::Extended => false,
        };
        if operator {
            return self.operator(char, after);
        }
        match char {
            '<' => self.assertion(r"\b{start}"),
            '>' => self.assertion(r"\b{end}"),
            'b' => self.assertion(r"\b"),
            'B' => self.assertion(r"\B"),
            '`' => self.assertion(r"\A"),
            '\'' => self.assertion(r"\z"),
            'w' | 'W' | 's' | 'S' => self.atom(&format!("\\{char}")),
            '1'..='9' => self.back_reference(char)?,
            other => {
                if other.is_alphanumeric() {
                    self.stray.push(other);
                }
                self.literal(other);
            }
        }
        Ok(after)
    }

    fn back_reference(&mut self, digit: char) -> Result<(), Stop> {
        let number = digit.to_digit(10).map_or(0, |digit| digit as usize);
        if number > self.groups {
            return Err(Stop::new("Invalid back reference"));
        }
        self.back_references = true;
        // In a group, because a digit may follow.
        self.atom(&format!("(?:\\{})", self.groups_before + number));
        Ok(())
    }

    /// A character that stands for itself, unless it is an operator here.
    fn plain<'a>(&mut self, char: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        let at_start = self.atom.is_none() && !self.out.ends_with('^');
        let operator = match self.flavor {
            Flavor::Basic => char == '*',
            Flavor::Emacs => matches!(char, '*' | '+' | '?'),
            Flavor::Extended => matches!(char, '*' | '(' | ')' | '|' | '{' | '+' | '?'),
        };
        if operator {
            return self.operator(char, after);
        }
        match char {
            '.' => self.atom("."),
            '^' if self.flavor == Flavor::Extended || at_start => self.assertion("^"),
            '$' if self.flavor == Flavor::Extended || ends_here(after) => self.assertion("$"),
            other => self.literal(other),
        }
        Ok(after)
    }

    fn operator<'a>(&mut self, char: char, after: &'a [char]) -> Result<&'a [char], Stop> {
        match char {
            '(' => {
                self.open.push(self.out.len());
                self.groups += 1;
                self.out.push('(');
                self.atom = None;
            }
            ')' => match self.open.pop() {
                Some(start) => {
                    self.out.push(')');
                    (self.atom, self.repeated) = (Some(start), false);
                }
                None if self.flavor == Flavor::Extended => self.literal(')'),
                None => return Err(Stop::new("Unmatched ) or \\)")),
            },
            '|' => {
                self.out.push('|');
                self.atom = None;
            }
            '{' => match interval(after, self.flavor) {
                Some((interval, rest)) => {
                    self.repeat(&interval, '{');
                    return Ok(rest);
                }
                None if self.flavor == Flavor::Basic => {
                    return Err(Stop::new("Unmatched \\{, or what is in it is no number"));
                }
                None => self.literal('{'),
            },
            other => self.repeat(&other.to_string(), other),
        }
        Ok(after)
    }

    fn repeat(&mut self, operator: &str, char: char) {
        let Some(start) = self.atom else {
            // There is nothing to repeat: in an extended pattern it means nothing, else itself.
            if self.flavor != Flavor::Extended {
                self.literal(char);
            }
            return;
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
        match META.contains(char) {
            true => self.atom(&format!("\\{char}")),
            false => self.atom(char.encode_utf8(&mut [0; 4])),
        }
    }

    /// A bracket expression, after its `[`. Returns what follows.
    fn set<'a>(&mut self, text: &'a [char]) -> Result<&'a [char], Stop> {
        let set = posix_set::set(text)?;
        self.atom(&set.text);
        Ok(set.rest)
    }
}

/// Returns true if `$` ends a basic expression here.
fn ends_here(after: &[char]) -> bool {
    matches!(after, [] | ['\\', ')' | '|', ..])
}

/// `m,n}` or `m,n\}` as an operator of the regex crate, and what follows.
fn interval(text: &[char], flavor: Flavor) -> Option<(String, &[char])> {
    let end = text
        .iter()
        .position(|char| !char.is_ascii_digit() && *char != ',')?;
    let (numbers, after) = text.split_at_checked(end)?;
    let after = match (flavor, after) {
        (Flavor::Extended, ['}', after @ ..]) | (Flavor::Basic, ['\\', '}', after @ ..]) => after,
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

#[cfg(test)]
mod tests {
    use super::{Flavor, posix};

    #[test]
    fn patterns_are_translated() {
        let check = |pattern: &str, flavor, expected: &str| {
            let translated = posix(pattern, flavor, 0).map(|posix| posix.pattern);
            assert_eq!(translated.ok().as_deref(), Some(expected), "{pattern}");
        };
        check(r"a\+(b)", Flavor::Basic, r"a+\(b\)");
        check(r"a+\(b\)", Flavor::Extended, r"a+\(b\)");
        check(r".*/\(a\|b\)+", Flavor::Emacs, r".*/(a|b)+");
        check(r"x{2}", Flavor::Emacs, r"x\{2\}");
        check(r"\(a\)\10", Flavor::Basic, r"(a)(?:\1)0");
        check(r"[]&-]**", Flavor::Basic, r"(?:[\]\&\-]*)*");
        check(r"*a^b$c$", Flavor::Basic, r"\*a\^b\$c$");
    }

    #[test]
    fn mistakes_are_refused() {
        for (pattern, flavor) in [
            (r"a\{1", Flavor::Basic),
            ("(a", Flavor::Extended),
            (r"\(a", Flavor::Basic),
            (r"a\)", Flavor::Basic),
            ("[a", Flavor::Extended),
            ("[:space:]", Flavor::Basic),
            ("[[:spaces:]]", Flavor::Basic),
            ("[z-a]", Flavor::Basic),
            (r"\(a\)\2", Flavor::Basic),
            ("a\\", Flavor::Basic),
        ] {
            assert!(posix(pattern, flavor, 0).is_err(), "{pattern}");
        }
    }
}
