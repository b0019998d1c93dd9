//! Escapes of Perl that stand for one character, and names behind a backslash.

use cofferdam_command::Stop;

/// The name in `<name>`, `{name}` or `'name'`, and what follows.
pub(crate) fn delimited(text: &[char]) -> Option<(String, &[char])> {
    let (open, rest) = text.split_first()?;
    let close = match open {
        '<' => '>',
        '{' => '}',
        '\'' => '\'',
        _ => return None,
    };
    let end = rest.iter().position(|char| *char == close)?;
    Some((rest.get(..end)?.iter().collect(), rest.get(end + 1..)?))
}

/// The name of a property after `\p`: one letter, or in braces.
pub(crate) fn property(text: &[char]) -> Result<(String, &[char]), Stop> {
    match text {
        ['{', ..] => {
            let (name, after) =
                delimited(text).ok_or_else(|| Stop::new("\\p{ without its closing brace"))?;
            let name = if name == "L&" { "LC".to_owned() } else { name };
            Ok((format!("{{{name}}}"), after))
        }
        [letter, after @ ..] if letter.is_ascii_alphabetic() => Ok((letter.to_string(), after)),
        _ => Err(Stop::new("\\p: expected a property, as in \\p{Lu}")),
    }
}

/// The character that an escape means, and what follows it.
pub(crate) fn character(char: char, after: &[char]) -> Result<(char, &[char]), Stop> {
    let digits = |radix: u32, most: usize| {
        let count = after
            .iter()
            .take(most)
            .take_while(|char| char.is_digit(radix))
            .count();
        let (digits, rest) = after.split_at_checked(count).unwrap_or((after, &[]));
        let code = digits.iter().fold(0_u32, |code, digit| {
            code.saturating_mul(radix)
                .saturating_add(digit.to_digit(radix).unwrap_or(0))
        });
        (code, rest)
    };
    let no_character = || Stop::new(format!("\\{char}: there is no such character"));
    Ok(match char {
        'n' => ('\n', after),
        't' => ('\t', after),
        'r' => ('\r', after),
        'f' => ('\x0c', after),
        'a' => ('\x07', after),
        'e' => ('\x1b', after),
        '0' => {
            let (code, rest) = digits(8, 2);
            (char::from_u32(code).ok_or_else(no_character)?, rest)
        }
        'x' | 'o' if after.first() == Some(&'{') => {
            let (text, rest) = delimited(after).ok_or_else(no_character)?;
            let code = u32::from_str_radix(&text, if char == 'x' { 16 } else { 8 });
            let code = code.ok().and_then(char::from_u32);
            (code.ok_or_else(no_character)?, rest)
        }
        'x' => {
            let (code, rest) = digits(16, 2);
            (char::from_u32(code).ok_or_else(no_character)?, rest)
        }
        'c' => match after {
            [control, rest @ ..] if control.is_ascii() => {
                let code = u32::from(control.to_ascii_uppercase()) ^ 0x40;
                (char::from_u32(code).ok_or_else(no_character)?, rest)
            }
            _ => return Err(Stop::new("\\c: expected a character")),
        },
        other if other.is_ascii_alphanumeric() => {
            return Err(Stop::new(format!(
                "\\{other}: unrecognized character follows \\"
            )));
        }
        other => (other, after),
    })
}
