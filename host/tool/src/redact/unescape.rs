//! Texts as they are read when their escapes are undone.

use aho_corasick::{AhoCorasick, BuildError};

use super::escapes::{Escapes, Undone};
use super::pieces::{Pieces, Span};

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
                let place = Span {
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
