//! Changes that are printed together, with the lines around them.

use std::ops::Range;

use crate::changes::Change;
use crate::files::Text;

/// Bytes of the line of a function that are shown.
const FUNCTION: usize = 40;

/// Changes with at most twice the lines of context between them.
#[derive(Debug)]
pub(crate) struct Hunk<'a> {
    pub(crate) changes: &'a [Change],
    /// The lines of both files that it shows.
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

/// Returns the hunks of a comparison, without those in which nothing counts.
pub(crate) fn hunks<'a>(
    changes: &'a [Change],
    context: usize,
    length: usize,
) -> impl Iterator<Item = Hunk<'a>> {
    let together = context.saturating_mul(2);
    changes
        .chunk_by(move |one, next| {
            let between = next.old.start.saturating_sub(one.old.end);
            if next.ignored {
                between < context
            } else {
                between <= together
            }
        })
        .filter(|changes| changes.iter().any(|change| !change.ignored))
        .filter_map(move |changes| {
            let (first, last) = (changes.first()?, changes.last()?);
            let before = context.min(first.old.start).min(first.new.start);
            let after = context.min(length.saturating_sub(last.old.end));
            Some(Hunk {
                changes,
                old: first.old.start.saturating_sub(before)..last.old.end.saturating_add(after),
                new: first.new.start.saturating_sub(before)..last.new.end.saturating_add(after),
            })
        })
}

/// Returns the last line before `before` that seems to begin a function, as `-p` shows it.
pub(crate) fn function(text: &Text, before: usize) -> Option<&[u8]> {
    let begins = |line: &[u8]| {
        let first = line.first();
        first.is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
    };
    let line = (0..before)
        .rev()
        .map(|at| text.line(at))
        .find(|line| begins(line))?;
    let shown = line.get(..FUNCTION.min(line.len())).unwrap_or_default();
    Some(shown.trim_ascii_end())
}
