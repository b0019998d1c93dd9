//! Finds where hunks fit, and puts them there.

use crate::parse::{Hunk, Kind, Line};

/// A file, line by line, each with its line break.
pub(crate) struct Text<'a> {
    lines: Vec<&'a [u8]>,
}

/// Result for a hunk.
pub(crate) enum Went {
    /// The line of the new file where it is, from 1.
    Fits {
        line: usize,
        fuzz: usize,
        offset: isize,
    },
    Fails {
        line: usize,
    },
}

/// The result of all hunks.
pub(crate) struct Applied {
    pub(crate) text: Vec<u8>,
    pub(crate) went: Vec<Went>,
}

/// Tolerance when a hunk is compared with the file.
#[derive(Clone, Copy)]
pub(crate) struct Fit {
    /// Lines of context that may differ.
    pub(crate) fuzz: usize,
    pub(crate) ignore_blanks: bool,
}

/// A place where a hunk fits.
#[derive(Clone, Copy)]
struct Place {
    /// From 0.
    at: usize,
    fuzz: usize,
}

impl<'a> Text<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            lines: text.split_inclusive(|byte| *byte == b'\n').collect(),
        }
    }

    /// Returns true if a hunk fits without any difference in its context.
    pub(crate) fn has(&self, hunk: &Hunk, fit: Fit) -> bool {
        self.find(hunk, guess(hunk, 0), 0, fit).is_some()
    }

    /// Applies hunks one after another.
    pub(crate) fn apply(&self, hunks: &[Hunk], fit: Fit) -> Applied {
        let mut out: Vec<u8> = Vec::new();
        let mut went = Vec::new();
        // Lines that are copied already, and how far the file has moved.
        let mut done = 0;
        let mut offset = 0_isize;
        let mut grown = 0_isize;
        for hunk in hunks {
            let expected = guess(hunk, offset);
            let Some(place) = self.find(hunk, expected, done, fit) else {
                let line = (hunk.old.start.max(1)).saturating_add_signed(grown);
                went.push(Went::Fails { line });
                continue;
            };
            for line in self.lines.get(done..place.at).unwrap_or_default() {
                out.extend_from_slice(line);
            }
            done = self.put(&mut out, hunk, place.at);
            offset = signed(place.at) - signed(guess(hunk, 0));
            went.push(Went::Fits {
                line: (place.at + 1).saturating_add_signed(grown),
                fuzz: place.fuzz,
                offset,
            });
            grown += signed(hunk.new.count) - signed(hunk.old.count);
        }
        for line in self.lines.get(done..).unwrap_or_default() {
            out.extend_from_slice(line);
        }
        Applied { text: out, went }
    }

    /// Writes a hunk's new lines. Context stays as the file has it. Returns the line behind it.
    fn put(&self, out: &mut Vec<u8>, hunk: &Hunk, at: usize) -> usize {
        let mut at = at;
        for Line { kind, text } in &hunk.lines {
            match kind {
                Kind::New => {
                    // A line that was the last one may have no end.
                    if out.last().is_some_and(|byte| *byte != b'\n') {
                        out.push(b'\n');
                    }
                    out.extend_from_slice(text);
                }
                Kind::Old => at += 1,
                Kind::Context => {
                    out.extend_from_slice(self.lines.get(at).copied().unwrap_or_default());
                    at += 1;
                }
            }
        }
        at
    }

    /// The place nearest to the one that is expected, with as little fuzz as possible.
    fn find(&self, hunk: &Hunk, expected: usize, done: usize, fit: Fit) -> Option<Place> {
        let old = hunk.side(Kind::New);
        let prefix = context(hunk.lines.iter());
        let suffix = context(hunk.lines.iter().rev());
        let most = prefix.max(suffix);
        for fuzz in 0..=fit.fuzz.min(most) {
            // The side with less context begins or ends the file, or can spare less.
            let less_before = (fuzz + prefix).checked_sub(most);
            let less_behind = (fuzz + suffix).checked_sub(most);
            let matches = |at: usize| {
                let before = less_before.unwrap_or(0).min(prefix);
                let behind = less_behind.unwrap_or(0).min(suffix);
                at >= done && self.matches(&old, at, (before, behind), fit)
            };
            let found = if less_before.is_none() && hunk.old.start <= 1 {
                Some(0).filter(|at| matches(*at))
            } else if less_behind.is_none() {
                let last = self.lines.len().checked_sub(old.len());
                last.filter(|at| matches(*at))
            } else {
                self.nearest(expected, &matches)
            };
            if let Some(at) = found {
                return Some(Place { at, fuzz });
            }
        }
        None
    }

    fn nearest(&self, expected: usize, matches: &dyn Fn(usize) -> bool) -> Option<usize> {
        if matches(expected) {
            return Some(expected);
        }
        (1..=self.lines.len().max(expected)).find_map(|distance| {
            let after = expected.checked_add(distance).filter(|at| matches(*at));
            after.or_else(|| expected.checked_sub(distance).filter(|at| matches(*at)))
        })
    }

    fn matches(&self, old: &[&[u8]], at: usize, less: (usize, usize), fit: Fit) -> bool {
        let Some(here) = self.lines.get(at..at.saturating_add(old.len())) else {
            return false;
        };
        let (before, behind) = less;
        let compared = old.len().saturating_sub(before + behind);
        let pairs = old.iter().zip(here).skip(before).take(compared);
        pairs.into_iter().all(|(wanted, line)| {
            wanted == line || (fit.ignore_blanks && without_blanks(wanted) == without_blanks(line))
        })
    }
}

/// The number of lines of context at the beginning.
fn context<'a>(lines: impl Iterator<Item = &'a Line>) -> usize {
    lines.take_while(|line| line.kind == Kind::Context).count()
}

/// Expected place of a hunk, from 0. One without old lines stands behind the line it names.
fn guess(hunk: &Hunk, offset: isize) -> usize {
    let start = if hunk.old.count == 0 {
        hunk.old.start
    } else {
        hunk.old.start.saturating_sub(1)
    };
    start.saturating_add_signed(offset)
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

/// A line in which blanks are one blank each, and none at its end.
fn without_blanks(line: &[u8]) -> Vec<u8> {
    let words = line.split(|byte| byte.is_ascii_whitespace());
    let mut out = Vec::new();
    let blank = line.first().is_some_and(u8::is_ascii_whitespace);
    for word in words.filter(|word| !word.is_empty()) {
        if blank || !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}
