//! Texts as they are read when their escapes are undone.

use aho_corasick::{AhoCorasick, BuildError};

use super::pieces::{Pieces, Place};

/// The longest escape that is undone, in bytes: a character by its number with many leading zeros,
/// or a line break with what indents the next line.
pub(super) const MAX_ESCAPE: usize = 64;

/// The longest way to write a quote in a string that quotes end, in bytes.
pub(super) const MAX_QUOTES: usize = 5;

/// Maximum depth of escapes that are undone, one inside another: JSON in JSON in HTML in a URL.
const LEVELS: usize = 4;

/// Finds the bytes that escapes can begin with, many times as fast as a look at each byte.
#[derive(Debug)]
pub(super) struct Signs {
    written: AhoCorasick,
    breaks: AhoCorasick,
    tags: AhoCorasick,
}

impl Signs {
    pub(super) fn new() -> Result<Self, BuildError> {
        // With the byte that follows, because a text may hold many of them that begin nothing.
        let written = [
            (
                b'\\',
                "abefnrtvxu01234567\r\n!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            ),
            (b'&', "#abcdefghijklmnopqrstuvwxyz"),
            (b'%', "0123456789abcdefu"),
            (b'=', "0123456789abcdef \t\r\n"),
            (b'"', "\""),
            (b'\'', "'\"\\"),
            (0x1b, "["),
        ];
        let pairs = written
            .iter()
            .flat_map(|(sign, next)| next.bytes().map(|next| [*sign, next]));
        let one = |signs: &[u8]| AhoCorasick::new(signs.chunks(1));
        Ok(Self {
            written: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(pairs)?,
            breaks: one(b"\0\n\r\x0b\x0c\xe2")?,
            tags: one(b"<")?,
        })
    }

    /// The places of what may be signs of `escapes`.
    fn of(&self, escapes: Escapes) -> &AhoCorasick {
        if escapes.has(Escapes::LINES.and(Escapes::ZEROS)) {
            &self.breaks
        } else if escapes.has(Escapes::TAGS) {
            &self.tags
        } else {
            &self.written
        }
    }
}

/// Names of HTML that browsers take without their `;`.
const OPEN: [&str; 8] = ["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT"];

/// Kinds of escapes that are undone in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escapes(u16);

impl Escapes {
    /// `\/`, `\u002f`, `\x2f`, `\057`: JSON, JavaScript and their like.
    const BACKSLASH: Self = Self(1);
    /// `&lt;`, `&#60;`, `&#x3c;`, `&lt`: HTML and XML.
    const ENTITY: Self = Self(2);
    /// `%2f`, `%u002f`: URLs.
    const PERCENT: Self = Self(4);
    /// `=2F`, and `=` at the end of a line: mail.
    const QUOTED: Self = Self(8);
    /// Quotes that are written twice or left for a moment: CSV, SQL and the shell.
    const QUOTES: Self = Self(16);
    /// Colours of a terminal.
    const COLOUR: Self = Self(32);
    /// Bytes of zero: UTF-16 and UTF-32.
    const ZEROS: Self = Self(64);
    /// Line breaks, with what indents the next line.
    const LINES: Self = Self(128);
    /// `<br>` and other tags without attributes: base64 in a page.
    const TAGS: Self = Self(256);

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Everything but mail, because a `=` before a value is no escape.
const USUAL: Escapes = Escapes::BACKSLASH
    .and(Escapes::ENTITY)
    .and(Escapes::PERCENT)
    .and(Escapes::QUOTES)
    .and(Escapes::COLOUR);

/// One way to read a text: escapes that are undone one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) stages: Vec<Escapes>,
    /// True if the text before the last stage is decoded as well.
    pub(super) decoded: bool,
}

impl Reading {
    fn new(stages: &[Escapes]) -> Self {
        Self {
            stages: stages.to_vec(),
            decoded: false,
        }
    }

