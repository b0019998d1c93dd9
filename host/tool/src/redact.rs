//! Secrets are taken out of whatever a tool says.
//!
//! A guest never gets a secret, but a server that it talks to may send one back. Found are the exact value, base64 and
//! hexadecimal, in capitals or not; and each of these written with escapes, in which every character may be written in
//! several ways: as in JSON, HTML, URLs and quoted-printable text, one inside another, and broken into lines. [`unescape`]
//! undoes the escapes while it reads, and knows where each byte came from. A guest that rewrites what it got in a way of
//! its own is not stopped by this (`SECURITY.md`).

mod unescape;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use cofferdam_capability::{ForeignText, SecretName};
use cofferdam_sandbox::{Outcome, Output, Report};

use crate::secret::Secrets;
use unescape::{Piece, Reading, unescaped};

/// What is left of a secret at the place where output was cut, at most, in bytes: fewer say nothing.
const MAX_REST: usize = 4;

/// The shortest spelling that is looked for, in bytes. A secret whose escapes are undone may be shorter than it was.
const MIN_SPELLING: usize = 8;

/// Finds secrets in all their spellings.
pub(crate) struct Redactor {
    finder: Option<NFA>,
    /// Each spelling, and what stands in its place.
    spellings: Vec<(Vec<u8>, String)>,
    longest: usize,
}

/// A place that a secret takes, and the spelling that says which.
#[derive(Debug, Clone)]
struct Found {
    place: Range<usize>,
    spelling: usize,
}

