//! Differences that do not count, and the form of a line in which they are gone.

use std::borrow::Cow;

/// Tab stops are eight columns apart.
const TAB: usize = 8;

/// Differences that do not count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ignored {
    /// `-i`
    pub(crate) case: bool,
    /// `-E`
    pub(crate) tab_expansion: bool,
    /// `-Z`
    pub(crate) trailing_space: bool,
    /// `-b`
    pub(crate) space_amount: bool,
    /// `-w`
    pub(crate) all_space: bool,
    /// `-B`
    pub(crate) blank_lines: bool,
    /// `--strip-trailing-cr`
    pub(crate) trailing_cr: bool,
}

impl Ignored {
    /// Returns true if white space at the end of a line, its line feed included, does not count.
    pub(crate) fn line_end(self) -> bool {
        self.trailing_space || self.space_amount || self.all_space
    }

    /// Returns the form in which two lines are equal that differ only in what is ignored.
    pub(crate) fn canonical(self, line: &[u8]) -> Cow<'_, [u8]> {
        let mut line = Cow::Borrowed(line);
        if self.all_space {
            line = Cow::Owned(
                line.iter()
                    .copied()
                    .filter(|byte| !is_space(*byte))
                    .collect(),
            );
        } else if self.space_amount {
            line = Cow::Owned(squeezed(&line));
        } else {
            if self.tab_expansion && line.contains(&b'\t') {
                line = Cow::Owned(expanded(&line, 0));
            }
            if self.trailing_space {
                line = Cow::Owned(trimmed(&line).to_vec());
            }
        }
        if self.case {
            line = Cow::Owned(line.to_ascii_lowercase());
        }
        line
    }

    /// Returns true if a line is blank to `-B`.
    pub(crate) fn is_blank(self, line: &[u8]) -> bool {
        line.is_empty() || self.line_end() && line.iter().all(|byte| is_space(*byte))
    }
}

/// Returns the line with spaces in the place of tabs, when it begins in column `start`.
pub(crate) fn expanded(line: &[u8], start: usize) -> Vec<u8> {
    let (mut column, mut out) = (start, Vec::with_capacity(line.len()));
    for &byte in line {
        match byte {
            b'\t' => {
                let width = TAB.saturating_sub(column % TAB);
                out.resize(out.len().saturating_add(width), b' ');
                column = column.saturating_add(width);
            }
            b'\x08' => {
                out.push(byte);
                column = column.saturating_sub(1);
            }
            b'\r' => {
                out.push(byte);
                column = 0;
            }
            byte => {
                out.push(byte);
                column = column.saturating_add(1);
            }
        }
    }
    out
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !is_space(*byte));
    end.and_then(|last| line.get(..=last)).unwrap_or_default()
}

/// Returns the line with one space for each run of white space, and none at its end.
fn squeezed(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    for &byte in trimmed(line) {
        match (is_space(byte), out.last()) {
            (true, Some(b' ')) => {}
            (true, _) => out.push(b' '),
            (false, _) => out.push(byte),
        }
    }
    out
}
