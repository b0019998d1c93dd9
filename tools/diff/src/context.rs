//! The context format: both versions of a hunk, one after the other.

use std::io::{self, Write};
use std::ops::Range;

use crate::changes::Change;
use crate::files::{Side, Text};
use crate::hunks::{function, hunks};
use crate::options::Options;
use crate::unified::Lines;

pub(crate) fn write(
    out: &mut impl Write,
    sides: [&Side; 2],
    changes: &[Change],
    context: usize,
    options: &Options,
) -> io::Result<()> {
    let [old, new] = sides;
    writeln!(out, "*** {}", options.header(0, old))?;
    writeln!(out, "--- {}", options.header(1, new))?;
    for hunk in hunks(changes, context, old.text.len()) {
        out.write_all(b"***************")?;
        if let Some(line) = options
            .function
            .then(|| function(&old.text, hunk.old.start))
            .flatten()
        {
            out.write_all(b" ")?;
            out.write_all(line)?;
        }
        writeln!(out, "\n*** {} ****", numbers(&hunk.old))?;
        let marked = |one: fn(&Change) -> &Range<usize>, other: fn(&Change) -> &Range<usize>| {
            let part = |change: &Change| Part {
                lines: one(change).clone(),
                mark: if other(change).is_empty() {
                    None
                } else {
                    Some("! ")
                },
            };
            hunk.changes.iter().map(part).collect::<Vec<_>>()
        };
        let parts = marked(|change| &change.old, |change| &change.new);
        half(out, &old.text, &hunk.old, &parts, "- ", options)?;
        writeln!(out, "--- {} ----", numbers(&hunk.new))?;
        let parts = marked(|change| &change.new, |change| &change.old);
        half(out, &new.text, &hunk.new, &parts, "+ ", options)?;
    }
    Ok(())
}

/// Lines of one file that are changed.
struct Part {
    lines: Range<usize>,
    /// The mark of lines that replace others.
    mark: Option<&'static str>,
}

/// Writes one version of a hunk, if anything is changed in it.
fn half(
    out: &mut impl Write,
    text: &Text,
    shown: &Range<usize>,
    parts: &[Part],
    alone: &str,
    options: &Options,
) -> io::Result<()> {
    if parts.iter().all(|part| part.lines.is_empty()) {
        return Ok(());
    }
    let mut at = shown.start;
    for part in parts {
        for same in at..part.lines.start {
            options.write_line(out, "  ", text, same)?;
        }
        for changed in part.lines.clone() {
            options.write_line(out, part.mark.unwrap_or(alone), text, changed)?;
        }
        at = part.lines.end;
    }
    for same in at..shown.end {
        options.write_line(out, "  ", text, same)?;
    }
    Ok(())
}

/// Returns the lines as `first,last`, one line as its number, none as that of the line before.
fn numbers(range: &Range<usize>) -> String {
    match range.len() {
        0 | 1 => range.end.to_string(),
        _ => format!("{},{}", range.start.saturating_add(1), range.end),
    }
}
