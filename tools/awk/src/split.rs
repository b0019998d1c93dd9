//! Splitting a text into fields.

use std::rc::Rc;

use cofferdam_regex::{Regex, char_length};

/// A rule for finding the fields of a text.
pub(crate) enum Splitter {
    /// Blanks, tabs and line breaks, as many as there are; none at the ends.
    Blanks,
    /// One byte.
    Byte(u8),
    Regex(Rc<Regex>),
    /// Each character is a field.
    Characters,
    /// `FPAT`: what matches is a field.
    Pattern(Rc<Regex>),
    /// `FIELDWIDTHS`: how many characters are skipped, and how many are a field.
    Widths(Vec<(usize, usize)>),
}

/// A piece of a text, in bytes.
type Piece = std::ops::Range<usize>;

impl Splitter {
    /// The fields of a text, and what stands around them: before, between and behind.
    pub(crate) fn split(&self, text: &[u8]) -> (Vec<Piece>, Vec<Piece>) {
        let mut fields = Vec::new();
        let mut separators = Vec::new();
        if text.is_empty() {
            return (fields, separators);
        }
        match self {
            Self::Blanks => {
                let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
                let mut at = 0;
                loop {
                    let rest = text.get(at..).unwrap_or_default();
                    let blanks = rest.iter().take_while(|byte| is_blank(byte)).count();
                    separators.push(at..at + blanks);
                    at += blanks;
                    let rest = text.get(at..).unwrap_or_default();
                    if rest.is_empty() {
                        break;
                    }
                    let length = rest.iter().take_while(|byte| !is_blank(byte)).count();
                    fields.push(at..at + length);
                    at += length;
                }
            }
            Self::Byte(separator) => {
                let mut start = 0;
                for (at, byte) in text.iter().enumerate() {
                    if byte == separator {
                        fields.push(start..at);
                        separators.push(at..at + 1);
                        start = at + 1;
                    }
                }
                fields.push(start..text.len());
            }
            Self::Regex(regex) => {
                let mut start = 0;
                let mut at = 0;
                // Only back-references could make a search fail, and awk has none.
                while let Ok(Some(found)) = regex.find(text, at) {
                    if found.is_empty() {
                        // An empty match separates nothing.
                        at = found.end + char_length(text, found.end);
                        if at > text.len() {
                            break;
                        }
                        continue;
                    }
                    fields.push(start..found.start);
                    start = found.end;
                    at = found.end;
                    separators.push(found);
                }
                fields.push(start..text.len());
            }
            Self::Characters => {
                let mut at = 0;
                while at < text.len() {
                    let end = (at + char_length(text, at)).min(text.len());
                    fields.push(at..end);
                    separators.push(end..end);
                    at = end;
                }
                separators.pop();
            }
            Self::Pattern(regex) => {
                let mut end = 0;
                let mut at = 0;
                while let Ok(Some(found)) = regex.find(text, at) {
                    let behind = !fields.is_empty() && found.is_empty() && found.start == end;
                    at = found.end + usize::from(found.is_empty());
                    if !behind {
                        separators.push(end..found.start);
                        end = found.end;
                        fields.push(found);
                    }
                    if at > text.len() {
                        break;
                    }
                }
                separators.push(end..text.len());
            }
            Self::Widths(widths) => {
                let mut at = 0;
                for (skipped, width) in widths {
                    let rest = text.get(at..).unwrap_or_default();
                    let start = at + crate::text::offset(rest, *skipped);
                    let rest = text.get(start..).unwrap_or_default();
                    if rest.is_empty() {
                        break;
                    }
                    let end = start + crate::text::offset(rest, *width);
                    fields.push(start..end);
                    at = end;
                }
            }
        }
        (fields, separators)
    }

    /// Returns true if what comes before the first field is no separator of two.
    pub(crate) fn has_edges(&self) -> bool {
        matches!(self, Self::Blanks | Self::Pattern(_))
    }
}
