//! A text scanned for shapes of credentials, as far as one wants at a time.

use std::ops::Range;

use aho_corasick::Input;

use super::shapes::{MAX_SIGN, Shapes, Text};

/// The words that stand in the place of a credential whose name nobody knows.
const MARK: &[u8] = b"[redacted]";

/// The scan of one text. Each byte is read a bounded number of times, whatever the text is.
pub(super) struct Scan<'a> {
    shapes: &'a Shapes,
    text: Text<'a>,
    /// Bytes that were scanned.
    at: usize,
    found: Vec<Range<usize>>,
}

impl<'a> Scan<'a> {
    /// Begins to scan `bytes`. If the text was `cut`, the beginning of a credential at its end is
    /// found as well.
    pub(super) fn new(shapes: &'a Shapes, bytes: &'a [u8], cut: bool) -> Self {
        Self {
            shapes,
            text: Text { bytes, cut },
            at: 0,
            found: Vec::new(),
        }
    }

    /// Scans about `most` bytes more, and returns true if there are others.
    pub(super) fn goes_on(&mut self, most: usize) -> bool {
        let bytes = self.text.bytes;
        let end = bytes.len().min(self.at.saturating_add(most));
        while self.at < end {
            // A sign may begin before the end of this piece and end after it.
            let until = bytes.len().min(end.saturating_add(MAX_SIGN));
            let signs = self.shapes.signs();
            let Some(sign) = signs.find(Input::new(bytes).range(self.at..until)) else {
                self.at = end;
                break;
            };
            let place = sign.start()..sign.end();
            let found = self.shapes.credential(self.text, sign.pattern(), place);
            self.at = found
                .as_ref()
                .map_or(sign.end(), |found| found.end.max(sign.end()));
            self.found.extend(found);
        }
        self.at < bytes.len()
    }

    /// The memory of what was found, in bytes.
    pub(super) fn size(&self) -> usize {
        let found = self.found.capacity();
        found.saturating_mul(size_of::<Range<usize>>())
    }

    pub(super) fn has_found(&self) -> bool {
        !self.found.is_empty()
    }

    /// The text with a mark in the place of every credential, if there is one.
    pub(super) fn clean(self) -> Option<Vec<u8>> {
        if self.found.is_empty() {
            return None;
        }
        let bytes = self.text.bytes;
        let mut clean = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for Range { start, end } in self.found {
            clean.extend_from_slice(bytes.get(at..start).unwrap_or_default());
            clean.extend_from_slice(MARK);
            at = end;
        }
        clean.extend_from_slice(bytes.get(at..).unwrap_or_default());
        Some(clean)
    }
}
