//! Errors of the system in the words of other commands.

use std::io::{self, ErrorKind};

/// What an error says, without its number: `No such file or directory`.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text
        .split_once(" (os error")
        .map_or(text.as_str(), |(text, _)| text);
    match error.kind() {
        // The sandbox's own answers, which say less to a reader than what stands behind them.
        ErrorKind::PermissionDenied if text == "Operation not permitted" => {
            "Operation not permitted: it is outside the directories that this tool was given, or \
             they are read-only"
                .to_owned()
        }
        // What a call may write and open is counted, and beyond it there is no other answer.
        _ if text == "I/O error" => {
            "I/O error: the file system failed, or this call has written as much, or opened as \
             many files, as it may"
                .to_owned()
        }
        _ => text.to_owned(),
    }
}

/// The same behind the name of the file.
pub fn path_error(path: &str, error: &io::Error) -> String {
    format!("{path}: {}", words(error))
}
