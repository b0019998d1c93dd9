//! Texts as they are read when their escapes are undone, one byte after the other.

use std::collections::VecDeque;

/// The longest escape that is undone, in bytes: a character of HTML in hexadecimal, with leading zeros.
const MAX_ESCAPE: usize = 16;

/// Characters of HTML by name, and nothing but ASCII: those that encoders write, and those that stand for signs.
const NAMED: [(&str, u8); 44] = [
    ("amp", b'&'),
    ("AMP", b'&'),
    ("apos", b'\''),
    ("ast", b'*'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("comma", b','),
    ("commat", b'@'),
    ("dollar", b'$'),
    ("equals", b'='),
    ("excl", b'!'),
    ("grave", b'`'),
    ("gt", b'>'),
    ("GT", b'>'),
    ("Hat", b'^'),
    ("lbrace", b'{'),
    ("lbrack", b'['),
    ("lcub", b'{'),
    ("lowbar", b'_'),
    ("lpar", b'('),
    ("lsqb", b'['),
    ("lt", b'<'),
    ("LT", b'<'),
    ("midast", b'*'),
    ("NewLine", b'\n'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("period", b'.'),
    ("plus", b'+'),
    ("quest", b'?'),
    ("quot", b'"'),
    ("QUOT", b'"'),
    ("rbrace", b'}'),
    ("rbrack", b']'),
    ("rcub", b'}'),
    ("rpar", b')'),
    ("rsqb", b']'),
    ("semi", b';'),
    ("sol", b'/'),
    ("Tab", b'\t'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("VerticalLine", b'|'),
    ("UnderBar", b'_'),
];

/// One byte of a text, and the place in the text as it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) byte: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Escapes that are undone in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Escapes {
    /// `\/`, `\u002f`, `\x2f`: JSON, JavaScript and their like.
    backslash: bool,
    /// `&lt;`, `&#60;`, `&#x3c;`: HTML and XML.
    entity: bool,
    /// `%2f`, `%u002f`: URLs.
    percent: bool,
    /// `=2F`, and `=` at the end of a line: mail.
    quoted: bool,
    /// Line breaks, with what indents the next line: base64 in mails and keys.
    lines: bool,
}

/// One way to read a text: escapes that are undone one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading(Vec<Escapes>);

impl Reading {
    /// The readings of a text that make a difference, the text as it is first.
    pub(super) fn of(text: &[u8]) -> Vec<Self> {
        let none = Escapes::default();
        let lines = Escapes { lines: true, ..none };
        let quoted = Escapes { quoted: true, ..none };
        let all = Escapes { backslash: true, entity: true, percent: true, ..none };
        let has = |sign: u8| text.contains(&sign);
        let mut readings = vec![Vec::new()];
        if has(b'\n') || has(b'\r') {
            readings.push(vec![lines]);
        }
        if has(b'=') {
            readings.push(vec![quoted]);
        }
        let signs = [
            (b'\\', Escapes { backslash: true, ..none }),
            (b'&', Escapes { entity: true, ..none }),
            (b'%', Escapes { percent: true, ..none }),
        ];
        let alone: Vec<_> =
            signs.into_iter().filter(|(sign, _)| has(*sign)).map(|(_, escapes)| vec![escapes]).collect();
        if !alone.is_empty() {
            // All of them, twice: JSON in HTML, a URL in JSON. What is escaped once is found as well, because what this
            // makes of the secret itself is one of its spellings.
            readings.push(vec![all, all, lines]);
        }
        if alone.len() > 1 {
            // Each alone: what looks like an escape of another kind may be part of the secret.
            readings.extend(alone);
        }
        readings.into_iter().map(Self).collect()
    }
}

/// The bytes of `text` when its escapes are undone. Where the text was `cut`, the beginning of an escape at its end is
/// left out.
pub(super) fn unescaped<'a>(
    text: &'a [u8],
    reading: Reading,
    cut: bool,
) -> Box<dyn Iterator<Item = Piece> + Send + 'a> {
    let piece = |(start, byte): (usize, &u8)| Piece { byte: *byte, start, end: start.saturating_add(1) };
    let plain: Box<dyn Iterator<Item = Piece> + Send> = Box::new(text.iter().enumerate().map(piece));
    reading.0.into_iter().fold(plain, |text, escapes| {
        let (window, ready) = (VecDeque::with_capacity(MAX_ESCAPE), VecDeque::new());
        Box::new(Unescaping { text, escapes, cut, window, ready, after_break: false })
    })
}

/// Undoes some escapes of a text.
struct Unescaping<I> {
    text: I,
    escapes: Escapes,
    cut: bool,
    /// What comes next, as far as an escape may reach.
    window: VecDeque<Piece>,
    /// The bytes of the last escape.
    ready: VecDeque<Piece>,
    after_break: bool,
}

