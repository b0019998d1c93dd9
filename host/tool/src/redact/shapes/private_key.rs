//! Private keys in PEM.

use std::ops::Range;

use super::looks::Text;

/// The longest label of a key, in bytes: `RSA PRIVATE KEY` and its kin.
const MAX_LABEL: usize = 40;

/// The longest key, in bytes (16 KiB): an RSA key of 16384 bits has 13 KiB.
const MAX_KEY: usize = 16 << 10;

/// The shortest key, in bytes: a first line alone is how programs recognise one.
const MIN_KEY: usize = 16;

const DASHES: &[u8] = b"-----";
const END: &[u8] = b"-----END ";

/// Finds a key with its first and last line. Without a last line it goes as far as a key may.
pub(super) fn find(text: Text<'_>, sign: Range<usize>) -> Option<Range<usize>> {
    let rest = text.bytes.get(sign.end..)?;
    let label = rest.get(..MAX_LABEL.min(rest.len()))?;
    let label = label.get(..position(label, DASHES)?)?;
    if !label.ends_with(b"PRIVATE KEY") {
        return None;
    }
    let body = sign.end.saturating_add(label.len() + DASHES.len());
    let limit = text.bytes.len().min(body.saturating_add(MAX_KEY));
    let seen = text.get(&(body..limit));
    // Whatever comes next between dashes is its last line, or another text.
    let dashes = position(seen, DASHES).unwrap_or(seen.len());
    let until_dashes = seen.get(..dashes).unwrap_or_default();
    // In JSON it ends with its text.
    let quote = until_dashes.iter().position(|byte| *byte == b'"');
    let next = quote.unwrap_or(dashes);
    if next < MIN_KEY && !text.is_cut_at(body.saturating_add(next)) {
        return None;
    }
    let after = seen.get(next..).unwrap_or_default();
    let last = match after.strip_prefix(END) {
        Some(label) => {
            let label = label.get(..MAX_LABEL.min(label.len())).unwrap_or_default();
            position(label, DASHES).map_or(END.len(), |at| END.len() + at + DASHES.len())
        }
        None => 0,
    };
    Some(sign.start..body.saturating_add(next + last))
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|found| found == wanted)
}
