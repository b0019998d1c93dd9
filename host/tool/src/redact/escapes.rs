//! Escapes of JSON, HTML, URLs and their like.

/// Names of HTML that browsers take without their `;`.
const OPEN: [&str; 8] = ["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT"];

/// Kinds of escapes that are undone in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escapes(u16);

impl Escapes {
    /// `\/`, `\u002f`, `\x2f`, `\057`: JSON, JavaScript and their like.
    pub(super) const BACKSLASH: Self = Self(1);
    /// `&lt;`, `&#60;`, `&#x3c;`, `&lt`: HTML and XML.
    pub(super) const ENTITY: Self = Self(2);
    /// `%2f`, `%u002f`: URLs.
    pub(super) const PERCENT: Self = Self(4);
    /// `=2F`, and `=` at the end of a line: mail.
    pub(super) const QUOTED: Self = Self(8);
    /// Quotes that are written twice or left for a moment: CSV, SQL and the shell.
    pub(super) const QUOTES: Self = Self(16);
    /// Colours of a terminal.
    pub(super) const COLOUR: Self = Self(32);
    /// Bytes of zero: UTF-16 and UTF-32.
    pub(super) const ZEROS: Self = Self(64);
    /// Line breaks, with what indents the next line.
    pub(super) const LINES: Self = Self(128);
    /// `<br>` and other tags without attributes: base64 in a page.
    pub(super) const TAGS: Self = Self(256);

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Undoes the escape that `seen` begins with, if it is one.
    pub(super) fn undo(self, seen: &[u8]) -> Option<Undone> {
        match seen {
            [b'\\', ..] if self.has(Self::BACKSLASH) => {
                let undone = backslash(seen);
                if self.has(Self::QUOTES) {
                    quotes(seen).or(undone)
                } else {
                    undone
                }
            }
            [b'&', b'#' | b'a'..=b'z' | b'A'..=b'Z', ..] if self.has(Self::ENTITY) => entity(seen),
            [b'%', b'u', ..] if self.has(Self::PERCENT) => {
                Undone::character(6, hexadecimal(seen.get(2..6)?)?)
            }
            [b'%', ..] if self.has(Self::PERCENT) => Some(Undone::byte(3, byte(seen.get(1..3)?)?)),
            [b'=', ..] if self.has(Self::QUOTED) => quoted(seen),
            [b'"' | b'\'', ..] if self.has(Self::QUOTES) => quotes(seen),
            [0x1b, b'[', ..] if self.has(Self::COLOUR) => {
                let end = seen
                    .get(2..)?
                    .iter()
                    .position(|byte| !matches!(byte, b'0'..=b'9' | b';'))?;
                let is_end = seen
                    .get(end.saturating_add(2))
                    .is_some_and(|byte| matches!(byte, b'm' | b'K'));
                is_end.then(|| Undone::nothing(end.saturating_add(3)))
            }
            [0, ..] if self.has(Self::ZEROS) => Some(Undone::nothing(1)),
            [b'\n' | b'\r' | 0x0b | 0x0c, next @ ..] if self.has(Self::LINES) => {
                let indent = next
                    .iter()
                    .take_while(|byte| matches!(byte, b' ' | b'\t'))
                    .count();
                Some(Undone::nothing(indent.saturating_add(1)))
            }
            // The line and paragraph separators of Unicode.
            [0xe2, 0x80, 0xa8 | 0xa9, ..] if self.has(Self::LINES) => Some(Undone::nothing(3)),
            [b'<', next @ ..] if self.has(Self::TAGS) => {
                let is_name =
                    |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'/');
                let name = next.iter().take(MAX_TAG).take_while(is_name).count();
                let is_tag = next.get(name) == Some(&b'>');
                // It still stands between two numbers.
                (is_tag && name > 0).then(|| Undone::byte(name.saturating_add(2), b' '))
            }
            _ => None,
        }
    }
}