impl<I: Iterator<Item = Piece>> Iterator for Unescaping<I> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            let first = match self.window.pop_front() {
                Some(first) => first,
                None => self.text.next()?,
            };
            if self.escapes.lines {
                let line_break = matches!(first.byte, b'\n' | b'\r');
                self.after_break = line_break || (self.after_break && matches!(first.byte, b' ' | b'\t'));
                if self.after_break {
                    continue;
                }
            }
            if !self.escapes.begin_with(first.byte) {
                return Some(first);
            }
            self.window.push_front(first);
            while self.window.len() < MAX_ESCAPE
                && let Some(piece) = self.text.next()
            {
                self.window.push_back(piece);
            }
            let mut bytes = [0; MAX_ESCAPE];
            bytes.iter_mut().zip(&self.window).for_each(|(byte, piece)| *byte = piece.byte);
            let seen = bytes.get(..self.window.len()).unwrap_or_default();
            let at_the_end = self.cut && seen.len() < MAX_ESCAPE;
            match self.escapes.undo(seen) {
                // A number may have gone on.
                Some(Undone { length, .. }) if at_the_end && length == seen.len() && is_open(seen) => {
                    return None;
                }
                Some(Undone { length, bytes, size }) => {
                    let end = self.window.get(length.saturating_sub(1)).map_or(first.end, |last| last.end);
                    self.window.drain(..length.min(self.window.len()));
                    let bytes = bytes.iter().take(size);
                    self.ready.extend(bytes.map(|byte| Piece { byte: *byte, start: first.start, end }));
                }
                // The text ends here, and the escape would have gone on.
                None if at_the_end && !seen.iter().skip(1).any(|byte| ends(*byte)) => {
                    return None;
                }
                None => return self.window.pop_front(),
            }
        }
    }
}

/// True for a character of HTML by its number and without its `;`.
fn is_open(escape: &[u8]) -> bool {
    escape.starts_with(b"&#") && !escape.ends_with(b";")
}

/// True for what is inside no escape.
fn ends(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'#' | b'{' | b'\\')
}

/// An escape that was undone.
struct Undone {
    /// The bytes of the text that it took.
    length: usize,
    /// What it stands for: a character in UTF-8, one byte, or nothing.
    bytes: [u8; 4],
    size: usize,
}

impl Undone {
    fn byte(length: usize, byte: u8) -> Self {
        Self { length, bytes: [byte, 0, 0, 0], size: 1 }
    }

    fn character(length: usize, code: u32) -> Option<Self> {
        let mut bytes = [0; 4];
        let size = char::from_u32(code)?.encode_utf8(&mut bytes).len();
        Some(Self { length, bytes, size })
    }
}

impl Escapes {
    fn begin_with(self, byte: u8) -> bool {
        match byte {
            b'\\' => self.backslash,
            b'&' => self.entity,
            b'%' => self.percent,
            b'=' => self.quoted,
            _ => false,
        }
    }

    /// Undoes the escape that `seen` begins with, if it is one.
    fn undo(self, seen: &[u8]) -> Option<Undone> {
        match seen.first()? {
            b'\\' => backslash(seen),
            b'&' => entity(seen),
            b'%' => match seen.get(1)? {
                b'u' => Undone::character(6, hexadecimal(seen.get(2..6)?)?),
                _ => Some(Undone::byte(3, byte(seen.get(1..3)?)?)),
            },
            b'=' => match seen.get(1..3) {
                Some(b"\r\n") => Some(Undone { length: 3, bytes: [0; 4], size: 0 }),
                Some([b'\n', _]) => Some(Undone { length: 2, bytes: [0; 4], size: 0 }),
                digits => Some(Undone::byte(3, byte(digits?)?)),
            },
            _ => None,
        }
    }
}

fn backslash(seen: &[u8]) -> Option<Undone> {
    match seen.get(1)? {
        b'b' => Some(Undone::byte(2, 8)),
        b'f' => Some(Undone::byte(2, 12)),
        b'n' => Some(Undone::byte(2, b'\n')),
        b'r' => Some(Undone::byte(2, b'\r')),
        b't' => Some(Undone::byte(2, b'\t')),
        b'x' => Some(Undone::byte(4, byte(seen.get(2..4)?)?)),
        b'u' if seen.get(2) == Some(&b'{') => {
            let digits = seen.iter().skip(3).take_while(|digit| digit.is_ascii_hexdigit()).count();
            let end = digits.saturating_add(3);
            (seen.get(end) == Some(&b'}')).then_some(())?;
            Undone::character(end.saturating_add(1), hexadecimal(seen.get(3..end)?)?)
        }
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
                    Undone::character(12, high.wrapping_add(low.wrapping_sub(0xdc00)).wrapping_add(0x1_0000))
                }
                _ => Undone::character(6, code),
            }
        }
        sign if sign.is_ascii_punctuation() => Some(Undone::byte(2, *sign)),
        _ => None,
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
    let code = u32::from_str_radix(str::from_utf8(seen.get(digits_from..end)?).ok()?, base).ok()?;
    // Browsers take it without its end as well.
    Undone::character(end.saturating_add(usize::from(seen.get(end) == Some(&b';'))), code)
}

fn named(seen: &[u8]) -> Option<Undone> {
    let letters = seen.iter().skip(1).take_while(|letter| letter.is_ascii_alphabetic()).count();
    let end = letters.saturating_add(1);
    (seen.get(end) == Some(&b';')).then_some(())?;
    let name = seen.get(1..end)?;
    let (_, byte) = NAMED.iter().find(|(known, _)| known.as_bytes() == name)?;
    Some(Undone::byte(end.saturating_add(1), *byte))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::try_from(hexadecimal(digits)?).ok()
}
