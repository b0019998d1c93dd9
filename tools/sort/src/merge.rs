//! `-m`: files that are sorted already become one.

use std::cmp::Ordering;

use crate::compare::{Comparison, Line};

/// Takes the smallest of the files' next lines, again and again; of equal ones that of the file
/// that was named first.
pub(crate) fn merge<'a>(files: Vec<Vec<Line<'a>>>, comparison: &Comparison) -> Vec<Line<'a>> {
    let mut merged = Vec::with_capacity(files.iter().map(Vec::len).sum());
    let mut files: Vec<_> = files
        .into_iter()
        .map(|lines| lines.into_iter().peekable())
        .collect();
    loop {
        let mut smallest: Option<(usize, Line<'a>)> = None;
        for (number, file) in files.iter_mut().enumerate() {
            let Some(line) = file.peek() else {
                continue;
            };
            let is_smaller = smallest
                .as_ref()
                .is_none_or(|(_, best)| comparison.compare(line, best) == Ordering::Less);
            if is_smaller {
                smallest = Some((number, *line));
            }
        }
        let Some((number, line)) = smallest else {
            return merged;
        };
        merged.push(line);
        files.get_mut(number).and_then(Iterator::next);
    }
}
