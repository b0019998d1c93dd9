//! `-x`: unpacks members, each below the directory it is unpacked into.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cofferdam_command::{Complaints, Output, Stop, path_error};
use tar::{Entry, EntryType};

use crate::args::Args;

/// A run of `-x`.
pub(crate) struct Extraction<'a> {
    pub(crate) args: &'a Args,
    pub(crate) complaints: &'a Complaints,
    /// Directories and their times, which are set when nothing more goes into them.
    pub(crate) directories: Vec<(PathBuf, SystemTime)>,
    /// Links that lead upwards, with their targets. They come last, so that no member is written
    /// through one: with others, they could lead out of the directory.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    pub(crate) failed: bool,
}

impl Extraction<'_> {
    fn complain(&mut self, sentence: &str) {
        self.complaints.say(sentence);
        self.failed = true;
    }

    /// Unpacks a member.
    pub(crate) fn member(
        &mut self,
        out: &mut Output,
        name: &str,
        entry: &mut Entry<'_, impl Read>,
    ) -> Result<(), Stop> {
        let kind = entry.header().entry_type();
        if self.args.to_stdout {
            if kind.is_file() {
                io::copy(entry, out)?;
            }
            return Ok(());
        }
        let Some(inside) = self.inside(name) else {
            return Ok(());
        };
        if inside.as_os_str().is_empty() {
            return Ok(());
        }
        let path = self.args.directory.join(&inside);
        if let Err(error) = self.put(&path, &inside, kind, entry) {
            self.complain(&path_error(name, &error));
        }
        Ok(())
    }

    /// The path below the directory, after `--strip-components`; `None` if it would leave.
    fn inside(&mut self, name: &str) -> Option<PathBuf> {
        if name.split('/').any(|part| part == "..") {
            self.complain(&format!("{name}: Member name contains '..'; not unpacked"));
            return None;
        }
        // A leading `/` is left out. A dot is a part that can be stripped, and says nothing.
        let parts = parts(name).skip(self.args.strip);
        Some(parts.filter(|part| *part != ".").collect())
    }

    fn put(
        &mut self,
        path: &Path,
        inside: &Path,
        kind: EntryType,
        entry: &mut Entry<'_, impl Read>,
    ) -> io::Result<()> {
        let modified = UNIX_EPOCH + Duration::from_secs(entry.header().mtime().unwrap_or(0));
        if kind.is_dir() {
            fs::create_dir_all(path)?;
            self.directories.push((path.to_owned(), modified));
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let there = fs::symlink_metadata(path);
        if there.is_ok() && self.args.keep {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "Cannot open: File exists",
            ));
        }
        if there.as_ref().is_ok_and(|there| !there.is_dir()) {
            // A link that is there must not lead the new file elsewhere.
            fs::remove_file(path)?;
        }
        match kind {
            EntryType::Symlink => {
                let target = entry.link_name()?.unwrap_or_default().into_owned();
                if leaves(inside, &target) {
                    return Err(io::Error::other(format!(
                        "a link to {} would leave the directory; not unpacked",
                        target.display()
                    )));
                }
                if target.components().any(|part| part == Component::ParentDir) {
                    self.links.push((path.to_owned(), target));
                    return Ok(());
                }
                Ok(rustix::fs::symlink(&target, path)?)
            }
            EntryType::Link => {
                let target = entry.link_name()?.unwrap_or_default().into_owned();
                let name = target.to_string_lossy().into_owned();
                let Some(target) = self.inside(&name) else {
                    return Ok(());
                };
                // Files have one name here, so the second one is a copy.
                fs::copy(self.args.directory.join(target), path).map(drop)
            }
            kind if kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse() => {
                let mut file = File::create(path)?;
                io::copy(entry, &mut file)?;
                file.flush()?;
                if !self.args.touch {
                    // A file system that keeps no times is no reason to fail.
                    file.set_times(FileTimes::new().set_modified(modified)).ok();
                }
                Ok(())
            }
            _ => Err(io::Error::other("devices and pipes are not unpacked here")),
        }
    }

    /// Sets what could only be set at the end.
    pub(crate) fn finish(&mut self) {
        for (path, target) in std::mem::take(&mut self.links) {
            if let Err(error) = rustix::fs::symlink(&target, &path) {
                self.complain(&path_error(&path.display().to_string(), &error.into()));
            }
        }
        if self.args.touch {
            return;
        }
        for (path, modified) in std::mem::take(&mut self.directories).into_iter().rev() {
            if let Ok(directory) = File::open(path) {
                directory
                    .set_times(FileTimes::new().set_modified(modified))
                    .ok();
            }
        }
    }
}

/// Returns the parts of a member's name.
pub(crate) fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split('/').filter(|part| !part.is_empty())
}

/// Returns true if a link would lead out of the directory it is unpacked into.
fn leaves(inside: &Path, target: &Path) -> bool {
    let mut depth = inside.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return true,
        }
    }
    false
}
