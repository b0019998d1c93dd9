//! Texts counted in characters. Bytes that are no UTF-8 count one each.

use cofferdam_regex::char_length;

/// The number of characters.
pub(crate) fn length(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let mut at = 0;
    let mut count = 0;
    while at < text.len() {
        at += char_length(text, at);
        count += 1;
    }
    count
}

/// Offset of a character in bytes; the end for one behind the last.
pub(crate) fn offset(text: &[u8], chars: usize) -> usize {
    if text.is_ascii() {
        return chars.min(text.len());
    }
    let mut at = 0;
    for _ in 0..chars {
        if at >= text.len() {
            break;
        }
        at += char_length(text, at);
    }
    at.min(text.len())
}

/// The first characters.
pub(crate) fn take(text: &[u8], chars: usize) -> &[u8] {
    text.get(..offset(text, chars)).unwrap_or(text)
}

/// The number of characters before a byte.
pub(crate) fn chars_before(text: &[u8], at: usize) -> usize {
    length(text.get(..at).unwrap_or(text))
}