    /// The readings of a text that make a difference.
    pub(super) fn of(text: &[u8]) -> Vec<Self> {
        let has = |sign: u8| text.contains(&sign);
        let deep = |escapes: Escapes| {
            let mut stages = if has(0) {
                vec![Escapes::ZEROS]
            } else {
                Vec::new()
            };
            stages.resize(stages.len().saturating_add(LEVELS), escapes);
            stages.push(Escapes::LINES.and(Escapes::ZEROS));
            Self::new(&stages)
        };
        let mut readings = vec![
            Self::new(&[Escapes::LINES.and(Escapes::ZEROS)]),
            Self {
                decoded: true,
                ..deep(USUAL)
            },
        ];
        if has(b'=') {
            readings.push(deep(USUAL.and(Escapes::QUOTED)));
            // Mail alone and next to the others: a line that goes on ends in `=` and whatever
            // stands before it.
            readings.push(Self::new(&[Escapes::QUOTED, USUAL]));
            readings.push(Self::new(&[USUAL, Escapes::QUOTED]));
        }
        // Each alone: what looks like an escape of another kind may be part of the secret.
        let alone = [
            (b'\\', Escapes::BACKSLASH),
            (b'&', Escapes::ENTITY),
            (b'%', Escapes::PERCENT),
        ];
        let alone: Vec<_> = alone.into_iter().filter(|(sign, _)| has(*sign)).collect();
        if !alone.is_empty() && (alone.len() > 1 || has(b'"') || has(b'\'')) {
            readings.extend(alone.into_iter().map(|(_, escapes)| Self::new(&[escapes])));
        }
        readings
    }

    /// Of what was decoded.
    pub(super) fn of_decoded() -> Self {
        Self::new(&[Escapes::LINES.and(Escapes::ZEROS), USUAL, USUAL])
    }

    /// Of what will be decoded: tags stand between lines of base64.
    pub(super) fn before_decoding() -> Escapes {
        Escapes::TAGS
    }

    /// Everything that this makes of a short text, one stage after the other.
    pub(super) fn all_of(&self, text: &[u8], signs: &Signs) -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = Vec::with_capacity(self.stages.len());
        for escapes in &self.stages {
            let before = all.last().map_or(text, Vec::as_slice);
            let mut after = Pieces::default();
            Unescaping::new(*escapes, false).read(
                &Pieces::said(before, 0),
                true,
                signs,
                &mut after,
            );
            all.push(after.bytes().to_vec());
        }
        all
    }
}

/// Undoes some escapes of a text.
#[derive(Debug)]
pub(super) struct Unescaping {
    escapes: Escapes,
    cut: bool,
    /// The beginning of what may be an escape.
    waiting: Pieces,
}

impl Unescaping {
    /// Begins to undo `escapes`. If the text was `cut`, an escape at its end that may have gone on
    /// stays as it is.
    pub(super) fn new(escapes: Escapes, cut: bool) -> Self {
        Self {
            escapes,
            cut,
            waiting: Pieces::default(),
        }
    }

    /// Reads on, and adds to `out` what can be said.
    pub(super) fn read(&mut self, text: &Pieces, is_last: bool, signs: &Signs, out: &mut Pieces) {
        let signs = signs.of(self.escapes);
        self.waiting.append(text, 0..text.len());
        let bytes = self.waiting.bytes();
        // Up to `said` is in `out`; up to `at` is no escape.
        let mut said = 0_usize;
        let mut at = 0_usize;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(sign) = signs.find(rest).map(|sign| sign.start()) else {
                // The last byte may be a sign whose next one is not there yet.
                at = if is_last {
                    bytes.len()
                } else {
                    bytes.len().saturating_sub(1).max(at)
                };
                break;
            };
            at = at.saturating_add(sign);
            let seen = rest.get(sign..).unwrap_or_default();
            if !is_last && seen.len() < MAX_ESCAPE {
                break;
            }
            let seen = seen.get(..MAX_ESCAPE).unwrap_or(seen);
            let undone = self.escapes.undo(seen);
            let undone = undone.filter(|undone| {
                !(self.cut && undone.length == bytes.len().saturating_sub(at) && is_open(seen))
            });
            let Some(Undone {
                length,
                bytes: written,
                size,
            }) = undone
            else {
                at = at.saturating_add(1);
                continue;
            };
            out.append(&self.waiting, said..at);
            said = at.saturating_add(length);
            if let (Some(first), Some(last)) = (
                self.waiting.place(at),
                self.waiting.place(said.saturating_sub(1)),
            ) {
                let place = Place {
                    start: first.start,
                    end: last.end,
                };
                out.push(written.get(..size).unwrap_or_default(), place);
            }
            at = said;
        }
        out.append(&self.waiting, said..at);
        self.waiting
            .keep_last(self.waiting.len().saturating_sub(at));
    }
}

/// True for an escape without an end of its own, at the end of what was seen.
fn is_open(escape: &[u8]) -> bool {
    match escape {
        [b'&', ..] => !escape.ends_with(b";"),
        [b'\\', digits @ ..] => digits.len() < 3 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// An escape that was undone.
struct Undone {
    /// The bytes of the text that it took.
    length: usize,
    /// The bytes that it stands for: a character in UTF-8, one byte, or nothing.
    bytes: [u8; 4],
    size: usize,
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

impl Escapes {
    /// Undoes the escape that `seen` begins with, if it is one.
    fn undo(self, seen: &[u8]) -> Option<Undone> {
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
