//! Classes of Perl, such as `[^\w-]`, as sets of the regex crate.
//!
//! To the regex crate `[` inside a class begins another one, and `&&`, `--` and `~~` are operators;
//! to Perl they are characters.

use cofferdam_command::Stop;

use crate::perl::{HORIZONTAL, VERTICAL};

/// A class in the syntax of the regex crate, and what follows its `]`.
pub(crate) struct Set<'a> {
    pub(crate) text: String,
    pub(crate) rest: &'a [char],
}

/// One member of a class.
enum Member {
    /// A character, with which a range may begin or end.
    One(String),
    /// A set of characters.
    Class(String),
}

/// Reads a class after its `[`.
///
/// # Errors
///
/// The mistake in it, in one sentence.
pub(crate) fn set(text: &[char]) -> Result<Set<'_>, Stop> {
    let mut set = "[".to_owned();
    let mut rest = text;
    if let ['^', after @ ..] = rest {
        set.push('^');
        rest = after;
    }
    let mut first = true;
    loop {
        match rest {
            [] => return Err(Stop::new("missing terminating ] for character class")),
            [']', after @ ..] if !first => {
                set.push(']');
                return Ok(Set {
                    text: set,
                    rest: after,
                });
            }
            _ => {}
        }
        first = false;
        let (begin, after) = member(rest)?;
        rest = after;
        let Member::One(begin) = begin else {
            if let Member::Class(class) = begin {
                set.push_str(&class);
            }
            continue;
        };
        set.push_str(&begin);
        // A hyphen makes a range only between two characters.
        if let ['-', after @ ..] = rest
            && !matches!(after, [] | [']', ..])
            && let (Member::One(end), after) = member(after)?
        {
            set.push('-');
            set.push_str(&end);
            rest = after;
        }
    }
}

fn member(text: &[char]) -> Result<(Member, &[char]), Stop> {
    Ok(match text {
        ['[', ':', after @ ..] => {
            let end = after.windows(2).position(|two| two == [':', ']']);
            match end.and_then(|end| Some((after.get(..end)?, after.get(end + 2..)?))) {
                Some((name, after))
                    if name.iter().all(|char| char.is_alphabetic() || *char == '^') =>
                {
                    let name: String = name.iter().collect();
                    (Member::Class(format!("[:{name}:]")), after)
                }
                _ => (
                    Member::One("\\[".to_owned()),
                    text.get(1..).unwrap_or_default(),
                ),
            }
        }
        ['\\', escaped, after @ ..] => escape(*escaped, after)?,
        [one, after @ ..] => (Member::One(literal(*one)), after),
        [] => (Member::Class(String::new()), text),
    })
}

fn escape(char: char, after: &[char]) -> Result<(Member, &[char]), Stop> {
    let class = |text: &str| Member::Class(text.to_owned());
    Ok(match char {
        'h' => (class(HORIZONTAL), after),
        'v' => (class(VERTICAL), after),
        'H' => (Member::Class(format!("[^{HORIZONTAL}]")), after),
        'V' => (Member::Class(format!("[^{VERTICAL}]")), after),
        'd' | 'D' | 'w' | 'W' | 's' | 'S' => (Member::Class(format!("\\{char}")), after),
        'p' | 'P' => {
            let (name, after) = crate::perl_escape::property(after)?;
            (Member::Class(format!("\\{char}{name}")), after)
        }
        'b' => (Member::One("\\x08".to_owned()), after),
        // Quoted text inside a class is rare; its marks mean nothing by themselves.
        'Q' | 'E' => (class(""), after),
        other => {
            let (code, after) = crate::perl_escape::character(other, after)?;
            (Member::One(literal(code)), after)
        }
    })
}

/// A character as a member of a set.
fn literal(char: char) -> String {
    match char {
        '\\' | '[' | ']' | '^' | '&' | '~' | '-' => format!("\\{char}"),
        other => other.to_string(),
    }
}
