//! Bracket expressions of POSIX, such as `[^[:space:],]`, as sets of the regex crate.

use cofferdam_command::Stop;

/// Characters that mean something inside brackets to the regex crate.
const META: &str = r"\[]^&~-";

/// A bracket expression in the syntax of the regex crate, and what follows its `]`.
pub(crate) struct Set<'a> {
    pub(crate) text: String,
    pub(crate) rest: &'a [char],
}

/// Reads a bracket expression after its `[`.
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
    refuse_lone_class(rest)?;
    let unmatched = || Stop::new("Unmatched [, [^, [:, [., or [=");
    let mut first = true;
    loop {
        rest = match rest {
            [']', after @ ..] if !first => {
                set.push(']');
                return Ok(Set {
                    text: set,
                    rest: after,
                });
            }
            ['[', kind @ (':' | '.' | '='), after @ ..] => {
                let end = after.windows(2).position(|two| two == [*kind, ']']);
                let (name, after) = end
                    .and_then(|end| after.split_at_checked(end))
                    .ok_or_else(unmatched)?;
                let name: String = name.iter().collect();
                let members = match kind {
                    ':' => class(&name)
                        .ok_or_else(|| {
                            Stop::new(format!(
                                "[:{name}:]: Invalid character class name: expected alpha, digit, \
                                 alnum, upper, lower, space, blank, punct, print, graph, cntrl or \
                                 xdigit"
                            ))
                        })?
                        .to_owned(),
                    _ => literals(&name),
                };
                set.push_str(&members);
                after.get(2..).ok_or_else(unmatched)?
            }
            [from, '-', to, after @ ..] if *to != ']' => {
                if from > to {
                    return Err(Stop::new(format!("{from}-{to}: Invalid range end")));
                }
                set.push_str(&escape(*from));
                set.push('-');
                set.push_str(&escape(*to));
                after
            }
            [one, after @ ..] => {
                set.push_str(&escape(*one));
                after
            }
            [] => return Err(unmatched()),
        };
        first = false;
    }
}

/// `[:space:]` alone is a mistake: as a set it would match the letters of its name.
fn refuse_lone_class(text: &[char]) -> Result<(), Stop> {
    let [':', after @ ..] = text else {
        return Ok(());
    };
    let end = after.iter().position(|char| *char == ']');
    let (name, colon) = match end.and_then(|end| after.get(..end)) {
        Some([name @ .., ':']) => (name, true),
        _ => (after, false),
    };
    if colon && !name.is_empty() && name.iter().all(|char| *char != ':') {
        return Err(Stop::new(
            "character class syntax is [[:space:]], not [:space:]",
        ));
    }
    Ok(())
}

fn escape(char: char) -> String {
    if META.contains(char) {
        format!("\\{char}")
    } else {
        char.to_string()
    }
}

fn literals(text: &str) -> String {
    text.chars().map(escape).collect()
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
