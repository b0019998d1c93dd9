//! A closer look at a text.

use std::ops::Range;

/// The longest run that is looked at, in bytes: the longest token that servers give, a JWT with
/// many claims.
const MAX_RUN: usize = 16 << 10;

/// The shortest value that looks random, in bytes.
const MIN_RANDOM: usize = 8;

/// Bytes of a value that are looked at to see if it is a credential.
const MAX_LOOK: usize = 64;

/// Words that stand for a credential, as documents and schemas write them.
const PLACEHOLDERS: [&[u8]; 14] = [
    b"string",
    b"null",
    b"none",
    b"nil",
    b"true",
    b"false",
    b"undefined",
    b"password",
    b"secret",
    b"token",
    b"tokens",
    b"key",
    b"value",
    b"example",
];

/// A text that was cut or is whole.
#[derive(Clone, Copy)]
pub(in crate::redact) struct Text<'a> {
    pub(in crate::redact) bytes: &'a [u8],
    pub(in crate::redact) cut: bool,
}

impl<'a> Text<'a> {
    pub(super) fn byte(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(super) fn get(self, place: &Range<usize>) -> &'a [u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    /// The bytes from `start` for which `fits` holds.
    pub(super) fn run(self, start: usize, fits: impl Fn(u8) -> bool) -> Range<usize> {
        self.most(MAX_RUN, start, fits)
    }

    /// The first of the bytes from `start` for which `fits` holds: enough to say if they are a
    /// credential. Where they are none, signs among them are looked at again.
    pub(super) fn look(self, start: usize, fits: impl Fn(u8) -> bool) -> Range<usize> {
        self.most(MAX_LOOK, start, fits)
    }

    fn most(self, most: usize, start: usize, fits: impl Fn(u8) -> bool) -> Range<usize> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let run = rest.iter().take(most).take_while(|byte| fits(**byte));
        start..start.saturating_add(run.count())
    }

    /// Returns true if a place reaches the end of a text that was cut there.
    pub(super) fn is_cut_at(self, end: usize) -> bool {
        self.cut && end >= self.bytes.len()
    }

    /// Returns true if a word of letters and digits begins at `at`.
    pub(super) fn begins_word(self, at: usize) -> bool {
        self.begins(at, |byte| byte.is_ascii_alphanumeric())
    }

    /// Returns true if nothing before `at` is of the same word. The letter of an escape, as in
    /// `\n`, belongs to none.
    pub(super) fn begins(self, at: usize, is_of_word: impl Fn(u8) -> bool) -> bool {
        let Some(before) = at.checked_sub(1).and_then(|at| self.byte(at)) else {
            return true;
        };
        let is_escape = b"nrt".contains(&before)
            && at.checked_sub(2).and_then(|at| self.byte(at)) == Some(b'\\');
        is_escape || !(before.is_ascii_alphanumeric() || is_of_word(before))
    }
}

/// Returns true for what stands where a credential would be, in documents and programs.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    let Some(first) = value.first() else {
        return true;
    };
    let is_named = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_' || *byte == b'-';
    let is_word = |word: &&[u8]| value.eq_ignore_ascii_case(word);
    b"$<{[%*(.".contains(first)
        || value.iter().all(is_named)
        || value.len() > 2 && value.iter().all(|byte| byte == first)
        || PLACEHOLDERS.iter().any(is_word)
        || value.starts_with(b"your")
}

/// Returns true for what no person would write as a word: letters and digits mixed.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let count = |of: fn(&u8) -> bool| value.iter().filter(|byte| of(byte)).count();
    value.len() >= MIN_RANDOM
        && count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_alphabetic) >= 2
        && value.iter().all(u8::is_ascii_graphic)
        && !is_placeholder(value)
        && !value.windows(2).any(|pair| pair == b"::" || pair == b"//")
}
