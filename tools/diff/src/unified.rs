//! The unified format, and how a line is written in any format.

use std::io::{self, Write};
use std::ops::Range;

use crate::changes::Change;
use crate::files::{Side, Text};
use crate::hunks::{function, hunks};
use crate::ignore::expanded;
use crate::options::Options;

/// Writes lines behind the mark of a format.
pub(crate) trait Lines {
    fn write_line(
        &self,
        out: &mut impl Write,
        mark: &str,
        text: &Text,
        at: usize,
    ) -> io::Result<()>;
}

impl Lines for Options {
    fn write_line(
        &self,
        out: &mut impl Write,
        mark: &str,
        text: &Text,
        at: usize,
    ) -> io::Result<()> {
        let line = text.line(at);
        out.write_all(mark.as_bytes())?;
        if self.expand_tabs {
            out.write_all(&expanded(line, 0))?;
        } else {
            out.write_all(line)?;
        }
        out.write_all(b"\n")?;
        if text.lacks_line_feed(at) {
            out.write_all(b"\\ No newline at end of file\n")?;
        }
        Ok(())
    }
}

pub(crate) fn write(
    out: &mut impl Write,
    sides: [&Side; 2],
    changes: &[Change],
    context: usize,
    options: &Options,
) -> io::Result<()> {
    let [old, new] = sides;
    writeln!(out, "--- {}", options.header(0, old))?;
    writeln!(out, "+++ {}", options.header(1, new))?;
    for hunk in hunks(changes, context, old.text.len()) {
        write!(out, "@@ -{} +{} @@", numbers(&hunk.old), numbers(&hunk.new))?;
        if let Some(line) = options
            .function
            .then(|| function(&old.text, hunk.old.start))
            .flatten()
        {
            out.write_all(b" ")?;
            out.write_all(line)?;
        }
        out.write_all(b"\n")?;
        let mut at = hunk.old.start;
        for change in hunk.changes {
            for same in at..change.old.start {
                options.write_line(out, " ", &old.text, same)?;
            }
            for removed in change.old.clone() {
                options.write_line(out, "-", &old.text, removed)?;
            }
            for added in change.new.clone() {
                options.write_line(out, "+", &new.text, added)?;
            }
            at = change.old.end;
        }
        for same in at..hunk.old.end {
            options.write_line(out, " ", &old.text, same)?;
        }
    }
    Ok(())
}

/// Returns the lines as `first,count`, one line as its number, none as `before,0`.
fn numbers(range: &Range<usize>) -> String {
    let first = range.start.saturating_add(1);
    match range.len() {
        0 => format!("{},0", range.start),
        1 => first.to_string(),
        count => format!("{first},{count}"),
    }
}
