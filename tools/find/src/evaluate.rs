//! An expression, held against one entry after another.

use std::io::Write;
use std::time::SystemTime;

use cofferdam_command::{Complaints, Output, Stop, words};
use walkdir::DirEntry;

use crate::expression::{Expression, Kind};
use crate::{print, shown};

/// A search on its way.
pub(crate) struct Run<'a> {
    pub(crate) out: &'a mut Output,
    pub(crate) complaints: &'a Complaints,
    /// Something could not be looked at or done.
    pub(crate) failed: bool,
}

/// How the search goes on after an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Go,
    /// Not into this directory.
    Prune,
    Quit,
}

/// One entry and what has been decided about it.
struct Candidate<'a> {
    entry: &'a DirEntry,
    root: &'a str,
    path: String,
    next: Next,
}

impl Run<'_> {
    /// Evaluates the expression for an entry.
    pub(crate) fn entry(
        &mut self,
        entry: &DirEntry,
        root: &str,
        expression: &Expression,
    ) -> Result<Next, Stop> {
        let mut candidate = Candidate {
            entry,
            root,
            path: shown(entry),
            next: Next::Go,
        };
        self.holds(expression, &mut candidate)?;
        Ok(candidate.next)
    }

    fn holds(
        &mut self,
        expression: &Expression,
        candidate: &mut Candidate<'_>,
    ) -> Result<bool, Stop> {
        if candidate.next == Next::Quit {
            return Ok(false);
        }
        let entry = candidate.entry;
        Ok(match expression {
            Expression::Not(inner) => !self.holds(inner, candidate)?,
            Expression::And(all) => {
                for one in all {
                    if !self.holds(one, candidate)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expression::Or(all) => {
                for one in all {
                    if self.holds(one, candidate)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expression::Each(all) => {
                let mut last = true;
                for one in all {
                    last = self.holds(one, candidate)?;
                }
                last
            }
            Expression::True => true,
            Expression::False => false,
            Expression::Name(pattern) => pattern.matches(&print::name(&candidate.path)),
            Expression::Path(pattern) => pattern.matches(&candidate.path),
            Expression::Regex(regex) => regex.is_match(&candidate.path),
            Expression::LinkName(pattern) => std::fs::read_link(entry.path())
                .is_ok_and(|target| pattern.matches(&target.to_string_lossy())),
            Expression::TargetType(kinds) => {
                // A link that leads nowhere is itself.
                let kind = match std::fs::metadata(entry.path()) {
                    Ok(metadata) => kind(metadata.file_type()),
                    Err(_) => kind(entry.file_type()),
                };
                kind.is_some_and(|kind| kinds.contains(&kind))
            }
            Expression::Type(kinds) => {
                kind(entry.file_type()).is_some_and(|kind| kinds.contains(&kind))
            }
            Expression::Size(size, unit) => self
                .metadata(entry)
                .is_some_and(|metadata| size.holds(metadata.len().div_ceil(*unit))),
            Expression::Empty => self.is_empty(entry),
            Expression::Newer(than) => self
                .modified(entry)
                .is_some_and(|modified| modified > *than),
            Expression::Age(age, unit) => self.modified(entry).is_some_and(|modified| {
                let seconds = SystemTime::now()
                    .duration_since(modified)
                    .map_or(0, |since| since.as_secs());
                age.holds(seconds / unit)
            }),
            Expression::Prune => {
                candidate.next = Next::Prune;
                true
            }
            Expression::Quit => {
                candidate.next = Next::Quit;
                true
            }
            Expression::Delete => self.delete(candidate),
            Expression::Print(end) => {
                write!(self.out, "{}{end}", candidate.path)?;
                true
            }
            Expression::Format(pieces) => {
                print::print(self.out, pieces, &candidate.path, candidate.root, entry)?;
                true
            }
        })
    }

    fn metadata(&mut self, entry: &DirEntry) -> Option<std::fs::Metadata> {
        match entry.metadata() {
            Ok(metadata) => Some(metadata),
            Err(error) => {
                self.complain_walk(&error);
                None
            }
        }
    }

    fn modified(&mut self, entry: &DirEntry) -> Option<SystemTime> {
        self.metadata(entry)?.modified().ok()
    }

    fn is_empty(&mut self, entry: &DirEntry) -> bool {
        if entry.file_type().is_dir() {
            return std::fs::read_dir(entry.path())
                .is_ok_and(|mut entries| entries.next().is_none());
        }
        entry.file_type().is_file()
            && self
                .metadata(entry)
                .is_some_and(|metadata| metadata.len() == 0)
    }

    fn delete(&mut self, candidate: &Candidate<'_>) -> bool {
        // As GNU find: the starting point `.` stays.
        if candidate.path == "." {
            return true;
        }
        let done = match candidate.entry.file_type().is_dir() {
            true => std::fs::remove_dir(candidate.entry.path()),
            false => std::fs::remove_file(candidate.entry.path()),
        };
        match done {
            Ok(()) => true,
            Err(error) => {
                self.complain(&format!(
                    "cannot delete '{}': {}",
                    candidate.path,
                    words(&error)
                ));
                false
            }
        }
    }
}

fn kind(kind: std::fs::FileType) -> Option<Kind> {
    match () {
        () if kind.is_symlink() => Some(Kind::Link),
        () if kind.is_dir() => Some(Kind::Directory),
        () if kind.is_file() => Some(Kind::File),
        () => None,
    }
}
