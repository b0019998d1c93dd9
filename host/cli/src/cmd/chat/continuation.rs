//! Messages of several lines, as they are typed.

/// The mark of a block that may have empty lines in it.
const FENCE: &str = "```";

/// Empty lines that end a message inside an open block.
const WAY_OUT: &str = "\n\n\n";

/// Returns true if a line follows: after a `\` at the end, and inside an open block.
pub(super) fn goes_on(text: &str) -> bool {
    if ends_in_backslash(text) {
        return true;
    }
    let marks = text
        .lines()
        .filter(|line| line.trim_start().starts_with(FENCE));
    marks.count() % 2 == 1 && !text.ends_with(WAY_OUT)
}

/// Returns true if the last line ends in a `\`.
pub(super) fn ends_in_backslash(text: &str) -> bool {
    text.ends_with('\\')
}

/// Takes out each `\` by which a line went on. `begun` are the texts that ended in one when Enter
/// was pressed; a `\` of a text that was pasted, or changed since, stays.
pub(super) fn joined(text: &str, begun: &[String]) -> String {
    let mut joined = text.to_owned();
    // The longest first, so that the places of the others stay as they were.
    for begun in begun.iter().rev() {
        let goes_on = joined.get(begun.len()..).unwrap_or_default();
        if joined.starts_with(begun.as_str()) && goes_on.starts_with('\n') {
            joined.remove(begun.len() - 1);
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_and_an_open_fence_go_on() {
        assert!(goes_on("a \\"));
        assert!(!goes_on("a \\ b"));
        assert!(goes_on("see\n```rust\nfn a() {\n\n"));
        assert!(!goes_on("```\na\n```"));
        assert!(!goes_on("```\na\n\n\n"));
        assert!(!goes_on("a ``` b"));
    }

    #[test]
    fn only_the_backslash_that_was_typed_is_taken_out() {
        let begun = ["a \\".to_owned(), "a \\\nb\\".to_owned()];
        assert_eq!(joined("a \\\nb\\\nc", &begun), "a \nb\nc");
        assert_eq!(joined("curl \\\n -v", &[]), "curl \\\n -v");
        // The line was edited afterwards.
        assert_eq!(joined("x \\\nb", &begun), "x \\\nb");
    }
}
