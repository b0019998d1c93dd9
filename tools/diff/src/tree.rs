//! Files and directories, pair by pair.

use std::collections::BTreeSet;
use std::io::{self, Write};

use cofferdam_command::path_error;

use crate::changes::changes;
use crate::entry::{Entry, Kind};
use crate::files::{STDIN, Side};
use crate::format::Format;
use crate::options::Options;
use crate::report::{Outcome, complain, quoted};
use crate::{context, normal, sides, unified};

/// A comparison with its output.
pub(crate) struct Comparison<'a, W> {
    options: &'a Options,
    out: &'a mut W,
    /// The directories around the pair that is compared.
    around: Vec<[Kind; 2]>,
}

impl<'a, W: Write> Comparison<'a, W> {
    pub(crate) fn new(options: &'a Options, out: &'a mut W) -> Self {
        Self {
            options,
            out,
            around: Vec::new(),
        }
    }

    /// Compares what the command line names.
    ///
    /// # Errors
    ///
    /// That standard output cannot be written.
    pub(crate) fn run(&mut self) -> io::Result<Outcome> {
        let links = self.options.links;
        let operands = self.options.operands.clone();
        let looked = operands.map(|path| (Entry::look(path.clone(), links), path));
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let are_missing = looked
            .iter()
            .all(|(looked, _)| looked.as_ref().is_err_and(is_missing));
        let mut pair = Vec::new();
        for (at, (looked, path)) in looked.into_iter().enumerate() {
            let counts_as_empty = !are_missing && self.options.absent.counts_as_empty(at);
            match looked {
                Ok(entry) => pair.push(entry),
                Err(error) if counts_as_empty && is_missing(&error) => {
                    pair.push(Entry::absent(path));
                }
                Err(error) => complain(&path_error(&path, &error)),
            }
        }
        let Ok([old, new]) = <[Entry; 2]>::try_from(pair) else {
            return Ok(Outcome::Trouble);
        };
        match [&old.kind, &new.kind] {
            // A file is compared with the one of its name in a directory.
            [Kind::Directory(_), Kind::File { .. }] => match self.inside(&old, &new) {
                Some(found) => self.pair([found, new]),
                None => Ok(Outcome::Trouble),
            },
            [Kind::File { .. }, Kind::Directory(_)] => match self.inside(&new, &old) {
                Some(found) => self.pair([old, found]),
                None => Ok(Outcome::Trouble),
            },
            _ => self.pair([old, new]),
        }
    }

    /// Returns the entry of a directory that has a file's name, or says why there is none.
    fn inside(&self, directory: &Entry, file: &Entry) -> Option<Entry> {
        if file.path == STDIN {
            complain("cannot compare '-' to a directory");
            return None;
        }
        let path = directory.join(&file.name());
        let found = Entry::look(path.clone(), self.options.links);
        found
            .inspect_err(|error| complain(&path_error(&path, error)))
            .ok()
    }

    /// Compares two entries.
    fn pair(&mut self, pair: [Entry; 2]) -> io::Result<Outcome> {
        let [old, new] = &pair;
        match [&old.kind, &new.kind] {
            [Kind::Directory(_), Kind::Directory(_) | Kind::Absent]
            | [Kind::Absent, Kind::Directory(_)] => self.directories(&pair),
            [
                Kind::File { .. } | Kind::Absent,
                Kind::File { .. } | Kind::Absent,
            ] => self.files(&pair),
            [Kind::Link(one), Kind::Link(other)] if one == other => self.same(&pair),
            [Kind::Link(_), Kind::Link(_)] => {
                writeln!(
                    self.out,
                    "Symbolic links {} and {} differ",
                    old.path, new.path
                )?;
                Ok(Outcome::Different)
            }
            [one, other] => {
                let [old, new] = self.shown(&pair);
                let kind = one.words();
                writeln!(
                    self.out,
                    "File {old} is a {kind} while file {new} is a {}",
                    other.words()
                )?;
                Ok(Outcome::Different)
            }
        }
    }

