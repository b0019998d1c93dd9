//! `${NAME}` in instructions, replaced by what `ARG` declared above.

use std::collections::BTreeMap;

use super::error::{Fault, Position};
use super::lines::LINE_MAX_BYTES;

/// Values by name, as far as the file declares any.
pub(super) type Values = BTreeMap<String, String>;

/// A line with its values, and the place of each of its characters in the line as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// One column for each character and one for the end; empty where nothing was replaced.
    columns: Vec<usize>,
}

impl Expanded {
    /// Replaces what has a value. Anything else stays as it is, also an unknown name.
    pub(super) fn of(number: usize, line: &str, values: &Values) -> Result<Self, Fault> {
        if values.is_empty() || !line.contains("${") {
            return Ok(Self {
                text: line.to_owned(),
                columns: Vec::new(),
            });
        }
        let mut expanded = Self {
            text: String::new(),
            columns: Vec::new(),
        };
        let mut rest = line;
        let mut column = 1;
        while let Some(c) = rest.chars().next() {
            let Replacement { written, value } = value_at(rest, values).unwrap_or_else(|| {
                let one = rest.get(..c.len_utf8()).unwrap_or_default();
                Replacement {
                    written: one,
                    value: one,
                }
            });
            if expanded.text.len() + value.len() > LINE_MAX_BYTES {
                return Err(Fault::new(
                    Position {
                        line: number,
                        column,
                    },
                    format!(
                        "with the values of `ARG` the line has more than {LINE_MAX_BYTES} bytes; \
                         make them shorter"
                    ),
                ));
            }
            expanded.text.push_str(value);
            let characters = value.chars().count();
            expanded
                .columns
                .extend(std::iter::repeat_n(column, characters));
            column += written.chars().count();
            rest = rest.get(written.len()..).unwrap_or_default();
        }
        expanded.columns.push(column);
        Ok(expanded)
    }

    /// The column, counted from 1, in which a character stands that is the `index`th here, counted
    /// from 0.
    pub(super) fn column(&self, index: usize) -> usize {
        self.columns.get(index).copied().unwrap_or(index + 1)
    }
}

/// A piece of a line as it was written, and what stands there instead.
struct Replacement<'a> {
    written: &'a str,
    value: &'a str,
}

/// The `${NAME}` that the text begins with, if its name has a value.
fn value_at<'a>(text: &'a str, values: &'a Values) -> Option<Replacement<'a>> {
    let inside = text.strip_prefix("${")?;
    let end = inside.find('}')?;
    let value = values.get(inside.get(..end)?)?;
    Some(Replacement {
        written: text.get(..end + "${}".len())?,
        value,
    })
}
