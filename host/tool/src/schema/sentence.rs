//! Parts of the sentences that say what is wrong, of bounded length.

use serde_json::Value;

/// The most bytes of a guest's or a caller's value that a sentence shows.
const MAX_SHOWN: usize = 80;

/// The longest pointer that a sentence shows, in bytes: keys are as long as their author likes.
pub(super) const MAX_POINTER: usize = 200;

/// A place in a schema or an input as the beginning of a sentence, cut where it is long.
pub(super) fn at(pointer: &str) -> String {
    match pointer
        .get(..pointer.floor_char_boundary(MAX_POINTER))
        .unwrap_or_default()
    {
        "" => "at the top".to_owned(),
        whole if whole.len() == pointer.len() => format!("at {whole}"),
        beginning => format!("at {beginning}…"),
    }
}

/// A key as it stands in a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// `value` as JSON, cut where it is long: no more of it is written than is shown.
pub(super) fn shown(value: &Value) -> String {
    let mut shown = Shown(Vec::new());
    match serde_json::to_writer(&mut shown, value) {
        Ok(()) => String::from_utf8_lossy(&shown.0).into_owned(),
        Err(_) => format!(
            "{}…",
            String::from_utf8_lossy(&shown.0).trim_end_matches('\u{fffd}')
        ),
    }
}

/// A buffer that fails when it is full.
struct Shown(Vec<u8>);

impl std::io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = MAX_SHOWN.saturating_sub(self.0.len());
        self.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room {
            Err(std::io::ErrorKind::WriteZero.into())
        } else {
            Ok(bytes.len())
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
