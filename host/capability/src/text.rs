//! Text from outside (guests, manifests, clients, registries, files): how it is shown, and what no
//! manifest may hold.
//!
//! This is the one rule in the host. Everything that prints or logs shows text by it.

use std::fmt::{self, Write};
use std::ops::RangeInclusive;

/// Characters beyond the control characters that break lines, are not seen, or turn the direction
/// of what is read: Unicode's Default_Ignorable_Code_Point, the separators of lines and paragraphs,
/// and the anchors of annotations. U+FE0E and U+FE0F are left out: they choose between two looks of
/// one character and hide nothing.
const HIDING: [RangeInclusive<char>; 19] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0d}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d159}'..='\u{1d159}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Returns true if `c` can act on a terminal, break a line, or hide something from who reads it.
pub fn is_hiding(c: char) -> bool {
    c.is_control() || (!c.is_ascii() && HIDING.iter().any(|range| range.contains(&c)))
}

/// Text from outside. It can only be shown with every hiding character escaped, as in `\u{1b}`.
#[derive(Debug, Clone, Copy)]
pub struct ForeignText<'a> {
    text: &'a str,
    /// Line breaks and tabs are shown as they are.
    block: bool,
}

impl<'a> ForeignText<'a> {
    /// Shows it on one line, which it cannot leave: line breaks and tabs are escaped too.
    pub fn line(text: &'a str) -> Self {
        Self { text, block: false }
    }

    /// Shows it over as many lines as it has. A line may end in CRLF.
    pub fn block(text: &'a str) -> Self {
        Self { text, block: true }
    }

    /// Returns the first character that a line must not hold, if there is one.
    pub fn hidden(self) -> Option<char> {
        self.text
            .chars()
            .find(|&c| is_hiding(c) && !(self.block && matches!(c, '\n' | '\t')))
    }
}

impl fmt::Display for ForeignText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\n' | '\t' if self.block => f.write_char(c)?,
                '\r' if self.block && rest.peek() == Some(&'\n') => {}
                c if is_hiding(c) => write!(f, "{}", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_hides_or_acts_is_shown_as_it_is() {
        let hiding = "\0\u{7}\u{8}\r\u{1b}\u{7f}\u{80}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200f}\
                      \u{2028}\u{202e}\u{2066}\u{2069}\u{3164}\u{feff}\u{fff9}\u{e0041}\u{e01ef}";
        for c in hiding.chars() {
            let text = format!("a{c}b");
            let shown = [
                ForeignText::line(&text).to_string(),
                ForeignText::block(&text).to_string(),
            ];
            assert_eq!(ForeignText::line(&text).hidden(), Some(c));
            for shown in shown {
                assert!(shown.starts_with("a\\") && shown.ends_with('b'), "{shown}");
                assert!(!shown.chars().any(is_hiding), "{shown}");
            }
        }
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = "naïve — 日本語 \u{26a0}\u{fe0f} עברית";
        assert_eq!(ForeignText::line(text).to_string(), text);
        assert_eq!(ForeignText::line(text).hidden(), None);
    }

    #[test]
    fn a_block_has_lines_and_a_line_has_none() {
        assert_eq!(
            ForeignText::block("a\tb\r\nc\rd\n").to_string(),
            "a\tb\nc\\rd\n"
        );
        assert_eq!(ForeignText::line("a\tb\r\nc").to_string(), r"a\tb\r\nc");
    }
}