    /// Compares two directories, of which one may be absent.
    fn directories(&mut self, pair: &[Entry; 2]) -> io::Result<Outcome> {
        let [old, new] = pair;
        if !self.around.is_empty() && !self.options.recursive {
            writeln!(
                self.out,
                "Common subdirectories: {} and {}",
                old.path, new.path
            )?;
            return Ok(Outcome::Same);
        }
        for (at, entry) in pair
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.kind.is_directory())
        {
            if self
                .around
                .iter()
                .any(|around| around.get(at) == Some(&entry.kind))
            {
                complain(&format!("{}: recursive directory loop", entry.path));
                return Ok(Outcome::Trouble);
            }
        }
        let mut names = BTreeSet::new();
        for entry in pair.iter().filter(|entry| entry.kind != Kind::Absent) {
            match entry.list() {
                Ok(listed) => names.extend(listed),
                Err(error) => {
                    complain(&path_error(&entry.path, &error));
                    return Ok(Outcome::Trouble);
                }
            }
        }
        names.retain(|name| {
            !self
                .options
                .exclude
                .iter()
                .any(|pattern| pattern.matches(name))
        });
        let mut outcome = Outcome::Same;
        self.around.push([old.kind.clone(), new.kind.clone()]);
        for name in names {
            outcome = outcome.max(self.name(pair, &name)?);
        }
        self.around.pop();
        Ok(outcome)
    }

    /// Compares one name in both directories.
    fn name(&mut self, directories: &[Entry; 2], name: &str) -> io::Result<Outcome> {
        let mut pair = Vec::new();
        for directory in directories {
            let path = directory.join(name);
            let found = if directory.kind == Kind::Absent {
                Ok(Entry::absent(path.clone()))
            } else {
                Entry::look_or_absent(path.clone(), self.options.links)
            };
            match found {
                Ok(entry) => pair.push(entry),
                Err(error) => complain(&path_error(&path, &error)),
            }
        }
        let Ok(pair) = <[Entry; 2]>::try_from(pair) else {
            return Ok(Outcome::Trouble);
        };
        let Some(missing) = pair.iter().position(|entry| entry.kind == Kind::Absent) else {
            return self.pair(pair);
        };
        let present = pair
            .iter()
            .zip(directories)
            .find(|(entry, _)| entry.kind != Kind::Absent);
        let Some((present, directory)) = present else {
            // It was listed and is gone.
            return Ok(Outcome::Same);
        };
        let is_compared = self.options.absent.counts_as_empty(missing)
            && (self.options.recursive || !present.kind.is_directory());
        if is_compared {
            return self.pair(pair);
        }
        writeln!(self.out, "Only in {}: {name}", directory.path)?;
        Ok(Outcome::Different)
    }

    /// Compares two files, of which one may be absent.
    fn files(&mut self, pair: &[Entry; 2]) -> io::Result<Outcome> {
        if pair.iter().all(|entry| entry.path == STDIN) {
            return self.same(pair);
        }
        let mut read = Vec::new();
        for Entry { path, kind } in pair {
            let side = match kind {
                Kind::Absent => Ok(Side::absent(path)),
                _ => Side::read(path),
            };
            match side {
                Ok(side) => read.push(side),
                Err(error) => complain(&path_error(path, &error)),
            }
        }
        let Ok([mut old, mut new]) = <[Side; 2]>::try_from(read) else {
            return Ok(Outcome::Trouble);
        };
        let is_same = old.text.is_same(&new.text);
        let is_binary = !self.options.text && (old.text.is_binary() || new.text.is_binary());
        if is_binary && !is_same {
            return self.different(
                pair,
                if self.options.brief {
                    "Files"
                } else {
                    "Binary files"
                },
            );
        }
        let is_shown_anyway = self.options.format.shows_same() && !self.options.brief;
        if is_same && !is_shown_anyway {
            return self.same(pair);
        }
        if self.options.ignored.trailing_cr {
            old.text.strip_carriage_returns();
            new.text.strip_carriage_returns();
        }
        let context = self.options.format.context();
        let changes = changes(&old.text, &new.text, self.options.ignored, context);
        let differ = changes.iter().any(|change| !change.ignored);
        if !differ && !is_shown_anyway {
            return self.same(pair);
        }
        if self.options.brief {
            return self.different(pair, "Files");
        }
        if !self.around.is_empty() {
            let [old, new] = self.shown(pair).map(quoted);
            writeln!(self.out, "diff{} {old} {new}", self.options.written)?;
        }
        let both = [&old, &new];
        match self.options.format {
            Format::Normal => normal::write(self.out, both, &changes, self.options)?,
            Format::Unified(lines) => {
                unified::write(self.out, both, &changes, lines, self.options)?;
            }
            Format::Context(lines) => {
                context::write(self.out, both, &changes, lines, self.options)?;
            }
            Format::SideBySide(columns) => {
                sides::write(self.out, both, &changes, columns, self.options)?;
            }
        }
        if differ {
            Ok(Outcome::Different)
        } else {
            self.same(pair)
        }
    }

    fn different(&mut self, pair: &[Entry; 2], files: &str) -> io::Result<Outcome> {
        let [old, new] = self.shown(pair);
        writeln!(self.out, "{files} {old} and {new} differ")?;
        Ok(Outcome::Different)
    }

    fn same(&mut self, pair: &[Entry; 2]) -> io::Result<Outcome> {
        if self.options.report_same {
            let [old, new] = self.shown(pair);
            writeln!(self.out, "Files {old} and {new} are identical")?;
        }
        Ok(Outcome::Same)
    }

    /// Returns the names of a pair as sentences have them.
    fn shown<'b>(&self, pair: &'b [Entry; 2]) -> [&'b str; 2]
    where
        'a: 'b,
    {
        let [old, new] = pair;
        [
            self.options.shown(0, &old.path),
            self.options.shown(1, &new.path),
        ]
    }
}
