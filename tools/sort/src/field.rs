//! The part of a line that a key names.

use crate::key::{Key, Position};

/// Blanks, as GNU sort has them: not a carriage return.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The text of a key in a line. `separator` is that of `-t`; without one a field is blanks and what
/// follows them.
pub(crate) fn text<'a>(line: &'a [u8], key: &Key, separator: Option<u8>) -> &'a [u8] {
    let start = start(line, key, separator);
    let end = match &key.end {
        Some(position) => end(line, position, key.ordering.skip_end, separator),
        None => line.len(),
    };
    line.get(start..end.max(start)).unwrap_or_default()
}

fn start(line: &[u8], key: &Key, separator: Option<u8>) -> usize {
    let mut at = 0;
    for _ in 0..key.start.field {
        if at >= line.len() {
            break;
        }
        at = match separator {
            Some(separator) => (skip(line, at, |byte| byte != separator) + 1).min(line.len()),
            None => field_end(line, at),
        };
    }
    if key.ordering.skip_start {
        at = skip(line, at, is_blank);
    }
    at.saturating_add(key.start.chars).min(line.len())
}

fn end(line: &[u8], position: &Position, skips: bool, separator: Option<u8>) -> usize {
    let mut at = 0;
    // Without a number of characters the whole field counts.
    let whole = position.chars == 0;
    let fields = position.field.saturating_add(usize::from(whole));
    for number in 1..=fields {
        if at >= line.len() {
            break;
        }
        at = match separator {
            Some(separator) => {
                let end = skip(line, at, |byte| byte != separator);
                match whole && number == fields {
                    true => end,
                    false => (end + 1).min(line.len()),
                }
            }
            None => field_end(line, at),
        };
    }
    if whole {
        return at;
    }
    if skips {
        at = skip(line, at, is_blank);
    }
    at.saturating_add(position.chars).min(line.len())
}

/// Where the field that begins with blanks at `at` ends.
fn field_end(line: &[u8], at: usize) -> usize {
    let at = skip(line, at, is_blank);
    skip(line, at, |byte| !is_blank(byte))
}

fn skip(line: &[u8], at: usize, skips: impl Fn(u8) -> bool) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    rest.iter()
        .position(|byte| !skips(*byte))
        .map_or(line.len(), |count| at + count)
}