/// An escape that was undone.
pub(super) struct Undone {
    /// The bytes of the text that it took.
    pub(super) length: usize,
    /// The bytes that it stands for: a character in UTF-8, one byte, or nothing.
    pub(super) bytes: [u8; 4],
    pub(super) size: usize,
}

impl Undone {
    fn byte(length: usize, byte: u8) -> Self {
        Self {
            length,
            bytes: [byte, 0, 0, 0],
            size: 1,
        }
    }

    fn nothing(length: usize) -> Self {
        Self {
            length,
            bytes: [0; 4],
            size: 0,
        }
    }

    fn character(length: usize, code: u32) -> Option<Self> {
        let mut bytes = [0; 4];
        let size = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self {
            length,
            bytes,
            size,
        })
    }
}

/// The longest name of a tag that stands between lines, with its blanks and slashes, in bytes: `br
/// /`, `/code`.
const MAX_TAG: usize = 12;

fn backslash(seen: &[u8]) -> Option<Undone> {
    match seen.get(1)? {
        b'a' => Some(Undone::byte(2, 7)),
        b'b' => Some(Undone::byte(2, 8)),
        b'e' => Some(Undone::byte(2, 27)),
        b'f' => Some(Undone::byte(2, 12)),
        b'n' => Some(Undone::byte(2, b'\n')),
        b'r' => Some(Undone::byte(2, b'\r')),
        b't' => Some(Undone::byte(2, b'\t')),
        b'v' => Some(Undone::byte(2, 11)),
        // The end of a line that goes on in the next one.
        b'\n' => Some(Undone::nothing(2)),
        b'\r' if seen.get(2) == Some(&b'\n') => Some(Undone::nothing(3)),
        b'0'..=b'7' => {
            let is_digit = |digit: &&u8| matches!(digit, b'0'..=b'7');
            let digits = seen.iter().skip(1).take(3).take_while(is_digit).count();
            let end = digits.saturating_add(1);
            let code = u8::from_str_radix(str::from_utf8(seen.get(1..end)?).ok()?, 8).ok()?;
            Some(Undone::byte(end, code))
        }
        b'x' | b'u' if seen.get(2) == Some(&b'{') => {
            let digits = seen
                .iter()
                .skip(3)
                .take_while(|digit| digit.is_ascii_hexdigit())
                .count();
            let end = digits.saturating_add(3);
            (seen.get(end) == Some(&b'}')).then_some(())?;
            Undone::character(end.saturating_add(1), number(seen.get(3..end)?, 16)?)
        }
        b'x' => Some(Undone::byte(4, byte(seen.get(2..4)?)?)),
        b'U' => Undone::character(10, hexadecimal(seen.get(2..10)?)?),
        b'u' => {
            let code = hexadecimal(seen.get(2..6)?)?;
            let second = || match seen.get(6..8) {
                Some(b"\\u") => hexadecimal(seen.get(8..12)?),
                _ => None,
            };
            match (code, second()) {
                // A pair of surrogates is one character.
                (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                    let high = code.wrapping_sub(0xd800) << 10;
                    Undone::character(
                        12,
                        high.wrapping_add(low.wrapping_sub(0xdc00))
                            .wrapping_add(0x1_0000),
                    )
                }
                // Half a pair is no character: parsers write this one instead.
                (0xd800..=0xdfff, _) => Undone::character(6, 0xfffd),
                _ => Undone::character(6, code),
            }
        }
        sign if sign.is_ascii_punctuation() => Some(Undone::byte(2, *sign)),
        _ => None,
    }
}

fn quotes(seen: &[u8]) -> Option<Undone> {
    match seen {
        // A shell's string is left, one quote written, and the string goes on.
        [b'\'', b'\\', b'\'', b'\'', ..] => Some(Undone::byte(4, b'\'')),
        [b'\'', b'"', b'\'', b'"', b'\'', ..] => Some(Undone::byte(5, b'\'')),
        [b'"', b'"', ..] => Some(Undone::byte(2, b'"')),
        [b'\'', b'\'', ..] => Some(Undone::byte(2, b'\'')),
        _ => None,
    }
}

