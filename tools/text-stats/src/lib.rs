//! A typed tool that counts what is in a text. It is given the text itself, so it needs no
//! directory and nothing else.

use std::collections::BTreeSet;

use cofferdam_guest::{ToolError, export, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The text to count.
    text: String,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Output {
    /// Lines, also a last one that does not end with a newline.
    lines: usize,
    /// Lines with nothing but white space.
    blank_lines: usize,
    /// Runs of lines between blank lines.
    paragraphs: usize,
    /// Words: runs of characters between white space.
    words: usize,
    /// Different words, without regard to upper and lower case and to punctuation around them.
    distinct_words: usize,
    /// Unicode characters (scalar values), newlines included.
    characters: usize,
    /// Bytes in UTF-8.
    bytes: usize,
    /// Characters in the longest line, without its newline.
    longest_line: usize,
}

/// Counts the lines, paragraphs, words, characters and bytes of a text, and measures its longest
/// line.
#[tool]
fn text_stats(Input { text }: Input) -> Result<Output, ToolError> {
    Ok(Output {
        lines: text.lines().count(),
        blank_lines: text.lines().filter(|line| is_blank(line)).count(),
        paragraphs: paragraphs(&text),
        words: text.split_whitespace().count(),
        distinct_words: distinct_words(&text),
        characters: text.chars().count(),
        bytes: text.len(),
        longest_line: text
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0),
    })
}

export!(text_stats);

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn paragraphs(text: &str) -> usize {
    let mut count = 0;
    let mut after_blank = true;
    for line in text.lines() {
        let blank = is_blank(line);
        if after_blank && !blank {
            count += 1;
        }
        after_blank = blank;
    }
    count
}

/// What is left of a word without the punctuation around it; a word that is nothing but punctuation
/// is not counted.
fn distinct_words(text: &str) -> usize {
    let mut words = BTreeSet::new();
    // One by one: a set that is collected is sorted first, which is 5 KiB of code.
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            words.insert(word.to_lowercase());
        }
    }
    words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Output) {
        assert_eq!(
            text_stats(Input {
                text: text.to_owned()
            }),
            Ok(expected),
            "{text:?}"
        );
    }

    #[test]
    fn an_empty_text_has_nothing() {
        check(
            "",
            Output {
                lines: 0,
                blank_lines: 0,
                paragraphs: 0,
                words: 0,
                distinct_words: 0,
                characters: 0,
                bytes: 0,
                longest_line: 0,
            },
        );
    }

    #[test]
    fn a_last_line_without_newline_counts() {
        check(
            "one two\nthree",
            Output {
                lines: 2,
                blank_lines: 0,
                paragraphs: 1,
                words: 3,
                distinct_words: 3,
                characters: 13,
                bytes: 13,
                longest_line: 7,
            },
        );
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        check(
            "\nThe river,\r\nthe dam.\n \n\n– The end!\n",
            Output {
                lines: 6,
                blank_lines: 3,
                paragraphs: 2,
                words: 7,
                distinct_words: 4,
                characters: 36,
                bytes: 38,
                longest_line: 10,
            },
        );
    }

    #[test]
    fn characters_are_not_bytes() {
        check(
            "Größe größe",
            Output {
                lines: 1,
                blank_lines: 0,
                paragraphs: 1,
                words: 2,
                distinct_words: 1,
                characters: 11,
                bytes: 15,
                longest_line: 11,
            },
        );
    }
}
