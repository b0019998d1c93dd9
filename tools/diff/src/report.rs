//! Sentences of the command, and how a comparison ended.

/// Exit code of a comparison that could not be made, or not in whole.
pub(crate) const TROUBLE: i32 = 2;

/// The result of a comparison. The greater one holds where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Same,
    Different,
    Trouble,
}

impl Outcome {
    /// The exit code that POSIX gives it.
    pub(crate) fn exit_code(self) -> i32 {
        match self {
            Self::Same => 0,
            Self::Different => 1,
            Self::Trouble => TROUBLE,
        }
    }
}

/// Prints a sentence on standard error.
#[allow(
    clippy::print_stderr,
    reason = "a command line program says what is wrong"
)]
pub(crate) fn complain(sentence: &str) {
    eprintln!("diff: {sentence}");
}

/// Returns a file name as headers show it: in the quotes of C if it holds spaces, quotes or control
/// characters, so that a patch program finds its end.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = |char: char| char > ' ' && !matches!(char, '"' | '\\' | '\u{7f}');
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    let mut text = String::from("\"");
    for char in name.chars() {
        match char {
            '\u{7}' => text.push_str("\\a"),
            '\u{8}' => text.push_str("\\b"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\u{b}' => text.push_str("\\v"),
            '\u{c}' => text.push_str("\\f"),
            '\r' => text.push_str("\\r"),
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            char if char.is_ascii_control() => {
                text.push_str(&format!("\\{:03o}", u32::from(char)));
            }
            char => text.push(char),
        }
    }
    text.push('"');
    text
}
