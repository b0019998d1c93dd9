//! The room that an outgoing schema may take.

/// Forms of one schema, its references written out. The largest of the tools that come with the
/// host has 90; one more says nothing that a model would still read.
const MAX_FORMS: usize = 2_048;

/// Bytes of names and words in one schema (128 KiB): twice as many as a descriptor has, because
/// references are written out.
const MAX_BYTES: usize = 128 << 10;

/// Schemas inside one another, with those that references lead to.
pub(super) const MAX_DEPTH: usize = 64;

/// Counts what is left.
#[derive(Debug)]
pub(super) struct Budget {
    forms: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            forms: MAX_FORMS,
            bytes: MAX_BYTES,
        }
    }

    /// Returns true if there is room for one more form.
    pub(super) fn form(&mut self) -> bool {
        take(&mut self.forms, 1)
    }

    /// The text, if there is room for it.
    pub(super) fn text(&mut self, text: &str) -> Option<String> {
        take(&mut self.bytes, text.len()).then(|| text.to_owned())
    }
}

fn take(left: &mut usize, wanted: usize) -> bool {
    match left.checked_sub(wanted) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => {
            // Nothing fits any more: what is left out is left out at one place.
            *left = 0;
            false
        }
    }
}