fn quoted(seen: &[u8]) -> Option<Undone> {
    let blanks = seen
        .iter()
        .skip(1)
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let end = blanks.saturating_add(1);
    match seen.get(end..)? {
        [b'\r', b'\n', ..] => Some(Undone::nothing(end.saturating_add(2))),
        [b'\n', ..] => Some(Undone::nothing(end.saturating_add(1))),
        _ => Some(Undone::byte(3, byte(seen.get(1..3)?)?)),
    }
}

fn entity(seen: &[u8]) -> Option<Undone> {
    let (digits_from, base) = match seen.get(1..3)? {
        [b'#', b'x' | b'X'] => (3, 16),
        [b'#', _] => (2, 10),
        _ => return named(seen),
    };
    let is_digit = |digit: &&u8| char::from(**digit).is_digit(base);
    let digits = seen.iter().skip(digits_from).take_while(is_digit).count();
    let end = digits.saturating_add(digits_from);
    let code = number(seen.get(digits_from..end)?, base)?;
    // Browsers take it without its end as well.
    Undone::character(
        end.saturating_add(usize::from(seen.get(end) == Some(&b';'))),
        code,
    )
}

fn named(seen: &[u8]) -> Option<Undone> {
    let letters = seen
        .iter()
        .skip(1)
        .take_while(|letter| letter.is_ascii_alphabetic())
        .count();
    let end = letters.saturating_add(1);
    let name = seen.get(1..end)?;
    let is_closed = seen.get(end) == Some(&b';');
    if let Some(byte) = by_name(name).filter(|_| is_closed) {
        return Some(Undone::byte(end.saturating_add(1), byte));
    }
    let open = OPEN.iter().find(|open| name.starts_with(open.as_bytes()))?;
    Some(Undone::byte(
        open.len().saturating_add(1),
        by_name(open.as_bytes())?,
    ))
}

/// Characters of HTML by name, and nothing but ASCII: those that encoders write, and those that
/// stand for signs.
fn by_name(name: &[u8]) -> Option<u8> {
    let byte = match name {
        b"amp" | b"AMP" => b'&',
        b"apos" => b'\'',
        b"ast" | b"midast" => b'*',
        b"bsol" => b'\\',
        b"colon" => b':',
        b"comma" => b',',
        b"commat" => b'@',
        b"dollar" => b'$',
        b"equals" => b'=',
        b"dash" | b"hyphen" => b'-',
        b"excl" => b'!',
        b"grave" => b'`',
        b"gt" | b"GT" => b'>',
        b"Hat" => b'^',
        b"lbrace" | b"lcub" => b'{',
        b"lbrack" | b"lsqb" => b'[',
        b"lowbar" | b"UnderBar" => b'_',
        b"lpar" => b'(',
        b"lt" | b"LT" => b'<',
        b"nbsp" => b' ',
        b"NewLine" => b'\n',
        b"num" => b'#',
        b"percnt" => b'%',
        b"period" => b'.',
        b"plus" => b'+',
        b"quest" => b'?',
        b"quot" | b"QUOT" => b'"',
        b"rbrace" | b"rcub" => b'}',
        b"rbrack" | b"rsqb" => b']',
        b"rpar" => b')',
        b"semi" => b';',
        b"sol" => b'/',
        b"Tab" => b'\t',
        b"verbar" | b"vert" | b"VerticalLine" => b'|',
        _ => return None,
    };
    Some(byte)
}

/// A number with any leading zeros.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    let mut number = 0_u32;
    for digit in digits {
        number = number
            .checked_mul(base)?
            .checked_add(char::from(*digit).to_digit(base)?)?;
    }
    (!digits.is_empty()).then_some(number)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::try_from(hexadecimal(digits)?).ok()
}
