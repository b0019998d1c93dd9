//! Both files side by side, in two columns.

use std::io::{self, Write};

use crate::changes::Change;
use crate::files::{Side, Text};
use crate::format::Columns;
use crate::options::Options;

/// Tab stops are eight columns apart.
const TAB: usize = 8;

/// Columns between both halves that hold the mark.
const GUTTER: usize = 3;

pub(crate) fn write(
    out: &mut impl Write,
    sides: [&Side; 2],
    changes: &[Change],
    columns: Columns,
    options: &Options,
) -> io::Result<()> {
    let [old, new] = sides;
    let page = Page::new(columns, options.expand_tabs);
    let (mut old_at, mut new_at) = (0, 0);
    let common = |out: &mut _, from: usize, to: usize, new_from: usize| {
        if !columns.common {
            return Ok(());
        }
        for (old_line, new_line) in (from..to).zip(new_from..) {
            let left = Line::of(&old.text, old_line);
            let right = Line::of(&new.text, new_line);
            if columns.left_alone {
                page.row(out, Some(left), '(', None)?;
            } else {
                page.row(out, Some(left), ' ', Some(right))?;
            }
        }
        Ok(())
    };
    for change in changes {
        common(&mut *out, old_at, change.old.start, new_at)?;
        let both = change.old.len().min(change.new.len());
        let mut old_lines = change.old.clone();
        let mut new_lines = change.new.clone();
        for (left, right) in old_lines.by_ref().zip(new_lines.by_ref()).take(both) {
            let (left, right) = (Line::of(&old.text, left), Line::of(&new.text, right));
            page.row(out, Some(left), '|', Some(right))?;
        }
        for right in change.new.clone().skip(both) {
            page.row(out, None, '>', Some(Line::of(&new.text, right)))?;
        }
        for left in change.old.clone().skip(both) {
            page.row(out, Some(Line::of(&old.text, left)), '<', None)?;
        }
        (old_at, new_at) = (change.old.end, change.new.end);
    }
    common(&mut *out, old_at, old.text.len(), new_at)
}

/// A line of one side.
#[derive(Clone, Copy)]
struct Line<'a> {
    bytes: &'a [u8],
    /// Set if it ends with a line feed.
    complete: bool,
}

/// The places of both columns.
struct Page {
    /// Columns of each half.
    half: usize,
    /// The first column of the right half.
    right: usize,
    expand_tabs: bool,
}

impl<'a> Line<'a> {
    fn of(text: &'a Text, at: usize) -> Self {
        Self {
            bytes: text.line(at),
            complete: !text.lacks_line_feed(at),
        }
    }
}

impl Page {
    /// Divides a line. The right half begins at a tab stop, unless tabs are not written.
    fn new(columns: Columns, expand_tabs: bool) -> Self {
        let width = columns.width;
        let stop = if expand_tabs { 1 } else { TAB };
        let between = stop.saturating_add(GUTTER);
        let middle = (width >> 1)
            .saturating_add(between >> 1)
            .saturating_add(width & between & 1);
        let right = middle.saturating_sub(middle.checked_rem(stop).unwrap_or_default());
        let half = if right <= GUTTER || right >= width {
            0
        } else {
            right
                .saturating_sub(GUTTER)
                .min(width.saturating_sub(right))
        };
        Self {
            half,
            right: if half == 0 { width } else { right },
            expand_tabs,
        }
    }

    fn row(
        &self,
        out: &mut impl Write,
        left: Option<Line<'_>>,
        mark: char,
        right: Option<Line<'_>>,
    ) -> io::Result<()> {
        let mut column = 0;
        if let Some(line) = left {
            column = self.half_line(out, line.bytes, 0)?;
        }
        let complete = |line: Option<Line<'_>>| line.is_some_and(|line| line.complete);
        if mark != ' ' {
            let middle = self.half.saturating_add(self.right).saturating_sub(1) >> 1;
            self.pad(out, column, middle)?;
            column = column.max(middle).saturating_add(1);
            let mark = match (mark, complete(left), complete(right)) {
                ('|', true, false) => '/',
                ('|', false, true) => '\\',
                _ => mark,
            };
            write!(out, "{mark}")?;
        }
        if let Some(line) = right.filter(|line| !line.bytes.is_empty()) {
            self.pad(out, column, self.right)?;
            self.half_line(out, line.bytes, self.right)?;
        }
        if complete(left) || complete(right) {
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Moves from one column to another.
    fn pad(&self, out: &mut impl Write, from: usize, to: usize) -> io::Result<()> {
        let mut at = from;
        if !self.expand_tabs {
            let mut stop = next_stop(at);
            while stop <= to {
                out.write_all(b"\t")?;
                at = stop;
                stop = next_stop(at);
            }
        }
        for _ in at..to {
            out.write_all(b" ")?;
        }
        Ok(())
    }

    /// Writes as much of a line as fits into a half that begins in column `indent`. Returns the
    /// column behind it, counted from the half's beginning.
    fn half_line(&self, out: &mut impl Write, line: &[u8], indent: usize) -> io::Result<usize> {
        // Where the text is, and where the output is: behind the half's end only the first goes on.
        let (mut text, mut written) = (0_usize, 0_usize);
        for chunk in line.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '\t' => {
                        let stop = next_stop(text);
                        if text == written && self.expand_tabs {
                            let to = stop.min(self.half);
                            self.pad(out, written, to)?;
                            written = written.max(to);
                        } else if text == written && stop < self.half {
                            out.write_all(b"\t")?;
                            written = stop;
                        }
                        text = stop;
                    }
                    '\r' => {
                        out.write_all(b"\r")?;
                        self.pad(out, 0, indent)?;
                        (text, written) = (0, 0);
                    }
                    char if char.is_control() => {
                        if text < self.half {
                            write!(out, "{char}")?;
                        }
                    }
                    char => {
                        if text < self.half {
                            write!(out, "{char}")?;
                            written = text.saturating_add(1);
                        }
                        text = text.saturating_add(1);
                    }
                }
            }
            for byte in chunk.invalid() {
                if text < self.half {
                    out.write_all(&[*byte])?;
                    written = text.saturating_add(1);
                }
                text = text.saturating_add(1);
            }
        }
        Ok(written)
    }
}

/// Returns the first tab stop behind a column.
fn next_stop(column: usize) -> usize {
    column.saturating_sub(column % TAB).saturating_add(TAB)
}
