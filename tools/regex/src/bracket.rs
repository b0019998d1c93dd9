//! Bracket expressions: `[a-z]`, `[^[:space:]]`, `[]x]`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use crate::Error;

/// The set after `[`, and the number of characters up to its `]`. In awk a backslash escapes.
pub(crate) fn bracket(
    text: &[char],
    escapes: bool,
    fold: bool,
) -> Result<(ClassUnicode, usize), Error> {
    let unmatched = || Error::new("Unmatched [, [^, [:, [., or [=");
    let negated = text.first() == Some(&'^');
    let first = usize::from(negated);
    let mut at = first;
    let mut set = ClassUnicode::empty();
    loop {
        let rest = text.get(at..).ok_or_else(unmatched)?;
        match rest {
            [] => return Err(unmatched()),
            [']', ..] if at > first => break,
            ['[', ':', after @ ..] => {
                let end = after.windows(2).position(|two| two == [':', ']']);
                let name = end.and_then(|end| after.get(..end)).ok_or_else(unmatched)?;
                at += name.len() + 4;
                let name: String = name.iter().collect();
                set.union(&class(&name)?);
            }
            _ => {
                let (from, length) = one(rest, escapes)?;
                at += length;
                let to = match text.get(at..) {
                    Some(['-', next, ..]) if *next != ']' => {
                        let rest = text.get(at + 1..).ok_or_else(unmatched)?;
                        let (to, length) = one(rest, escapes)?;
                        at += length + 1;
                        to
                    }
                    _ => from,
                };
                if from > to {
                    return Err(Error::new("Invalid range end"));
                }
                set.push(ClassUnicodeRange::new(from, to));
            }
        }
    }
    if fold && set.try_case_fold_simple().is_err() {
        return Err(Error::new("letters cannot be folded here"));
    }
    if negated {
        set.negate();
    }
    Ok((set, at + 1))
}

/// One member, and how many characters it takes.
fn one(text: &[char], escapes: bool) -> Result<(char, usize), Error> {
    match text {
        ['[', kind @ ('.' | '='), char, end, ']', ..] if kind == end => Ok((*char, 5)),
        ['[', '.' | '=', ..] => Err(Error::new("Invalid collation character")),
        ['\\', escaped, ..] if escapes => Ok((escape(*escaped), 2)),
        [char, ..] => Ok((*char, 1)),
        [] => Err(Error::new("Unmatched [, [^, [:, [., or [=")),
    }
}

/// The character of an escape in awk's brackets.
fn escape(char: char) -> char {
    match char {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => other,
    }
}

/// A named class, beyond ASCII as in a UTF-8 locale.
pub(crate) fn class(name: &str) -> Result<ClassUnicode, Error> {
    let pattern = match name {
        "alpha" => r"[\p{Alphabetic}]",
        "digit" => "[0-9]",
        "alnum" => r"[\p{Alphabetic}\p{Nd}]",
        "upper" => r"[\p{Uppercase}]",
        "lower" => r"[\p{Lowercase}]",
        "space" => r"[\s]",
        "blank" => r"[ \t]",
        "punct" => r"[\p{P}\p{S}]",
        "print" => r"[^\p{C}]",
        "graph" => r"[^\p{C}\s]",
        "cntrl" => r"[\p{Cc}]",
        "xdigit" => "[0-9A-Fa-f]",
        // `\w`, which has no name of its own.
        "word" => r"[\p{Alphabetic}\p{Nd}_]",
        _ => return Err(Error::new(format!("Invalid character class name {name:?}"))),
    };
    let parsed =
        regex_syntax::parse(pattern).map_err(|error| Error::new(format!("[:{name}:]: {error}")))?;
    match parsed.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(class),
        HirKind::Class(Class::Bytes(class)) => class
            .to_unicode_class()
            .ok_or_else(|| Error::new(format!("[:{name}:] is no class of characters"))),
        _ => Err(Error::new(format!("[:{name}:] is no class"))),
    }
}
