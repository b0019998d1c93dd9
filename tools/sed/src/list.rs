//! `l`: a line with everything in it visible.

/// The text with escapes, broken into lines of at most so many columns; 0 breaks none.
pub(crate) fn list(text: &[u8], columns: usize) -> Vec<u8> {
    let most = columns.saturating_sub(1);
    let mut out = Vec::new();
    let mut width = 0;
    for byte in text {
        let piece = match byte {
            b'\\' => "\\\\".to_owned(),
            0x07 => "\\a".to_owned(),
            0x08 => "\\b".to_owned(),
            0x0c => "\\f".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            0x0b => "\\v".to_owned(),
            b' '..=b'~' => char::from(*byte).to_string(),
            other => format!("\\{other:03o}"),
        };
        if columns > 0 && width + piece.len() > most {
            out.extend_from_slice(b"\\\n");
            width = 0;
        }
        width += piece.len();
        out.extend_from_slice(piece.as_bytes());
    }
    out.extend_from_slice(b"$\n");
    out
}
