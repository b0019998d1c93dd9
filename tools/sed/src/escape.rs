//! Escapes of GNU sed: `\n`, `\t`, `\x41`, `\o101`, `\d065`, `\cA`.

/// A character that an escape stands for, and the length of the escape after its backslash.
pub(crate) fn escape(after: &[char]) -> Option<(char, usize)> {
    let simple = match after.first()? {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'c' => {
            let char = after.get(1)?.to_ascii_uppercase();
            let code = u8::try_from(char).ok().filter(u8::is_ascii)?;
            return Some((char::from(code ^ 0x40), 2));
        }
        'd' => return number(after, 10, 3),
        'o' => return number(after, 8, 3),
        'x' => return number(after, 16, 2),
        _ => return None,
    };
    Some((simple, 1))
}

/// A code below 256, in at most so many digits. One beyond ASCII is the character of that code.
fn number(after: &[char], radix: u32, most: usize) -> Option<(char, usize)> {
    let digits = after.iter().skip(1).take(most);
    let digits: String = digits.take_while(|char| char.is_digit(radix)).collect();
    let code = u32::from_str_radix(&digits, radix).ok()?;
    Some((char::from_u32(code & 0xff)?, digits.len() + 1))
}

/// An expression with the escapes that only sed knows replaced by what they stand for.
pub(crate) fn expression(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    let mut bracket = Bracket::default();
    while let Some(char) = chars.get(at) {
        let after = chars.get(at + 1..).unwrap_or_default();
        let inside = bracket.contains(*char, after);
        at += 1;
        if *char != '\\' {
            out.push(*char);
            continue;
        }
        let Some((meant, length)) = escape(after) else {
            out.push('\\');
            if let (false, Some(next)) = (inside, after.first()) {
                out.push(*next);
                at += 1;
            }
            continue;
        };
        // What an escape stands for is no operator.
        if !inside && "\\.*[]^$+?(){}|/".contains(meant) {
            out.push('\\');
        }
        out.push(meant);
        at += length;
    }
    out
}

/// Tells what stands in a bracket expression from what does not, read from left to right.
#[derive(Default)]
pub(crate) struct Bracket {
    open: bool,
    /// Characters that mean themselves: after `[`, `[^`, in `[:alpha:]`, after a backslash outside.
    literal: usize,
}

impl Bracket {
    /// Reads a character. Returns true if it stands in brackets.
    pub(crate) fn contains(&mut self, char: char, after: &[char]) -> bool {
        let was_open = self.open;
        if self.literal > 0 {
            self.literal -= 1;
            return was_open;
        }
        match char {
            '\\' if !self.open => self.literal = 1,
            '[' if !self.open => {
                self.open = true;
                self.literal = match after {
                    ['^', ']', ..] => 2,
                    ['^', ..] | [']', ..] => 1,
                    _ => 0,
                };
            }
            '[' => {
                if let [kind @ (':' | '.' | '='), rest @ ..] = after {
                    let end = rest.windows(2).position(|two| two == [*kind, ']']);
                    self.literal = end.map_or(0, |end| end + 3);
                }
            }
            ']' if self.open => self.open = false,
            _ => {}
        }
        was_open
    }
}
