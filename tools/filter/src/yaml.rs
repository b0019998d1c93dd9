//! YAML as people write it: blocks, with the first entry of a mapping beside its dash, and texts of
//! several lines as lines. Scalars are jaq's.

use std::io::{self, Write};

use jaq_all::fmts::write::yaml;
use jaq_all::json::Val;
use jaq_all::json::write::{self as json, Pp};

/// Writes a value without a line break at its end. `indent` is how far each level goes in, at least
/// two spaces.
///
/// # Errors
///
/// What `out` says.
pub fn write_yaml(out: &mut dyn Write, indent: usize, value: &Val) -> io::Result<()> {
    Writer {
        out,
        indent: indent.max(2),
        scalars: Pp {
            sep_space: true,
            ..Pp::default()
        },
    }
    .node(value, 0)
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    indent: usize,
    scalars: Pp,
}

impl Writer<'_> {
    /// A value whose first line has been begun, `column` spaces in.
    fn node(&mut self, value: &Val, column: usize) -> io::Result<()> {
        match value {
            Val::Arr(values) if !values.is_empty() => {
                for (number, value) in values.iter().enumerate() {
                    self.begin(number > 0, column)?;
                    let width = self.indent;
                    write!(self.out, "-{:width$}", "", width = width - 1)?;
                    self.node(value, column + width)?;
                }
                Ok(())
            }
            Val::Obj(pairs) if !pairs.is_empty() => {
                for (number, (key, value)) in pairs.iter().enumerate() {
                    self.begin(number > 0, column)?;
                    self.scalar(key)?;
                    self.out.write_all(b":")?;
                    self.after_key(value, column)?;
                }
                Ok(())
            }
            Val::TStr(text) if is_lines(text) => self.lines(text, column.max(self.indent)),
            scalar => self.scalar(scalar),
        }
    }

    /// A value in its line. Some texts that jaq leaves plain would be read as others: those get
    /// quotes.
    fn scalar(&mut self, value: &Val) -> io::Result<()> {
        match value {
            Val::TStr(text) if needs_quotes(text) => json::write(self.out, &self.scalars, 0, value),
            other => yaml::write(self.out, &self.scalars, 0, other),
        }
    }

    /// What stands for a key: a block below it, or a scalar beside it.
    fn after_key(&mut self, value: &Val, column: usize) -> io::Result<()> {
        let column = column + self.indent;
        let is_block = match value {
            Val::Arr(values) => !values.is_empty(),
            Val::Obj(pairs) => !pairs.is_empty(),
            _ => false,
        };
        if is_block {
            self.begin(true, column)?;
        } else {
            self.out.write_all(b" ")?;
        }
        self.node(value, column)
    }

    /// A text of several lines, as a literal block.
    fn lines(&mut self, text: &[u8], column: usize) -> io::Result<()> {
        let (text, end) = match text.strip_suffix(b"\n") {
            Some(text) => (text, ""),
            None => (text, "-"),
        };
        write!(self.out, "|{end}")?;
        for line in text.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                self.out.write_all(b"\n")?;
            } else {
                self.begin(true, column)?;
                self.out.write_all(line)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, is_next_line: bool, column: usize) -> io::Result<()> {
        if is_next_line {
            write!(self.out, "\n{:column$}", "")
        } else {
            Ok(())
        }
    }
}

/// Whether a plain text would lose spaces, hold a tab, or be the sign for merging (YAML 1.1).
fn needs_quotes(text: &[u8]) -> bool {
    text.trim_ascii().len() < text.len() || text.contains(&b'\t') || text == b"<<" || text == b"="
}

/// Whether a text can stand as a literal block: lines of printable characters, where neither
/// indentation nor the number of line breaks at the end needs a word of its own.
fn is_lines(text: &[u8]) -> bool {
    let plain = |byte: &u8| *byte == b'\n' || *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let starts = text
        .first()
        .is_some_and(|first| !first.is_ascii_whitespace());
    starts
        && text.contains(&b'\n')
        && !text.ends_with(b"\n\n")
        && text.iter().all(plain)
        && std::str::from_utf8(text)
            .is_ok_and(|text| !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']))
}
