//! The lines of an Agentfile: what is a comment, what is a heredoc body, what is too long.

use super::error::{Fault, Position, shown};

/// The syntax that the first line of a file may declare: the one this crate reads.
pub const SYNTAX: &str = "openotters/agentfile:1";

/// The longest Agentfile in bytes. An agent's whole prompt goes in there, and no model reads a
/// megabyte of it.
pub const FILE_MAX_BYTES: u64 = 1 << 20;

/// The longest line in bytes. Other Agentfile parsers read with a 64 KiB line buffer, so a longer
/// line would build here and nowhere else.
pub const LINE_MAX_BYTES: usize = 64 << 10;

/// A line and its number, counted from 1. A carriage return before the line feed is not part of it,
/// so that a checkout on another system means the same.
pub(super) type Line<'a> = (usize, &'a str);

/// The beginning of a file.
pub(super) const START: Position = Position { line: 1, column: 1 };

/// Hands out the lines of a file from first to last.
pub(super) struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: usize,
}

impl<'a> Lines<'a> {
    /// Starts at the first line of `text`.
    pub(super) fn of(text: &'a str) -> Result<Self, Fault> {
        check_length(text.as_bytes())?;
        if text.starts_with('\u{feff}') {
            return Err(Fault::new(
                START,
                "the file begins with a byte order mark; save it as UTF-8 without one",
            ));
        }
        Ok(Self {
            lines: text.lines(),
            number: 0,
        })
    }

    /// The next line that may hold an instruction: neither blank nor a comment.
    pub(super) fn instruction(&mut self) -> Result<Option<Line<'a>>, Fault> {
        while let Some((number, line)) = self.next()? {
            match line.trim_start_matches([' ', '\t']).strip_prefix('#') {
                Some(comment) => check_directive(number, line, comment)?,
                None if line.trim_matches([' ', '\t']).is_empty() => {}
                None => return Ok(Some((number, line))),
            }
        }
        Ok(None)
    }

    /// The body of the heredoc that was opened by `marker` at `opened`: verbatim lines up to the
    /// one that holds only the marker, without trailing newlines.
    pub(super) fn heredoc(&mut self, marker: &str, opened: Position) -> Result<String, Fault> {
        let mut body = Vec::new();
        let mut fault = None;
        loop {
            match self.next() {
                Ok(None) => break,
                Ok(Some((_, line))) if line.trim() == marker => {
                    return match fault {
                        None => Ok(body.join("\n").trim_end_matches('\n').to_owned()),
                        Some(fault) => Err(fault),
                    };
                }
                Ok(Some((_, line))) => body.push(line),
                // The body is read to its end all the same: it holds no instructions.
                Err(too_long) => {
                    fault.get_or_insert(too_long);
                }
            }
        }
        let begun = opened.line;
        Err(Fault::new(
            opened,
            format!(
                "the heredoc begun on line {begun} never ends; close it with a line that holds \
                 only `{marker}`"
            ),
        ))
    }

    /// The next line, whatever it is.
    pub(super) fn next(&mut self) -> Result<Option<Line<'a>>, Fault> {
        let Some(line) = self.lines.next() else {
            return Ok(None);
        };
        self.number += 1;
        if line.len() > LINE_MAX_BYTES {
            let fitting = line
                .char_indices()
                .take_while(|(start, c)| start + c.len_utf8() <= LINE_MAX_BYTES)
                .count();
            return Err(Fault::new(
                Position {
                    line: self.number,
                    column: fitting + 1,
                },
                format!(
                    "the line has {} bytes, at most {LINE_MAX_BYTES} are read; break it up",
                    line.len()
                ),
            ));
        }
        Ok(Some((self.number, line)))
    }
}

/// Refuses a file that is too long, before anything looks into it.
pub(super) fn check_length(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(Fault::new(
            START,
            format!("the file has more than {FILE_MAX_BYTES} bytes; make it shorter"),
        ));
    }
    Ok(())
}

/// Refuses a `# syntax=` comment that does not say what this crate reads, or says so where nobody
/// looks for it.
fn check_directive(number: usize, line: &str, comment: &str) -> Result<(), Fault> {
    let Some((key, value)) = comment.split_once('=') else {
        return Ok(());
    };
    if !key.trim().eq_ignore_ascii_case("syntax") {
        return Ok(());
    }
    let column_of = |rest: &str| line.chars().count() - rest.chars().count() + 1;
    if number != 1 {
        let at = Position {
            line: number,
            column: column_of(comment) - 1,
        };
        return Err(Fault::new(
            at,
            "the syntax directive stands on the first line or nowhere; move or delete this one",
        ));
    }
    if value.trim() != SYNTAX {
        let at = Position {
            line: number,
            column: column_of(value.trim_start()),
        };
        let value = shown(value.trim());
        return Err(Fault::new(
            at,
            format!("unsupported syntax {value}; this host reads `# syntax={SYNTAX}`"),
        ));
    }
    Ok(())
}
