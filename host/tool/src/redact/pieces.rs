//! A stretch of a text as it is read, and the place of each of its bytes in the text as it was
//! said.

use std::ops::Range;

/// The place of one byte in the text as it was said: of the whole escape that stands for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Bytes with their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    places: Vec<Span>,
}

impl Pieces {
    /// `bytes` as they were said, from `start` on.
    pub(super) fn said(bytes: &[u8], start: usize) -> Self {
        let place = |(at, _): (usize, &u8)| Span {
            start: at,
            end: at.saturating_add(1),
        };
        let places = bytes
            .iter()
            .enumerate()
            .map(|(at, byte)| (at.saturating_add(start), byte))
            .map(place);
        Self {
            bytes: bytes.to_vec(),
            places: places.collect(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn place(&self, at: usize) -> Option<Span> {
        self.places.get(at).copied()
    }

    /// Adds bytes that all stand in one place.
    pub(super) fn push(&mut self, bytes: &[u8], place: Span) {
        self.bytes.extend_from_slice(bytes);
        self.places.resize(self.bytes.len(), place);
    }

    /// Adds bytes with a place for each.
    pub(super) fn extend(&mut self, bytes: &[u8], places: &[Span]) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend_from_slice(places);
    }

    /// Adds some bytes of another stretch.
    pub(super) fn append(&mut self, other: &Self, range: Range<usize>) {
        self.bytes
            .extend_from_slice(other.bytes.get(range.clone()).unwrap_or_default());
        self.places
            .extend_from_slice(other.places.get(range).unwrap_or_default());
    }

    /// Forgets all bytes but the last `count`.
    pub(super) fn keep_last(&mut self, count: usize) {
        let gone = self.len().saturating_sub(count);
        self.bytes.drain(..gone);
        self.places.drain(..gone);
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.places.clear();
    }
}