impl Redactor {
    /// For all of `secrets`.
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let mut all = Vec::new();
        for (name, value) in secrets.iter() {
            all.extend(spellings(value).into_iter().map(|spelling| (spelling, mark(name))));
        }
        let longest = all.iter().map(|(spelling, _)| spelling.len()).max().unwrap_or(0);
        // Hexadecimal is written in capitals or not, and names of hosts are never.
        let finder = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(all.iter().map(|(spelling, _)| spelling))
            .inspect_err(|error| tracing::error!("secrets cannot be looked for, so nothing is told: {error}"));
        Self { finder: finder.ok(), spellings: all, longest }
    }

    /// Everything of a report that leaves the host.
    pub(crate) fn report(&self, report: &mut Report) {
        if self.spellings.is_empty() {
            return;
        }
        self.output(&mut report.stdout);
        self.output(&mut report.stderr);
        match &mut report.receipt.outcome {
            Outcome::GuestError { message, .. } | Outcome::Trap { message } | Outcome::HostFault { message } => {
                self.text(message);
            }
            Outcome::Denied { reason } => self.text(reason),
            Outcome::Ok
            | Outcome::OutOfFuel
            | Outcome::OutOfMemory
            | Outcome::StackOverflow
            | Outcome::Deadline
            | Outcome::Cancelled
            | Outcome::HostCallTooLarge => {}
        }
        report.receipt.refusals.iter_mut().for_each(|refusal| self.text(refusal));
        let directories = std::mem::take(&mut report.receipt.directories).into_iter();
        let clean = |(mut name, access)| {
            self.text(&mut name);
            (name, access)
        };
        report.receipt.directories = directories.map(clean).collect();
        let mut hosts = BTreeMap::new();
        for (mut host, connections) in std::mem::take(&mut report.receipt.hosts) {
            self.text(&mut host);
            let sum: &mut u64 = hosts.entry(host).or_default();
            *sum = sum.saturating_add(connections);
        }
        let receipt = &mut report.receipt;
        receipt.hosts = hosts;
        for changed in [&mut receipt.removed, &mut receipt.renamed, &mut receipt.truncated] {
            changed.names.iter_mut().for_each(|name| self.text(name));
        }
    }

    /// What a guest says as one line for a log or a person: what it could use to forge or hide lines is shown escaped.
    pub(crate) fn line(&self, said: &str) -> String {
        let mut line = said.to_owned();
        if !self.spellings.is_empty() {
            self.text(&mut line);
        }
        ForeignText::line(&line).to_string()
    }

    fn output(&self, output: &mut Output) {
        let cut = output.dropped() > 0;
        output.replace(self.redacted(output.bytes(), cut));
    }

    fn text(&self, text: &mut String) {
        *text = String::from_utf8_lossy(&self.redacted(text.as_bytes(), true)).into_owned();
    }

    /// `bytes` with a mark in the place of every secret. Where they were `cut`, the beginning of one at their end goes as
    /// well.
    fn redacted(&self, bytes: &[u8], cut: bool) -> Vec<u8> {
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for reading in Reading::of(bytes) {
            all.extend(self.search(finder, unescaped(bytes, reading, cut), bytes.len(), cut));
            // What an earlier reading has found is found again.
            all = merged(all);
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for Found { place, spelling } in all {
            clean.extend_from_slice(bytes.get(at..place.start).unwrap_or_default());
            clean.extend_from_slice(self.mark_of(spelling));
            at = place.end;
        }
        clean.extend_from_slice(bytes.get(at..).unwrap_or_default());
        clean
    }

    /// Looks for secrets in a text of `size` bytes as one reading has it.
    fn search(&self, finder: &NFA, text: impl Iterator<Item = Piece>, size: usize, cut: bool) -> Vec<Found> {
        let mut all = Vec::new();
        let Ok(mut state) = finder.start_state(Anchored::No) else { return all };
        // The pieces that a spelling may have begun with, for its place.
        let mut last: VecDeque<Piece> = VecDeque::new();
        for piece in text {
            state = finder.next_state(Anchored::No, state, piece.byte);
            if last.len() == self.longest {
                last.pop_front();
            }
            last.push_back(piece);
            if !finder.is_match(state) {
                continue;
            }
            // The first is the longest of those that end here.
            let spelling = finder.match_pattern(state, 0);
            let begin = last.len().checked_sub(finder.pattern_len(spelling)).and_then(|first| last.get(first));
            if let Some(begin) = begin {
                add(&mut all, Found { place: begin.start..piece.end, spelling: spelling.as_usize() });
            }
        }
        if cut && let Some((start, spelling)) = self.begun(last.make_contiguous()) {
            add(&mut all, Found { place: start..size, spelling });
        }
        all
    }

    fn mark_of(&self, spelling: usize) -> &[u8] {
        self.spellings.get(spelling).map_or(b"[redacted]", |(_, mark)| mark.as_bytes())
    }

    /// Where the beginning of a secret stands at the end of a text that has these last pieces.
    fn begun(&self, last: &[Piece]) -> Option<(usize, usize)> {
        let said: Vec<u8> = last.iter().map(|piece| piece.byte).collect();
        (0..said.len().saturating_sub(MAX_REST)).find_map(|first| {
            let end = said.get(first..)?;
            let begins = |(spelling, _): &(Vec<u8>, String)| {
                spelling.get(..end.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(end))
            };
            let spelling = self.spellings.iter().position(begins)?;
            Some((last.get(first)?.start, spelling))
        })
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

/// The places in their order, with those that overlap as one.
fn merged(mut all: Vec<Found>) -> Vec<Found> {
    all.sort_by_key(|found| (found.place.start, found.place.end));
    let mut merged = Vec::with_capacity(all.len());
    all.into_iter().for_each(|found| add(&mut merged, found));
    merged
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("spellings", &self.spellings.len()).finish_non_exhaustive()
    }
}

fn mark(name: &SecretName) -> String {
    format!("[redacted:{name}]")
}

/// The spellings that are looked for in every reading.
fn spellings(value: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([value.to_vec()]);
    // Forms write `+` for a space.
    all.insert(value.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect());
    // A secret that holds what looks like an escape is changed by the reading that undoes them.
    for reading in Reading::of(value) {
        let read: Vec<u8> = unescaped(value, reading, false).map(|piece| piece.byte).collect();
        if read.len() >= MIN_SPELLING {
            all.insert(read);
        }
    }
    for encode in [base64_standard, base64_url] {
        all.extend((0..3).map(|offset| base64_at(value, offset, encode)));
    }
    all.insert(value.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes());
    all
}

fn base64_standard(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What every base64 text holds in which the secret begins `offset` bytes into a group of three: the characters that
/// depend on nothing but the secret.
fn base64_at(value: &[u8], offset: usize, encode: fn(&[u8]) -> String) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let first = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    encode(&padded).into_bytes().get(first..end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests;
