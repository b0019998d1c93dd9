//! The walk through directories, and the sums.

use std::io::{self, Write};

use cofferdam_command::path_error;

use crate::complain;
use crate::options::{Counted, Follow, Options};
use crate::seen::{Found, Seen};

/// Sums of what was walked through.
pub(crate) struct Totals<'a, W> {
    options: &'a Options,
    out: W,
    seen: Seen,
    total: u64,
    well: bool,
}

/// A file or directory on the way.
struct Place<'a> {
    path: &'a str,
    /// How many directories it is below an argument.
    depth: usize,
}

/// The sizes of a directory: of all below it, and of what is printed for it.
#[derive(Default, Clone, Copy)]
struct Sum {
    whole: u64,
    shown: u64,
}

impl<'a, W: Write> Totals<'a, W> {
    pub(crate) fn new(options: &'a Options, out: W) -> Self {
        Self {
            options,
            out,
            seen: Seen::default(),
            total: 0,
            well: true,
        }
    }

    /// Sums up what an argument names.
    ///
    /// # Errors
    ///
    /// That standard output cannot be written.
    pub(crate) fn argument(&mut self, path: &str) -> io::Result<()> {
        // To WASI an empty path is the working directory.
        if path.is_empty() {
            self.well = false;
            complain("invalid zero-length file name");
            return Ok(());
        }
        let sum = self.sum(&Place { path, depth: 0 })?;
        self.total = self.total.saturating_add(sum.unwrap_or_default());
        Ok(())
    }

    /// Prints the last line. Returns true if everything went well.
    ///
    /// # Errors
    ///
    /// That standard output cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<bool> {
        if self.options.total {
            self.line(self.total, "total")?;
        }
        self.out.flush()?;
        Ok(self.well)
    }

    /// Returns the size of a place with all below it, and prints its lines. `None` if it does not
    /// count.
    fn sum(&mut self, place: &Place<'_>) -> io::Result<Option<u64>> {
        if self.options.is_excluded(place.path) {
            return Ok(None);
        }
        let follow = match self.options.follow {
            Follow::Nothing => false,
            Follow::Arguments => place.depth == 0,
            Follow::All => true,
        };
        let found = match Found::at(place.path, follow) {
            Ok(found) => found,
            Err(error) => {
                self.trouble("cannot access", place.path, &error);
                return Ok(None);
            }
        };
        let several_ways = self.options.files.len() > 1 || self.options.follow == Follow::All;
        let is_counted = self.options.count_links && !found.is_directory();
        if !is_counted && !self.seen.note(&found, several_ways) {
            return Ok(None);
        }
        let own = match self.options.counted {
            Counted::Room => found.room(),
            Counted::Length => found.length,
            Counted::Files => 1,
        };
        let mut sum = Sum {
            whole: own,
            shown: own,
        };
        if found.is_directory() {
            self.directory(place, &mut sum)?;
        }
        let is_shown = place.depth <= self.options.depth
            && (found.is_directory() || self.options.all || place.depth == 0);
        if is_shown && self.options.is_within(sum.shown) {
            self.line(sum.shown, place.path)?;
        }
        Ok(Some(sum.whole))
    }

    /// Adds what is in a directory.
    fn directory(&mut self, place: &Place<'_>, sum: &mut Sum) -> io::Result<()> {
        let entries = match std::fs::read_dir(place.path) {
            Ok(entries) => entries,
            Err(error) => {
                self.trouble("cannot read directory", place.path, &error);
                return Ok(());
            }
        };
        let depth = place.depth.saturating_add(1);
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.trouble("cannot read directory", place.path, &error);
                    return Ok(());
                }
            };
            let name = entry.file_name();
            let slash = if place.path.ends_with('/') { "" } else { "/" };
            let path = format!("{}{slash}{}", place.path, name.to_string_lossy());
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let below = self.sum(&Place { path: &path, depth })?.unwrap_or_default();
            sum.whole = sum.whole.saturating_add(below);
            if !(is_directory && self.options.separate) {
                sum.shown = sum.shown.saturating_add(below);
            }
        }
        Ok(())
    }

    fn line(&mut self, size: u64, name: &str) -> io::Result<()> {
        let end = if self.options.null { '\0' } else { '\n' };
        let size = match self.options.counted {
            Counted::Files => size.to_string(),
            Counted::Room | Counted::Length => self.options.unit.show(size),
        };
        write!(self.out, "{size}\t{name}{end}")
    }

    fn trouble(&mut self, failed: &str, path: &str, error: &io::Error) {
        self.well = false;
        complain(&format!(
            "{failed} {}",
            path_error(&format!("'{path}'"), error)
        ));
    }
}
