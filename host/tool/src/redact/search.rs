//! A text searched for secrets, in every reading that makes a difference, as far as one wants at a
//! time.

use std::ops::Range;

use aho_corasick::automaton::OverlappingState;

use super::decode::{DECODED, Decoding};
use super::pieces::{Pieces, Span};
use super::spellings::{MAX_SPELLING, MIN_BEGIN, Spellings};
use super::unescape::{MAX_ESCAPE, MAX_QUOTES, Reading, Unescaping};

/// Bytes that go through all readings at once. What each reading holds meanwhile is a small
/// multiple of it.
const STRETCH: usize = 2 << 10;

/// Bytes at the end of a cut text that say nothing where it is decoded: characters of an escape
/// that was cut are taken for those of base64.
const MAX_LOOSE: usize = 12;

/// A place that a secret takes, and the spelling that says which.
#[derive(Debug, Clone)]
struct Found {
    place: Range<usize>,
    spelling: usize,
}

/// The search of one text.
pub(super) struct Search<'a> {
    spellings: &'a Spellings,
    bytes: &'a [u8],
    /// Bytes that were read.
    at: usize,
    plain: Tap,
    readings: Vec<Chain>,
    /// Places that were found since the last stretch, by reading.
    new: Vec<Found>,
    /// All places, in order and without overlaps.
    all: Vec<Found>,
}

impl<'a> Search<'a> {
    /// Begins to search `bytes`. If the text was `cut`, the beginning of a secret at its end is
    /// found as well.
    pub(super) fn new(spellings: &'a Spellings, bytes: &'a [u8], cut: bool) -> Self {
        let readings = Reading::of(bytes)
            .iter()
            .map(|reading| Chain::new(reading, cut))
            .collect();
        Self {
            spellings,
            bytes,
            at: 0,
            plain: Tap::new(cut),
            readings,
            new: Vec::new(),
            all: Vec::new(),
        }
    }

    /// Searches about `most` bytes more, and returns true if there are others.
    pub(super) fn goes_on(&mut self, most: usize) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let end = self.bytes.len().min(self.at.saturating_add(most));
        loop {
            let next = end.min(self.at.saturating_add(STRETCH));
            let text = Pieces::said(self.bytes.get(self.at..next).unwrap_or_default(), self.at);
            self.at = next;
            let is_last = next == self.bytes.len();
            let mut sink = Sink {
                spellings: self.spellings,
                end: self.bytes.len(),
                is_last,
                found: &mut self.new,
            };
            self.plain.take(&text, &mut sink);
            for reading in &mut self.readings {
                reading.read(&text, &mut sink);
            }
            if !self.new.is_empty() {
                self.sort();
            }
            if next == end {
                return !is_last;
            }
        }
    }

    /// The memory that the readings work in, in bytes: each holds a stretch with its places, and a
    /// second one that it makes of it.
    pub(super) fn working(&self) -> usize {
        let stretch = STRETCH.saturating_mul(1 + size_of::<Span>());
        let readings = self.readings.len().saturating_add(1);
        readings.saturating_mul(2 * stretch)
    }

    /// The memory of what was found, in bytes, and as much again to sort it.
    pub(super) fn size(&self) -> usize {
        let found = self.new.capacity().saturating_add(self.all.capacity());
        found.saturating_mul(2 * size_of::<Found>())
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
            clean.extend_from_slice(self.spellings.mark_of(spelling));
            at = place.end;
        }
        clean.extend_from_slice(self.bytes.get(at..).unwrap_or_default());
        Some(clean)
    }

    /// Puts what is new among what was found. It is at the end of it, but for what one reading says
    /// later than another.
    fn sort(&mut self) {
        let first = self
            .new
            .iter()
            .map(|found| found.place.start)
            .min()
            .unwrap_or(0);
        while let Some(later) = self.all.pop_if(|before| before.place.end > first) {
            self.new.push(later);
        }
        self.new
            .sort_by_key(|found| (found.place.start, found.place.end));
        for found in self.new.drain(..) {
            add(&mut self.all, found);
        }
    }
}

/// Adds a place that begins after those before it, as one with those that it overlaps.
fn add(all: &mut Vec<Found>, mut found: Found) {
    while let Some(before) = all.pop_if(|before| before.place.end > found.place.start) {
        let wider = before.place.len() >= found.place.len();
        let spelling = if wider {
            before.spelling
        } else {
            found.spelling
        };
        let place =
            before.place.start.min(found.place.start)..before.place.end.max(found.place.end);
        found = Found { place, spelling };
    }
    all.push(found);
}

/// Receives the places that readings find.
struct Sink<'a> {
    spellings: &'a Spellings,
    /// The length of the whole text.
    end: usize,
    /// The text has no more than was read.
    is_last: bool,
    found: &'a mut Vec<Found>,
}

/// Escapes that are undone one after the other, what is left searched after each.
struct Chain {
    stages: Vec<(Unescaping, Tap)>,
    /// The decoded texts of what all stages but the last leave.
    decoded: Option<Decoded>,
}

/// Bytes that a text holds as characters, in readings of their own.
struct Decoded {
    tags: Unescaping,
    decoding: Decoding,
    texts: Vec<Chain>,
}

