//! The edit script: ranges of lines that make the new file of the old one.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::files::Text;
use crate::ignore::Ignored;

/// Lines of the old file in whose place lines of the new one come. One of both ranges may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
    /// Set if all its lines are blank and blank lines are ignored.
    pub(crate) ignored: bool,
}

/// Compares two texts. `context` is how many lines around a change are shown.
pub(crate) fn changes(old: &Text, new: &Text, ignored: Ignored, context: usize) -> Vec<Change> {
    let mut numbers = Numbers::default();
    let old_lines: Vec<u32> = old.keys(ignored).map(|key| numbers.of(key)).collect();
    let new_lines: Vec<u32> = new.keys(ignored).map(|key| numbers.of(key)).collect();
    // Equal lines at the end that are not shown stay outside, as they do in GNU's.
    let tail = old.common_tail(new).saturating_sub(context);
    let old_middle = old_lines
        .get(..old.len().saturating_sub(tail))
        .unwrap_or_default();
    let new_middle = new_lines
        .get(..new.len().saturating_sub(tail))
        .unwrap_or_default();
    let mut removed = vec![false; old_middle.len()];
    let mut added = vec![false; new_middle.len()];
    for operation in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
        if !matches!(operation, DiffOp::Equal { .. }) {
            mark(&mut removed, operation.old_range());
            mark(&mut added, operation.new_range());
        }
    }
    settle(&mut removed, &added, old_middle);
    settle(&mut added, &removed, new_middle);
    let mut changes = collect(&removed, &added);
    if ignored.blank_lines {
        for change in &mut changes {
            let mut old_blank = change.old.clone().map(|at| ignored.is_blank(old.line(at)));
            let mut new_blank = change.new.clone().map(|at| ignored.is_blank(new.line(at)));
            change.ignored = old_blank.all(|blank| blank) && new_blank.all(|blank| blank);
        }
    }
    changes
}

/// Gives equal lines equal numbers, which are faster to compare.
#[derive(Default)]
struct Numbers(HashMap<Vec<u8>, u32>);

impl Numbers {
    fn of(&mut self, key: Vec<u8>) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(key).or_insert(next)
    }
}

fn mark(flags: &mut [bool], range: Range<usize>) {
    if let Some(flags) = flags.get_mut(range) {
        flags.fill(true);
    }
}

/// Moves each run of changed lines to where GNU's `diff` puts it. A run whose first line equals the
/// line behind it can move down by one line, and up the same way: runs that meet become one, then a
/// run goes as far down as it can, or beside a change of the other file if there is one on the way.
fn settle(flags: &mut [bool], other: &[bool], lines: &[u32]) {
    let mut walk = Walk {
        flags,
        other,
        lines,
        start: 0,
        end: 0,
        beside: 0,
    };
    while walk.next_run() {
        walk.settle();
    }
}

/// A run of changed lines of one file, and the place in the other file that goes with it.
struct Walk<'a> {
    flags: &'a mut [bool],
    other: &'a [bool],
    lines: &'a [u32],
    start: usize,
    end: usize,
    /// The line of the other file that pairs with the one at `end`: every line of the other file
    /// before it that is not changed pairs with one before `end`.
    beside: usize,
}

impl Walk<'_> {
    fn is_changed(&self, at: usize) -> bool {
        self.flags.get(at).copied().unwrap_or_default()
    }

    fn is_other_changed(&self, at: usize) -> bool {
        self.other.get(at).copied().unwrap_or_default()
    }

    /// Goes to the next run. Returns false if there is none.
    fn next_run(&mut self) -> bool {
        self.start = self.end;
        while self.start < self.flags.len() && !self.is_changed(self.start) {
            while self.is_other_changed(self.beside) {
                self.beside = self.beside.saturating_add(1);
            }
            self.beside = self.beside.saturating_add(1);
            self.start = self.start.saturating_add(1);
        }
        self.end = self.start;
        while self.is_changed(self.end) {
            self.end = self.end.saturating_add(1);
        }
        while self.is_other_changed(self.beside) {
            self.beside = self.beside.saturating_add(1);
        }
        self.start < self.flags.len()
    }

    fn settle(&mut self) {
        let mut paired;
        loop {
            let length = self.end.saturating_sub(self.start);
            while self.up() {}
            paired = self.is_paired().then_some(self.end);
            while self.down() {
                if self.is_paired() {
                    paired = Some(self.end);
                }
            }
            if length == self.end.saturating_sub(self.start) {
                break;
            }
        }
        if let Some(paired) = paired {
            while self.end > paired && self.up() {}
        }
    }

    /// Returns true if lines of the other file are changed just before the place of the run's end.
    fn is_paired(&self) -> bool {
        self.beside
            .checked_sub(1)
            .is_some_and(|at| self.is_other_changed(at))
    }

    /// Moves the run up by one line, and takes in a run that it meets there.
    fn up(&mut self) -> bool {
        let above = self.start.checked_sub(1);
        let (Some(above), Some(last)) = (above, self.end.checked_sub(1)) else {
            return false;
        };
        if self.start == self.end || self.lines.get(above) != self.lines.get(last) {
            return false;
        }
        self.set(above, true);
        self.set(last, false);
        (self.start, self.end) = (above, last);
        while let Some(above) = self.start.checked_sub(1).filter(|at| self.is_changed(*at)) {
            self.start = above;
        }
        // The place of the last line of the other file that is not changed.
        self.beside = self.beside.saturating_sub(1);
        while self.beside > 0 && self.is_other_changed(self.beside) {
            self.beside = self.beside.saturating_sub(1);
        }
        true
    }

    /// Moves the run down by one line, and takes in a run that it meets there.
    fn down(&mut self) -> bool {
        let next = self.lines.get(self.end);
        if next.is_none() || self.start == self.end || self.lines.get(self.start) != next {
            return false;
        }
        self.set(self.start, false);
        self.set(self.end, true);
        self.start = self.start.saturating_add(1);
        self.end = self.end.saturating_add(1);
        while self.is_changed(self.end) {
            self.end = self.end.saturating_add(1);
        }
        self.beside = self.beside.saturating_add(1);
        while self.is_other_changed(self.beside) {
            self.beside = self.beside.saturating_add(1);
        }
        true
    }

    fn set(&mut self, at: usize, changed: bool) {
        if let Some(flag) = self.flags.get_mut(at) {
            *flag = changed;
        }
    }
}

/// Makes changes of the lines that are marked.
fn collect(removed: &[bool], added: &[bool]) -> Vec<Change> {
    let is = |flags: &[bool], at: usize| flags.get(at).copied().unwrap_or_default();
    let run = |flags: &[bool], start: usize| {
        let mut end = start;
        while is(flags, end) {
            end = end.saturating_add(1);
        }
        start..end
    };
    let (mut changes, mut old_at, mut new_at) = (Vec::new(), 0, 0);
    while old_at < removed.len() || new_at < added.len() {
        let (old, new) = (run(removed, old_at), run(added, new_at));
        // The lines after them are equal.
        old_at = old.end.saturating_add(1);
        new_at = new.end.saturating_add(1);
        if !old.is_empty() || !new.is_empty() {
            changes.push(Change {
                old,
                new,
                ignored: false,
            });
        }
    }
    changes
}
