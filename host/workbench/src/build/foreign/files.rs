//! The files of a project, as far as its component is made from them.

use std::fmt::Write;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;

use crate::error::Error;
use crate::file;

/// Files of one project; a tool has a handful, and one with its dependencies some hundreds.
const MAX_FILES: usize = 10_000;

/// Directories inside one another.
const MAX_DEPTH: usize = 32;

/// The largest file that a component is made from, in bytes (64 MiB).
const MAX_FILE: u64 = 64 << 20;

/// Directories, or links to them, that hold nothing that a component is made from: what was built,
/// installed, or tests it. Hidden directories hold nothing of it either.
const LEFT_OUT: [&str; 5] = ["target", "node_modules", "venv", "cases", CACHE];

/// The directory in which Python keeps compiled modules, beside their sources.
const CACHE: &str = "__pycache__";

/// A project's files, sorted, by their paths below its directory.
pub(super) struct Files {
    names: Vec<String>,
    /// The caches of Python that are there already.
    caches: Vec<PathBuf>,
}

impl Files {
    pub(super) fn of(directory: &Path) -> Result<Self, Error> {
        let mut files = Self {
            names: Vec::new(),
            caches: Vec::new(),
        };
        files.collect(directory, "", 0)?;
        files.names.sort();
        Ok(files)
    }

    fn collect(&mut self, directory: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        let wrong = |problem: &str| Error::usage(format!("{}: {problem}", directory.display()));
        if depth > MAX_DEPTH {
            return Err(wrong("directories are nested too deep for a project"));
        }
        let entries = std::fs::read_dir(directory).map_err(|error| wrong(&error.to_string()))?;
        for entry in entries {
            let entry = entry.map_err(|error| wrong(&error.to_string()))?;
            // A toolchain could not name it either.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name == CACHE {
                self.caches.push(entry.path());
            }
            if LEFT_OUT.contains(&name.as_str()) {
                continue;
            }
            let path = format!("{prefix}{name}");
            if is_directory(&entry) {
                if !name.starts_with('.') {
                    self.collect(&entry.path(), &format!("{path}/"), depth + 1)?;
                }
            } else if self.names.len() < MAX_FILES {
                self.names.push(path);
            } else {
                return Err(wrong(&format!("more than {MAX_FILES} files for one tool")));
            }
        }
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|file| file == name)
    }

    /// The files with this ending that lie in the project's directory itself.
    pub(super) fn at_the_top(&self, ending: &str) -> Vec<&str> {
        let names = self.names.iter().map(String::as_str);
        names
            .filter(|name| !name.contains('/') && name.ends_with(ending))
            .collect()
    }

    /// The WIT of the project, from its directory: the directory `wit`, or the one file `*.wit`.
    pub(super) fn wit(&self, directory: &Path) -> Result<PathBuf, Error> {
        if self.names.iter().any(|name| name.starts_with("wit/")) {
            return Ok(PathBuf::from("wit"));
        }
        match self.at_the_top(".wit").as_slice() {
            [file] => Ok(PathBuf::from(file)),
            files => Err(Error::usage(format!(
                "{}: {} WIT files: expected one file *.wit, or a directory wit/ for several",
                directory.display(),
                files.len()
            ))),
        }
    }

    /// A text that is another one when a file is.
    pub(super) fn summary(&self, directory: &Path) -> Result<String, Error> {
        let mut summary = String::new();
        for name in &self.names {
            let content = file::read(&directory.join(name), MAX_FILE)?;
            // Writing into a text does not fail.
            let _ = writeln!(summary, "{name:?} {}", Digest::of(&content));
        }
        Ok(summary)
    }

    /// Removes the caches of Python that were not there before: toolchains leave some.
    pub(super) fn clean(&self, directory: &Path) {
        // One that cannot be read or removed is in nobody's way.
        for cache in Self::of(directory).into_iter().flat_map(|now| now.caches) {
            if !self.caches.contains(&cache) {
                let _ = std::fs::remove_dir_all(cache);
            }
        }
    }
}

/// A link to a directory is none: it could lead to one that it lies in.
fn is_directory(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}