impl Chain {
    fn new(reading: &Reading, cut: bool) -> Self {
        let stages = reading
            .stages
            .iter()
            .map(|escapes| (Unescaping::new(*escapes, cut), Tap::new(cut)))
            .collect();
        let decoded = reading.decoded.then(|| {
            let texts = (0..DECODED)
                .map(|_| Self::new(&Reading::of_decoded(), cut).inexact())
                .collect();
            let tags = Unescaping::new(Reading::before_decoding(), cut);
            Decoded {
                tags,
                decoding: Decoding::default(),
                texts,
            }
        });
        Self { stages, decoded }
    }

    fn inexact(mut self) -> Self {
        self.stages = self
            .stages
            .into_iter()
            .map(|(stage, tap)| (stage, tap.inexact()))
            .collect();
        self
    }

    fn read(&mut self, text: &Pieces, sink: &mut Sink<'_>) {
        let mut before = Pieces::default();
        let mut after = Pieces::default();
        for (index, (stage, tap)) in self.stages.iter_mut().enumerate() {
            let text = if index == 0 { text } else { &before };
            after.clear();
            stage.read(text, sink.is_last, sink.spellings.signs(), &mut after);
            tap.take(&after, sink);
            std::mem::swap(&mut before, &mut after);
        }
        let Some(Decoded {
            tags,
            decoding,
            texts,
        }) = &mut self.decoded
        else {
            return;
        };
        // The last stage removes line breaks, which stand between numbers: the text before it
        // counts.
        let text = after;
        let mut without_tags = Pieces::default();
        tags.read(
            &text,
            sink.is_last,
            sink.spellings.signs(),
            &mut without_tags,
        );
        let mut out: [Pieces; DECODED] = std::array::from_fn(|_| Pieces::default());
        decoding.read(&without_tags, sink.is_last, &mut out);
        for (text, chain) in out.iter().zip(texts) {
            chain.read(text, sink);
        }
    }
}

/// One text searched.
struct Tap {
    /// The end of the text so far.
    text: Pieces,
    /// Bytes of it that were searched.
    searched: usize,
    cut: bool,
    /// Bytes at the end of a cut text that may be anything, because characters of an escape were
    /// taken for others.
    loose: usize,
}

impl Tap {
    fn new(cut: bool) -> Self {
        Self {
            text: Pieces::default(),
            searched: 0,
            cut,
            loose: 0,
        }
    }

    fn inexact(mut self) -> Self {
        self.loose = MAX_LOOSE;
        self
    }

    /// Searches what comes next.
    fn take(&mut self, text: &Pieces, sink: &mut Sink<'_>) {
        self.text.append(text, 0..text.len());
        if sink.is_last || self.text.len().saturating_sub(self.searched) >= STRETCH / 2 {
            self.search(sink);
        }
        if sink.is_last && self.cut {
            self.begun(sink);
        }
    }

    fn search(&mut self, sink: &mut Sink<'_>) {
        let mut state = OverlappingState::start();
        loop {
            sink.spellings
                .whole()
                .find_overlapping(self.text.bytes(), &mut state);
            let Some(found) = state.get_match() else {
                break;
            };
            // Other ones were found when this began.
            if found.end() > self.searched {
                self.add(found.start()..found.end(), found.pattern().as_usize(), sink);
            }
        }
        self.text.keep_last(MAX_SPELLING + MAX_ESCAPE);
        self.searched = self.text.len();
    }

    fn add(&self, bytes: Range<usize>, spelling: usize, sink: &mut Sink<'_>) {
        let last = self.text.place(bytes.end.saturating_sub(1));
        if let (Some(first), Some(last)) = (self.text.place(bytes.start), last) {
            sink.found.push(Found {
                place: first.start..last.end,
                spelling,
            });
        }
    }

    /// Finds the beginning of a secret where the text ends: all that there is of it, or all before
    /// an escape that was cut.
    fn begun(&self, sink: &mut Sink<'_>) {
        let bytes = self.text.bytes();
        let begun = sink
            .spellings
            .begins()
            .find_overlapping_iter(bytes)
            .find(|found| {
                let spelling = sink.spellings.get(found.pattern().as_usize());
                let said = bytes.get(found.start()..).unwrap_or_default();
                let same = said
                    .iter()
                    .zip(spelling)
                    .take_while(|(said, byte)| said.eq_ignore_ascii_case(byte))
                    .count();
                let rest = said.len().saturating_sub(same);
                // A whole one is found otherwise.
                same < spelling.len()
                    && (rest <= self.loose || (MIN_BEGIN..=same).any(|end| may_be_cut(said, end)))
            });
        if let Some(found) = begun
            && let Some(first) = self.text.place(found.start())
        {
            sink.found.push(Found {
                place: first.start..sink.end,
                spelling: found.pattern().as_usize(),
            });
        }
    }
}

/// Returns true if an escape may begin at `end` that the end of the text has cut.
fn may_be_cut(said: &[u8], end: usize) -> bool {
    let rest = said.get(end..).unwrap_or_default();
    match rest {
        [b'\\' | b'&' | b'%' | b'=' | 0x1b, ..] => rest.len() < MAX_ESCAPE,
        [b'"' | b'\'', ..] => rest.len() < MAX_QUOTES,
        _ => false,
    }
}
