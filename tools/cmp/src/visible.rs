//! A byte in the characters that `cat -v` shows it with.

/// Returns printable ASCII as it is, control characters behind `^`, and the upper half behind `M-`.
pub(crate) fn visible(byte: u8) -> String {
    let (prefix, low) = if byte < 0x80 {
        ("", byte)
    } else {
        ("M-", byte & 0x7f)
    };
    match low {
        0..=31 => format!("{prefix}^{}", char::from(low.saturating_add(64))),
        127 => format!("{prefix}^?"),
        low => format!("{prefix}{}", char::from(low)),
    }
}
