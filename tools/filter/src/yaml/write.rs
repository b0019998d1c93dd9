//! YAML as people write it: blocks, with the first entry of a mapping beside its dash, and texts of
//! several lines as lines.

use std::collections::HashMap;

use super::scalar::{Place, spelled, text_spelled};
use crate::val::Val;

/// The spelling of a document's texts, by the address of the text.
pub(super) type Spellings = HashMap<*const u8, String>;

/// A value without a line break at its end. `indent` is how far each level goes in, at least two
/// spaces.
pub fn write_yaml(value: &Val, indent: usize) -> String {
    rendered(value, indent, &Spellings::new())
}

/// The same, with texts as a document spelled them.
pub(super) fn rendered(value: &Val, indent: usize, spellings: &Spellings) -> String {
    let mut writer = Writer::new(indent, spellings);
    writer.node(value, 0);
    writer.out
}

pub(super) struct Writer<'a> {
    pub(super) out: String,
    indent: usize,
    spellings: &'a Spellings,
}

impl<'a> Writer<'a> {
    pub(super) fn new(indent: usize, spellings: &'a Spellings) -> Self {
        Self {
            out: String::new(),
            indent: indent.max(2),
            spellings,
        }
    }

    /// A value whose first line has been begun, `column` spaces in.
    pub(super) fn node(&mut self, value: &Val, column: usize) {
        match value {
            Val::Arr(values) if !values.is_empty() => {
                for (number, value) in values.iter().enumerate() {
                    self.begin(number > 0, column);
                    let width = self.indent;
                    self.out.push('-');
                    self.out.push_str(&" ".repeat(width - 1));
                    self.node(value, column + width);
                }
            }
            Val::Obj(fields) if !fields.is_empty() => {
                for (number, (key, value)) in fields.iter().enumerate() {
                    self.begin(number > 0, column);
                    self.key(key);
                    self.after_key(value, column);
                }
            }
            Val::Str(text) if is_lines(text) => self.lines(text, column.max(self.indent)),
            scalar => self.scalar(scalar, Place::Block),
        }
    }

    pub(super) fn key(&mut self, key: &str) {
        // A long or empty key would need a `?`; quotes do as well.
        self.out.push_str(&text_spelled(key, Place::Block));
        self.out.push(':');
    }

    /// The value of a key: a block below it, or a scalar beside it.
    pub(super) fn after_key(&mut self, value: &Val, column: usize) {
        let column = column + self.indent;
        if is_block(value) {
            self.begin(true, column);
        } else {
            self.out.push(' ');
        }
        self.node(value, column);
    }

    fn scalar(&mut self, value: &Val, place: Place) {
        let kept = match value {
            Val::Str(text) => self.spellings.get(&text.as_ptr()),
            _ => None,
        };
        match kept {
            Some(spelling) if place == Place::Block => self.out.push_str(spelling),
            _ => self.out.push_str(&spelled(value, place)),
        }
    }

    /// A value in one line.
    pub(super) fn flow(&mut self, value: &Val) {
        match value {
            Val::Arr(values) => {
                self.out.push('[');
                for (number, value) in values.iter().enumerate() {
                    self.out.push_str(if number > 0 { ", " } else { "" });
                    self.flow(value);
                }
                self.out.push(']');
            }
            Val::Obj(fields) => {
                self.out.push('{');
                for (number, (key, value)) in fields.iter().enumerate() {
                    self.out.push_str(if number > 0 { ", " } else { "" });
                    self.out.push_str(&text_spelled(key, Place::Flow));
                    self.out.push_str(": ");
                    self.flow(value);
                }
                self.out.push('}');
            }
            scalar => self.scalar(scalar, Place::Flow),
        }
    }

    /// A text of several lines, as a literal block.
    fn lines(&mut self, text: &str, column: usize) {
        let (text, end) = match text.strip_suffix('\n') {
            Some(text) => (text, ""),
            None => (text, "-"),
        };
        self.out.push('|');
        self.out.push_str(end);
        for line in text.split('\n') {
            if line.is_empty() {
                self.out.push('\n');
            } else {
                self.begin(true, column);
                self.out.push_str(line);
            }
        }
    }

    fn begin(&mut self, is_next_line: bool, column: usize) {
        if is_next_line {
            self.out.push('\n');
            self.out.push_str(&" ".repeat(column));
        }
    }
}

/// Returns true for what is written over several lines of its own.
pub(super) fn is_block(value: &Val) -> bool {
    match value {
        Val::Arr(values) => !values.is_empty(),
        Val::Obj(fields) => !fields.is_empty(),
        _ => false,
    }
}

/// Returns true if a text can stand as a literal block: lines of printable characters, where
/// neither indentation nor the number of line breaks at the end needs a word of its own.
fn is_lines(text: &str) -> bool {
    let plain = |char: char| char == '\n' || char == '\t' || !char.is_control();
    let starts = text
        .chars()
        .next()
        .is_some_and(|first| !first.is_whitespace());
    starts
        && text.contains('\n')
        && !text.ends_with("\n\n")
        && text.chars().all(plain)
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'])
}
