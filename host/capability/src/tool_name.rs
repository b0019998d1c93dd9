//! Names of tools: one rule for manifests, calls, models, MCP and file names.

use crate::text::ForeignText;

/// The longest name of a tool, in bytes: what vendors of models take.
pub const MAX_TOOL_NAME: usize = 64;

/// The name of a tool whose file or image has no name that could be one.
const NAMELESS: &str = "tool";

/// Characters of a wrong name that a refusal repeats.
const MOST_SHOWN: usize = MAX_TOOL_NAME;

/// A text that is not the name of a tool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ToolNameError(String);

/// Refuses what is not the name of a tool. A name that passes is also safe as a file name: it holds
/// no `/` and no `.`.
///
/// # Errors
/// The text is not 1 to 64 of `A-Z a-z 0-9 _ -`, the first a letter or a digit.
pub fn check_tool_name(name: &str) -> Result<(), ToolNameError> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= MAX_TOOL_NAME && name.chars().all(is_of_name) {
        return Ok(());
    }
    let shown: String = name.chars().take(MOST_SHOWN).collect();
    let rest = if shown.len() < name.len() { "…" } else { "" };
    Err(ToolNameError(format!(
        "`{}{rest}` is not the name of a tool: expected 1 to {MAX_TOOL_NAME} of A-Z a-z 0-9 _ -, \
         the first a letter or a digit",
        ForeignText::line(&shown)
    )))
}

/// Makes the name of a tool of a file's or an image's: every other character becomes `_`.
pub fn tool_name_of(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if is_of_name(c) { c } else { '_' })
        .collect();
    let name: String = name
        .trim_start_matches(['_', '-'])
        .chars()
        .take(MAX_TOOL_NAME)
        .collect();
    if name.is_empty() {
        NAMELESS.to_owned()
    } else {
        name
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_as_a_file_name() {
        for name in ["wc", "text-stats", "a", "7z", "A_b-9", &"x".repeat(64)] {
            assert_eq!(check_tool_name(name), Ok(()), "{name}");
            assert_eq!(tool_name_of(name), name);
        }
        let long = "x".repeat(65);
        for name in [
            "",
            ".",
            "..",
            "/x",
            "../x",
            "a/b",
            "a\\b",
            "a.b",
            "a b",
            "-rf",
            "_x",
            "a\0",
            "a\n",
            "é",
            "\u{202e}a",
            &long,
        ] {
            let problem = check_tool_name(name).unwrap_err();
            assert!(
                problem.to_string().contains("expected 1 to 64"),
                "{problem}"
            );
            assert_eq!(
                ForeignText::line(&problem.to_string()).hidden(),
                None,
                "{problem}"
            );
            assert_eq!(check_tool_name(&tool_name_of(name)), Ok(()), "{name}");
        }
    }
}
