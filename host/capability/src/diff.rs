//! The differences between two manifests, exactly.

mod alike;
mod beyond;
mod requests;
mod steps;

use std::fmt;

use crate::change::{Change, ChangeKind};
use crate::grant::Ceiling;
use crate::limits::Limits;
use crate::manifest::Manifest;
use steps::Steps;

/// Number of things that a sentence names before it only counts them: a manifest may have a
/// thousand rows.
const SHOWN: usize = 8;

/// The differences between two manifests. A widened one stands for a call that the new manifest
/// allows and the old one does not, under some offers of an operator; where there is none, the same
/// offers give the new component no more than they gave the old one, and nobody has to decide
/// again.
///
/// Sets are compared, not rows: several old rows together may cover a new one. The work is bounded;
/// a manifest that was made to need more counts as widened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    changes: Vec<Change>,
}

impl Diff {
    /// Compares two manifests. `ceiling` says what a limit is that a manifest leaves out.
    pub fn new(old: &Manifest, new: &Manifest, ceiling: &Ceiling) -> Self {
        // More than the default is not given without the operator, so it does not count as more.
        let given = |manifest: &Manifest| ceiling.defaults.lowered(&manifest.limits);
        let mut changes = powers(old, new, &given(old), &given(new));
        let narrowed = powers(new, old, &given(new), &given(old));
        changes.extend(narrowed.into_iter().map(turned));
        changes.extend(alike::alike(old, new, &ceiling.defaults));
        Self { changes }
    }

    /// Returns true if the new manifest allows a call that the old one does not.
    pub fn is_widened(&self) -> bool {
        self.widened().next().is_some()
    }

    /// The powers of the new manifest that the old one does not have.
    pub fn widened(&self) -> impl Iterator<Item = &Change> {
        let widened = |change: &&Change| change.kind == ChangeKind::Widened;
        self.changes.iter().filter(widened)
    }

    /// Every difference: the widened ones, the narrowed ones, then those that change no power.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Every difference, in the same order.
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

/// The powers of `new` beyond those of `old`, in the order of a manifest.
fn powers(old: &Manifest, new: &Manifest, old_limits: &Limits, new_limits: &Limits) -> Vec<Change> {
    let mut changes = beyond::beyond(old, new, &mut Steps::new());
    changes.extend(beyond::higher(old_limits, new_limits));
    changes
}

/// The same difference, read in the other direction.
fn turned(change: Change) -> Change {
    let kind = change.kind.turned();
    let Change { old, new, .. } = change.clone();
    Change { kind, ..change }.between(new, old)
}

/// The widened ones on one line: what authors wrote is shown with its line breaks and control
/// characters as escapes.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut powers: Vec<_> = self.widened().map(Change::power).collect();
        // Of one row more than one part may be more.
        powers.dedup();
        for (index, power) in powers.iter().take(SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{power}")?;
        }
        match powers.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            left => write!(f, " and {left} more"),
        }
    }
}

#[cfg(test)]
mod tests;
