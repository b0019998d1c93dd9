//! Text that holds no credential: documents and sources of this repository. What is taken out of it
//! is taken out for nothing.

use std::path::{Path, PathBuf};

use super::*;

/// Endings of files that are text.
const TEXT: [&str; 10] = [
    "md", "rs", "toml", "proto", "wit", "json", "py", "js", "yaml", "sh",
];

/// Files about credentials: what looks like one there was written to look like one.
const ABOUT_CREDENTIALS: [&str; 1] = ["host/tool/src/redact"];

/// Values that are taken out of eight megabytes of text, at most: there were 8 when this was
/// written. Each is a credential to every reader who does not know that it was made up, in tests of
/// keys, tokens and passwords.
const MOST_MARKS: usize = 16;

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_symlink() || name.starts_with('.') || name == "target" || name == "node_modules"
        {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if ending.is_some_and(|ending| TEXT.contains(&ending)) {
            found.push(path);
        }
    }
}

#[test]
fn little_is_taken_out_of_text_that_holds_no_credential() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let mut files = Vec::new();
    collect(top, &mut files);
    let redactor = Redactor::new();
    let mut bytes = 0;
    let mut marks = 0;
    let mut shown = Vec::new();
    for file in files {
        let about = ABOUT_CREDENTIALS
            .iter()
            .any(|about| file.starts_with(top.join(about)));
        if about {
            continue;
        }
        let text = std::fs::read(&file).unwrap();
        bytes += text.len();
        let Some(clean) = redactor.redacted(&text, false) else {
            continue;
        };
        let count = |text: &[u8]| {
            let mark = b"[redacted]";
            text.windows(mark.len())
                .filter(|found| found == mark)
                .count()
        };
        let taken = count(&clean) - count(&text);
        marks += taken;
        shown.push(format!("{taken} in {}", file.display()));
    }
    shown.sort();
    println!("{marks} marks in {bytes} bytes:\n{}", shown.join("\n"));
    assert!(bytes > 1 << 20, "{bytes}");
    assert!(
        marks <= MOST_MARKS,
        "{marks} in {bytes} bytes:\n{}",
        shown.join("\n")
    );
}
