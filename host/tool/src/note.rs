//! Words about a component beside those of its tools: what it is for, and how to call it.

use cofferdam_capability::ForeignText;

use crate::error::EmbedError;

/// The head of the words about calling a tool.
const USAGE: &str = "## Usage\n\n";

/// Refuses words about calling a tool that a reviewer would not see as a model reads them.
pub(crate) fn check_usage(usage: &str) -> Result<(), EmbedError> {
    match ForeignText::block(&plain(usage)).hidden() {
        Some(c) => Err(EmbedError::Usage(format!(
            "it holds the character U+{:04X}, which a reviewer would not see as it is: remove it",
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

/// Words about a component that a model reads beside those of its tools: what it is for, as its
/// operator says, and how to call it.
pub fn note(description: &str, usage: Option<&str>) -> String {
    let usage = usage
        .map(|usage| format!("{USAGE}{}", plain(usage)))
        .unwrap_or_default();
    joined(description, &usage)
}

/// Returns true if a note says what the component is for, and not only how to call it.
pub(crate) fn describes(note: &str) -> bool {
    !note.is_empty() && !note.starts_with(USAGE)
}

/// A note with the words of a tool: before them, but for what says only how to call it.
pub(crate) fn noted(note: &str, words: &str) -> String {
    if describes(note) {
        joined(note, words)
    } else {
        joined(words, note)
    }
}

/// A text without what editors write beside it, which hides nothing.
fn plain(usage: &str) -> String {
    usage.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

/// Two texts with an empty line between them, where there are two.
pub(crate) fn joined(first: &str, second: &str) -> String {
    let parts: Vec<_> = [first, second]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n\n")
}
