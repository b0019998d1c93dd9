//! A text searched for secrets, in every reading that makes a difference, as far as one wants at a time.

use std::collections::VecDeque;
use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;

use super::Redactor;
use super::unescape::{Piece, Reading, unescaped};

/// A place that a secret takes, and the spelling that says which.
#[derive(Debug, Clone)]
struct Found {
    place: Range<usize>,
    spelling: usize,
}

/// The search of one text.
pub(super) struct Search<'a> {
    redactor: &'a Redactor,
    finder: &'a NFA,
    bytes: &'a [u8],
    cut: bool,
    /// The readings to come.
    readings: std::vec::IntoIter<Reading>,
    /// The reading at work.
    reading: Option<Read<'a>>,
    /// What readings have found, in order and without overlaps.
    all: Vec<Found>,
}

/// A text as one reading has it, up to where it was searched.
struct Read<'a> {
    text: Box<dyn Iterator<Item = Piece> + Send + 'a>,
    state: StateID,
    /// The pieces that a spelling may have begun with, for its place.
    last: VecDeque<Piece>,
    found: Vec<Found>,
}

impl<'a> Search<'a> {
    pub(super) fn new(redactor: &'a Redactor, finder: &'a NFA, bytes: &'a [u8], cut: bool) -> Self {
        let readings = Reading::of(bytes).into_iter();
        Self { redactor, finder, bytes, cut, readings, reading: None, all: Vec::new() }
    }

    /// Searches `most` bytes more, and returns true if there are others.
    pub(super) fn goes_on(&mut self, most: usize) -> bool {
        let reading = match self.reading.take() {
            Some(reading) => Some(reading),
            None => self.readings.next().and_then(|reading| self.begin(reading)),
        };
        let Some(mut reading) = reading else { return false };
        for _ in 0..most {
            let Some(piece) = reading.text.next() else {
                self.end(reading);
                return self.readings.len() > 0;
            };
            self.take(&mut reading, piece);
        }
        self.reading = Some(reading);
        true
    }

    /// The memory of what was found, in bytes.
    pub(super) fn size(&self) -> usize {
        let found = self.reading.as_ref().map_or(0, |reading| reading.found.capacity());
        // Places are sorted beside the old ones.
        found.saturating_add(self.all.capacity()).saturating_mul(2 * size_of::<Found>())
    }

    pub(super) fn has_found(&self) -> bool {
        !self.all.is_empty()
    }

    /// The text with a mark in the place of every secret, if there is one.
    pub(super) fn clean(self) -> Option<Vec<u8>> {
        if self.all.is_empty() {
            return None;
        }
        let mut clean = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        for Found { place, spelling } in self.all {
            clean.extend_from_slice(self.bytes.get(at..place.start).unwrap_or_default());
            clean.extend_from_slice(self.redactor.mark_of(spelling));
            at = place.end;
        }
        clean.extend_from_slice(self.bytes.get(at..).unwrap_or_default());
        Some(clean)
    }

    fn begin(&self, reading: Reading) -> Option<Read<'a>> {
        let state = self.finder.start_state(Anchored::No).ok()?;
        let text = unescaped(self.bytes, reading, self.cut);
        Some(Read { text, state, last: VecDeque::new(), found: Vec::new() })
    }

    fn take(&self, reading: &mut Read<'_>, piece: Piece) {
        let Read { state, last, found, .. } = reading;
        *state = self.finder.next_state(Anchored::No, *state, piece.byte);
        if last.len() == self.redactor.longest {
            last.pop_front();
        }
        last.push_back(piece);
        if !self.finder.is_match(*state) {
            return;
        }
        // The first is the longest of those that end here.
        let spelling = self.finder.match_pattern(*state, 0);
        let begin = last.len().checked_sub(self.finder.pattern_len(spelling)).and_then(|first| last.get(first));
        if let Some(begin) = begin {
            add(found, Found { place: begin.start..piece.end, spelling: spelling.as_usize() });
        }
    }

    fn end(&mut self, reading: Read<'_>) {
        let Read { mut last, mut found, .. } = reading;
        if self.cut
            && let Some((start, spelling)) = self.redactor.begun(last.make_contiguous())
        {
            add(&mut found, Found { place: start..self.bytes.len(), spelling });
        }
        // What an earlier reading has found is found again.
        self.all.append(&mut found);
        self.all.sort_by_key(|found| (found.place.start, found.place.end));
        let mut merged = Vec::with_capacity(self.all.len());
        self.all.drain(..).for_each(|found| add(&mut merged, found));
        self.all = merged;
    }
}

/// Adds a place that ends after those before it, as one with those that it overlaps.
fn add(all: &mut Vec<Found>, mut found: Found) {
    while let Some(before) = all.pop_if(|before| before.place.end > found.place.start) {
        let wider =
            before.place.end.saturating_sub(before.place.start) >= found.place.end.saturating_sub(found.place.start);
        let spelling = if wider { before.spelling } else { found.spelling };
        let place = before.place.start.min(found.place.start)..before.place.end.max(found.place.end);
        found = Found { place, spelling };
    }
    all.push(found);
}
