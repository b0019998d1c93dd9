//! The files of a tool while its author works on them.
//!
//! They are looked at again and again: what tells of changes differs with the system, is silent on
//! network and container file systems, and costs a library, and a tool has some dozens of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;

/// Files of a tool that are watched. A directory with more is something else than a tool.
const MAX_FILES: usize = 10_000;

/// Directories below one another, as deep as they are looked into.
const MAX_DEPTH: usize = 32;

/// Directories that are written by builds, beside those whose names begin with a dot.
const WRITTEN: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// A file that a build brings up to date by itself.
const LOCK_FILE: &str = "Cargo.lock";

/// Changed files that are named; the others are counted.
const MAX_NAMED: usize = 5;

/// The files of a tool at one time, by their size and the time of their last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
}

impl Watched {
    /// Looks at all files below a directory. What builds write, `written` among it, and names that
    /// begin with a dot are left out; links are not followed.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] if a directory cannot be read, or holds more than a tool does.
    pub fn look(directory: &Path, written: &Path) -> Result<Self, Error> {
        let written = written.canonicalize().ok();
        let mut files = BTreeMap::new();
        let mut directories = vec![(directory.to_owned(), 0)];
        while let Some((path, depth)) = directories.pop() {
            let wrong =
                |error: std::io::Error| Error::usage(format!("{}: {error}", path.display()));
            for entry in std::fs::read_dir(&path).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                // What is gone since it was listed is seen as gone the next time.
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                if name.starts_with('.') || WRITTEN.contains(&&*name) || name == LOCK_FILE {
                    continue;
                }
                if metadata.is_dir() && depth < MAX_DEPTH {
                    if written.is_some() && entry.path().canonicalize().ok() == written {
                        continue;
                    }
                    directories.push((entry.path(), depth + 1));
                } else if metadata.is_file() {
                    files.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
                }
            }
            if files.len() > MAX_FILES {
                return Err(Error::usage(format!(
                    "{}: it holds more than {MAX_FILES} files: name the directory of one tool",
                    directory.display()
                )));
            }
        }
        Ok(Self { files })
    }

    /// Names what is new, changed or gone in `now`, in one line; nothing if nothing is.
    pub fn changes(&self, now: &Self) -> Option<String> {
        let before = self.files.iter();
        let gone = before.filter(|(path, _)| !now.files.contains_key(*path));
        let other = now
            .files
            .iter()
            .filter(|(path, state)| self.files.get(*path) != Some(state));
        let mut paths: Vec<_> = gone.chain(other).map(|(path, _)| path).collect();
        paths.sort();
        let named: Vec<_> = paths
            .iter()
            .take(MAX_NAMED)
            .map(|path| path.display().to_string())
            .collect();
        match paths.len().saturating_sub(named.len()) {
            _ if paths.is_empty() => None,
            0 => Some(named.join(", ")),
            more => Some(format!("{} and {more} more", named.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_changed_and_gone_files_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let look = || Watched::look(directory.path(), &directory.path().join("out")).unwrap();
        file("src/lib.rs", "one");
        file("cases/a.json", "[]");
        let before = look();
        assert_eq!(before.changes(&look()), None);
        // What builds write is nobody's change.
        file("target/debug/x", "x");
        file("out/tool.wasm", "x");
        file(".git/x", "x");
        file("Cargo.lock", "x");
        assert_eq!(before.changes(&look()), None);
        file("src/lib.rs", "another");
        file("b", "new");
        std::fs::remove_file(directory.path().join("cases/a.json")).unwrap();
        let changes = before
            .changes(&look())
            .unwrap()
            .replace(&format!("{}/", directory.path().display()), "");
        assert_eq!(changes, "b, cases/a.json, src/lib.rs");
        (0..7).for_each(|number| file(&format!("n{number}"), ""));
        assert!(before.changes(&look()).unwrap().ends_with(" and 5 more"));
    }
}
