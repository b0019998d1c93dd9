//! The mark before text that is not the host's own, on a terminal.
//!
//! A guest can print `error: …` or a receipt. Every line of it begins with a mark, also where a
//! line is wider than the terminal and goes on below. So what begins at the left edge is the
//! host's.

use cofferdam_capability::ForeignText;

/// Columns from one tab stop to the next: the most that a tab can take.
const TAB: usize = 8;

/// The least room for text beside a mark, in columns, however narrow a terminal says it is.
const LEAST: usize = 10;

/// Marks text, which may come in pieces.
#[derive(Debug)]
pub(crate) struct Fence {
    mark: &'static str,
    /// Columns of a line beside the mark.
    width: usize,
    /// Columns of the line that is being written; nothing before its mark.
    column: Option<usize>,
}

impl Fence {
    /// For the output of a guest, on a terminal of so many columns.
    pub(crate) fn guest(columns: usize) -> Self {
        Self::new("│ ", columns)
    }

    /// For the words of a model.
    pub(crate) fn model(columns: usize) -> Self {
        Self::new("  ", columns)
    }

    /// For the rest of a sentence of the host, of which so many columns are written.
    pub(crate) fn sentence(columns: usize, written: usize) -> Self {
        Self {
            // The beginning has no mark.
            column: Some(written.saturating_sub(2)),
            ..Self::new("  ", columns)
        }
    }

    fn new(mark: &'static str, columns: usize) -> Self {
        Self {
            mark,
            width: columns.saturating_sub(mark.chars().count()).max(LEAST),
            column: None,
        }
    }

    /// The next piece of text as it is shown.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for c in ForeignText::block(text).to_string().chars() {
            if c == '\n' {
                if self.column.is_none() {
                    shown.push_str(self.mark.trim_end());
                }
                shown.push(c);
                self.column = None;
                continue;
            }
            let columns = columns_of(c);
            let column = match self.column {
                Some(column) if column + columns <= self.width => column,
                Some(_) => {
                    shown.push('\n');
                    shown.push_str(self.mark);
                    0
                }
                None => {
                    shown.push_str(self.mark);
                    0
                }
            };
            shown.push(c);
            self.column = Some(column + columns);
        }
        shown
    }

    /// The same of bytes, where those that are no text are escaped.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> String {
        let mut shown = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            shown += &self.text(chunk.valid());
            shown += &self.text(&chunk.invalid().escape_ascii().to_string());
        }
        shown
    }

    /// The end of the line that is being written, if one is.
    pub(crate) fn end(&mut self) -> &'static str {
        match self.column.take() {
            Some(_) => "\n",
            None => "",
        }
    }
}

/// The beginning of a line that fits into so many columns.
pub(crate) fn beginning(line: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (place, c) in line.char_indices() {
        taken += columns_of(c);
        if taken > columns {
            return line.get(..place).unwrap_or_default();
        }
    }
    line
}

/// The most columns that a character takes.
fn columns_of(c: char) -> usize {
    match c {
        '\t' => TAB,
        c if c.is_ascii() => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_guest_begins_without_the_mark() {
        let mut fence = Fence::guest(14);
        let shown = fence.text("error: no\n\nab") + &fence.text("c\n") + fence.end();
        assert_eq!(shown, "│ error: no\n│\n│ abc\n");
        // Also not where the terminal would break it.
        let shown = Fence::guest(14).text("0123456789abcerror: forged");
        assert_eq!(shown, "│ 0123456789ab\n│ cerror: forg\n│ ed");
        let wide = Fence::guest(14).text("ééééééérror:");
        assert_eq!(wide, "│ éééééé\n│ érror:");
        let tabs = Fence::guest(14).text("\t\terror:");
        assert_eq!(tabs, "│ \t\n│ \terro\n│ r:");
    }

    #[test]
    fn text_that_ends_in_a_line_leaves_none_begun() {
        let mut fence = Fence::model(80);
        assert_eq!(fence.bytes(b"a\xff\r\n"), "  a\\xff\n");
        assert_eq!(fence.end(), "");
        assert_eq!(fence.bytes(b"x"), "  x");
        assert_eq!(fence.end(), "\n");
    }

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        assert_eq!(beginning("abcdef", 4), "abcd");
        assert_eq!(beginning("ab", 4), "ab");
        assert_eq!(beginning("éé", 3), "é");
    }

    #[test]
    fn a_sentence_goes_on_below_its_beginning() {
        assert_eq!(Fence::sentence(14, 7).text("789abcdef"), "789abcd\n  ef");
    }
}
