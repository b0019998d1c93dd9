//! Bytes that a text holds as characters: base64, hexadecimal digits and lists of numbers. What
//! stands between the characters does not count, and nobody knows where a value begins: so a text
//! is decoded from each beginning at once.

use super::pieces::{Pieces, Span};

/// Characters of base64 that are three bytes.
const GROUP: usize = 4;

/// Texts that [`Decoding`] makes of one: base64 from four beginnings, hexadecimal from two, and
/// numbers.
pub(super) const DECODED: usize = 7;

/// A text that is decoded in all ways at once.
#[derive(Debug, Default)]
pub(super) struct Decoding {
    base64: Base64,
    hexadecimal: Hexadecimal,
    numbers: Numbers,
}

impl Decoding {
    /// Reads on, and adds what it makes of it to each of `out`.
    pub(super) fn read(&mut self, text: &Pieces, is_last: bool, out: &mut [Pieces; DECODED]) {
        let [first, second, third, fourth, even, odd, numbers] = out;
        let mut base64 = [first, second, third, fourth];
        let mut hexadecimal = [even, odd];
        for (at, byte) in text.bytes().iter().enumerate() {
            let Some(place) = text.place(at) else {
                continue;
            };
            self.base64.read(*byte, place, &mut base64);
            self.hexadecimal.read(*byte, place, &mut hexadecimal);
            self.numbers.read(*byte, place, numbers);
        }
        if is_last {
            self.base64.end(&mut base64);
            self.numbers.end(numbers);
        }
    }
}

/// The last characters of base64.
#[derive(Debug, Default)]
struct Base64 {
    bits: u32,
    places: [Span; GROUP],
    /// Characters so far, up to [`GROUP`].
    known: usize,
    turn: usize,
}

impl Base64 {
    fn read(&mut self, byte: u8, place: Span, out: &mut [&mut Pieces; GROUP]) {
        let digit = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return,
        };
        let [_, second, third, fourth] = self.places;
        self.bits = ((self.bits << 6) & 0xff_ffff) | u32::from(digit);
        self.places = [second, third, fourth, place];
        self.known = GROUP.min(self.known.saturating_add(1));
        if self.known == GROUP
            && let Some(out) = out.get_mut(self.turn)
        {
            self.write(3, out);
        }
        self.turn = self.turn.wrapping_add(1) % GROUP;
    }

    /// Writes the first bytes of the last four characters.
    fn write(&self, count: usize, out: &mut Pieces) {
        let [_, bytes @ ..] = self.bits.to_be_bytes();
        let [first, second, third, fourth] = self.places;
        let between = |from: Span, to: Span| Span {
            start: from.start,
            end: to.end,
        };
        let places = [
            between(first, second),
            between(second, third),
            between(third, fourth),
        ];
        out.extend(
            bytes.get(..count).unwrap_or_default(),
            places.get(..count).unwrap_or_default(),
        );
    }

    /// Writes the groups that have no more characters.
    fn end(&mut self, out: &mut [&mut Pieces; GROUP]) {
        for count in [2, 1] {
            let [_, second, third, fourth] = self.places;
            self.bits = (self.bits << 6) & 0xff_ffff;
            self.places = [second, third, fourth, fourth];
            if self.known.saturating_add(3).saturating_sub(count) >= GROUP
                && let Some(out) = out.get_mut(self.turn)
            {
                self.write(count, out);
            }
            self.turn = self.turn.wrapping_add(1) % GROUP;
        }
    }
}

/// The last hexadecimal digit.
#[derive(Debug, Default)]
struct Hexadecimal {
    last: Option<(u8, Span)>,
    before: Option<(u8, Span)>,
    is_odd: bool,
}

impl Hexadecimal {
    fn read(&mut self, byte: u8, place: Span, out: &mut [&mut Pieces; 2]) {
        let digit = match byte {
            b'0'..=b'9' => byte.wrapping_sub(b'0'),
            b'a'..=b'f' => byte.wrapping_sub(b'a').wrapping_add(10),
            b'A'..=b'F' => byte.wrapping_sub(b'A').wrapping_add(10),
            // `0x` stands before a number.
            b'x' | b'X'
                if self
                    .last
                    .is_some_and(|(digit, last)| digit == 0 && last.end == place.start) =>
            {
                self.last = self.before.take();
                self.is_odd = !self.is_odd;
                return;
            }
            _ => return,
        };
        let [even, odd] = out;
        let out = if self.is_odd { odd } else { even };
        if let Some((high, first)) = self.last {
            out.push(
                &[(high << 4) | digit],
                Span {
                    start: first.start,
                    end: place.end,
                },
            );
        }
        self.is_odd = !self.is_odd;
        self.before = self.last.replace((digit, place));
    }
}

/// The last number.
#[derive(Debug, Default)]
struct Numbers {
    number: Option<(u32, Span)>,
    /// It is in quotes: the next character says if it is a key.
    is_quoted: bool,
}

impl Numbers {
    fn read(&mut self, byte: u8, place: Span, out: &mut Pieces) {
        match byte {
            b'0'..=b'9' => {
                let digit = u32::from(byte.wrapping_sub(b'0'));
                let (number, first) = match self.number.take() {
                    Some((number, first)) if !self.is_quoted => (number, first),
                    _ => (0, place),
                };
                self.is_quoted = false;
                let number = number.saturating_mul(10).saturating_add(digit);
                self.number = Some((
                    number,
                    Span {
                        start: first.start,
                        end: place.end,
                    },
                ));
            }
            b'"' => self.is_quoted = true,
            // The index of a byte, and not the byte.
            b':' => self.number = None,
            _ => self.end(out),
        }
    }

    fn end(&mut self, out: &mut Pieces) {
        self.is_quoted = false;
        if let Some((number, place)) = self.number.take()
            && let Ok(byte) = u8::try_from(number)
        {
            out.push(&[byte], place);
        }
    }
}
