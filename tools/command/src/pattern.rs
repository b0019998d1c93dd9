//! Shell patterns as `fnmatch` reads them (POSIX.1-2017, XCU 2.13): `*`, `?`, `[…]` and `\`, and
//! nothing more. Braces and `**` mean themselves, which is why no library for globs is here.

/// A pattern, ready to match. Slashes and leading dots are characters like others, as in `find
/// -name`.
#[derive(Debug, Clone)]
pub struct Pattern {
    parts: Vec<Part>,
    fold: bool,
}

#[derive(Debug, Clone)]
enum Part {
    /// `*`
    Any,
    /// `?`
    One,
    Literal(char),
    /// `[…]`: what is in it, and whether it is what must not match.
    Set(Vec<Member>, bool),
}

#[derive(Debug, Clone)]
enum Member {
    Range(char, char),
    Class(fn(char) -> bool),
}

impl Pattern {
    /// Reads a pattern. What is no bracket expression means itself, so every text is a pattern.
    pub fn new(text: &str, fold: bool) -> Self {
        let chars: Vec<char> = if fold {
            text.to_lowercase().chars().collect()
        } else {
            text.chars().collect()
        };
        let mut parts = Vec::new();
        let mut rest = chars.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            parts.push(match first {
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => match after {
                    [escaped, after @ ..] => {
                        rest = after;
                        Part::Literal(*escaped)
                    }
                    [] => Part::Literal('\\'),
                },
                '[' => match set(after) {
                    Some((set, after)) => {
                        rest = after;
                        set
                    }
                    None => Part::Literal('['),
                },
                other => Part::Literal(*other),
            });
        }
        Self { parts, fold }
    }

    /// Whether the whole text matches. Takes at most the product of both lengths in steps.
    pub fn matches(&self, text: &str) -> bool {
        let folded;
        let text = if self.fold {
            folded = text.to_lowercase();
            &folded
        } else {
            text
        };
        let (mut parts, mut rest) = (self.parts.as_slice(), text.chars());
        // Where to go on when what follows the last `*` does not match: it takes one character
        // more.
        let mut retry: Option<(&[Part], std::str::Chars<'_>)> = None;
        loop {
            match parts {
                [] if rest.as_str().is_empty() => return true,
                [Part::Any, after @ ..] => {
                    retry = Some((after, rest.clone()));
                    parts = after;
                    continue;
                }
                [part, after @ ..] => {
                    let mut next = rest.clone();
                    if next.next().is_some_and(|char| part.takes(char)) {
                        (parts, rest) = (after, next);
                        continue;
                    }
                }
                [] => {}
            }
            let Some((after, from)) = &mut retry else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (parts, rest) = (after, from.clone());
        }
    }
}

impl Part {
    fn takes(&self, char: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(literal) => *literal == char,
            Self::Set(members, negated) => {
                members.iter().any(|member| match member {
                    Member::Range(first, last) => (*first..=*last).contains(&char),
                    Member::Class(class) => class(char),
                }) != *negated
            }
        }
    }
}

/// The bracket expression after `[`, and what follows its `]`; `None` when there is none.
fn set(text: &[char]) -> Option<(Part, &[char])> {
    let (negated, mut rest) = match text {
        ['!' | '^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut members = Vec::new();
    loop {
        rest = match rest {
            // A `]` that comes first is a member.
            [']', after @ ..] if !members.is_empty() => {
                return Some((Part::Set(members, negated), after));
            }
            ['[', ':', after @ ..] => {
                let end = after.windows(2).position(|two| two == [':', ']'])?;
                let (name, after) = after.split_at_checked(end)?;
                members.push(Member::Class(class(&name.iter().collect::<String>())?));
                after.get(2..)?
            }
            [first, '-', last, after @ ..] if *last != ']' => {
                members.push(Member::Range(*first, *last));
                after
            }
            ['\\', escaped, after @ ..] => {
                members.push(Member::Range(*escaped, *escaped));
                after
            }
            [one, after @ ..] => {
                members.push(Member::Range(*one, *one));
                after
            }
            [] => return None,
        };
    }
}

fn class(name: &str) -> Option<fn(char) -> bool> {
    Some(match name {
        "alnum" => char::is_alphanumeric,
        "alpha" => char::is_alphabetic,
        "blank" => |char| char == ' ' || char == '\t',
        "cntrl" => char::is_control,
        "digit" => |char| char.is_ascii_digit(),
        "graph" => |char| !char.is_control() && !char.is_whitespace(),
        "lower" => char::is_lowercase,
        "print" => |char| !char.is_control(),
        "punct" => |char| char.is_ascii_punctuation(),
        "space" => char::is_whitespace,
        "upper" => char::is_uppercase,
        "xdigit" => |char| char.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_as_fnmatch_does() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            let compiled = Pattern::new(pattern, false);
            for text in yes {
                assert!(compiled.matches(text), "{pattern} {text}");
            }
            for text in no {
                assert!(!compiled.matches(text), "{pattern} {text}");
            }
        };
        check("*.rs", &["a.rs", ".rs", "a/b.rs"], &["a.rs ", "ars", ""]);
        check("a*b*c", &["abc", "axbxc", "abcbc"], &["ab", "acb"]);
        check("?", &["é", "/"], &["", "ab"]);
        check("[!a-c]x", &["dx"], &["ax", "x"]);
        check("[]a]", &["]", "a"], &["b"]);
        check("[[:digit:]-]*", &["1", "-x"], &["x"]);
        check("{a,b}**", &["{a,b}", "{a,b}x"], &["a"]);
        check("[a", &["[a"], &["a"]);
        check("\\*", &["*"], &["a"]);
        check("", &[""], &["a"]);
        assert!(Pattern::new("ÄB*", true).matches("äBc"));
    }
}
