//! `etc` and `usr` of an agent's tree: a new revision of both is prepared beside them and switched
//! to as a whole.
//!
//! The revision counts from the moment when its directory is renamed to [`PREPARED`]. What remains
//! is done again from the beginning where a host was killed in the middle of it ([`finish`]),
//! before anything is read.

use std::io::{Error, ErrorKind, Read, Write};

use bytes::Bytes;
use cap_std::fs::{Dir, MetadataExt, OpenOptions, Permissions, PermissionsExt};

use crate::trees::DIRECTORIES;

/// The parts of a tree that a revision replaces.
const PARTS: [&str; 2] = ["etc", "usr"];

/// A revision that is being written. What a killed host left there is removed before the next one
/// is begun.
const PREPARING: &str = ".preparing";

/// A revision that is whole and on disk.
const PREPARED: &str = ".prepared";

/// The parts that it replaces, until they are removed.
const REPLACED: &str = ".replaced";

/// The directory of its tools.
pub(crate) const BINS: &str = "usr/bin/";

/// A file that a revision holds: its name in the tree, and its content.
type File = (String, Bytes);

/// The files of `etc` and `usr`, all of them.
#[derive(Debug, Default)]
pub(crate) struct Revision {
    files: Vec<File>,
    /// True if its tools were read from the tree that it is compared with.
    bins_are_of_tree: bool,
}

impl Revision {
    pub(crate) fn add(&mut self, name: impl Into<String>, content: impl Into<Bytes>) {
        self.files.push((name.into(), content.into()));
    }

    /// The same, whose tools were just read from the tree: megabytes that need not be compared with
    /// themselves.
    pub(crate) fn with_bins_of_tree(self) -> Self {
        Self {
            bins_are_of_tree: true,
            ..self
        }
    }

    /// Returns true if the tree holds these files and no others, so that nothing has to be written.
    pub(crate) fn is_in(&self, tree: &Dir) -> std::io::Result<bool> {
        let mut found = 0;
        let mut directories: Vec<_> = PARTS.iter().map(|&part| part.to_owned()).collect();
        while let Some(directory) = directories.pop() {
            for entry in tree.read_dir(&directory)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else {
                    return Ok(false);
                };
                let name = format!("{directory}/{name}");
                if entry.file_type()?.is_dir() {
                    directories.push(name);
                } else if self.holds(tree, &name)? {
                    found += 1;
                } else {
                    return Ok(false);
                }
            }
        }
        Ok(found == self.files.len())
    }

    /// Returns true if the file is a regular one of this revision, with its content.
    fn holds(&self, tree: &Dir, name: &str) -> std::io::Result<bool> {
        let Some((_, content)) = self.files.iter().find(|(other, _)| other == name) else {
            return Ok(false);
        };
        let metadata = tree.symlink_metadata(name)?;
        if !metadata.is_file()
            || metadata.len() != content.len() as u64
            || metadata.mode() & 0o777 != mode(name)
        {
            return Ok(false);
        }
        if self.bins_are_of_tree && name.starts_with(BINS) {
            return Ok(true);
        }
        let mut found = Vec::with_capacity(content.len());
        tree.open(name)?
            .take(content.len() as u64 + 1)
            .read_to_end(&mut found)?;
        Ok(found == *content)
    }

    /// Writes the revision beside the tree's parts. Where that fails, the tree stays as it was.
    pub(crate) fn prepare(&self, tree: &Dir) -> std::io::Result<()> {
        remove(tree, PREPARING)?;
        let prepared = self
            .write(tree)
            .and_then(|()| tree.rename(PREPARING, tree, PREPARED));
        if let Err(error) = prepared {
            // What stays is removed before the next one.
            let _ = remove(tree, PREPARING);
            return Err(error);
        }
        sync(tree, ".")
    }

    fn write(&self, tree: &Dir) -> std::io::Result<()> {
        let mut directories: Vec<String> = vec![PREPARING.to_owned()];
        let parts = DIRECTORIES.iter().filter(|name| {
            PARTS
                .iter()
                .any(|part| name.starts_with(&format!("{part}/")))
        });
        let parents = self
            .files
            .iter()
            .filter_map(|(name, _)| Some(name.rsplit_once('/')?.0));
        for name in parts.copied().chain(parents) {
            let mut path = PREPARING.to_owned();
            for part in name.split('/') {
                path = format!("{path}/{part}");
                if !directories.contains(&path) {
                    directories.push(path.clone());
                }
            }
        }
        directories
            .iter()
            .try_for_each(|directory| tree.create_dir(directory))?;
        // Room for what is replaced is made now, when the disk may still be full and nothing has
        // happened.
        tree.create_dir_all(REPLACED)?;
        for (name, content) in &self.files {
            let mut options = OpenOptions::new();
            let mut file = tree.open_with(
                format!("{PREPARING}/{name}"),
                options.write(true).create_new(true),
            )?;
            file.write_all(content)?;
            file.set_permissions(Permissions::from_mode(mode(name)))?;
            file.sync_all()?;
        }
        // The names must be on disk before the revision counts.
        directories
            .iter()
            .try_for_each(|directory| sync(tree, directory))
    }
}

/// The mode of a file: tools can be executed, as far as a runtime elsewhere asks.
fn mode(name: &str) -> u32 {
    if name.starts_with(BINS) { 0o755 } else { 0o644 }
}

/// Puts a prepared revision in its place, and removes what it replaced. It is no error when there
/// is none.
pub(crate) fn finish(tree: &Dir) -> std::io::Result<()> {
    if tree.exists(PREPARED) {
        for part in PARTS {
            let new = format!("{PREPARED}/{part}");
            if !tree.exists(&new) {
                continue;
            }
            if tree.exists(part) {
                let old = format!("{REPLACED}/{part}");
                tree.create_dir_all(REPLACED)?;
                remove(tree, &old)?;
                tree.rename(part, tree, &old)?;
            }
            tree.rename(&new, tree, part)?;
        }
        sync(tree, ".")?;
        remove(tree, PREPARED)?;
    }
    remove(tree, REPLACED)?;
    remove(tree, PREPARING)
}

/// Removes a prepared revision, which then does not count.
pub(crate) fn discard(tree: &Dir) -> std::io::Result<()> {
    // At once, so that none counts that is half removed.
    tree.rename(PREPARED, tree, PREPARING)?;
    remove(tree, PREPARING)
}

fn remove(tree: &Dir, name: &str) -> std::io::Result<()> {
    match tree.remove_dir_all(name) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::new(error.kind(), format!("{name}: {error}")))
        }
        _ => Ok(()),
    }
}

fn sync(tree: &Dir, directory: &str) -> std::io::Result<()> {
    tree.open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "a test's own directory")]
    fn tree(temporary: &tempfile::TempDir) -> Dir {
        let tree = Dir::open_ambient_dir(temporary.path(), cap_std::ambient_authority()).unwrap();
        DIRECTORIES
            .iter()
            .for_each(|name| tree.create_dir_all(name).unwrap());
        tree
    }

    fn revision(word: &str, bins: &[&str]) -> Revision {
        let mut revision = Revision::default();
        revision.add("etc/Agentfile", word.to_owned());
        revision.add("etc/data/bins/tool/USAGE.md", word.to_owned());
        bins.iter()
            .for_each(|bin| revision.add(format!("usr/bin/{bin}"), word.to_owned()));
        revision
    }

    #[test]
    fn a_revision_replaces_all_of_the_one_before() {
        let temporary = tempfile::tempdir().unwrap();
        let tree = tree(&temporary);
        for new in [
            revision("one", &["a", "b"]),
            revision("two", &["b"]),
            revision("two", &[]),
        ] {
            assert!(!new.is_in(&tree).unwrap());
            new.prepare(&tree).unwrap();
            finish(&tree).unwrap();
            assert!(new.is_in(&tree).unwrap());
        }
        let names = std::fs::read_dir(temporary.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert!(
            names
                .into_iter()
                .all(|name| !name.to_string_lossy().starts_with('.'))
        );
    }

    /// Every state in which a host can be killed between two steps leads to the new revision, or to
    /// the old one as it was.
    #[test]
    fn a_switch_that_was_cut_short_is_finished() {
        let old = revision("old", &["a", "b"]);
        let new = revision("new", &["b", "c"]);
        for steps in 0..6 {
            let temporary = tempfile::tempdir().unwrap();
            let tree = tree(&temporary);
            old.prepare(&tree).unwrap();
            finish(&tree).unwrap();
            new.prepare(&tree).unwrap();
            let moves = [
                ("etc", ".replaced/etc"),
                (".prepared/etc", "etc"),
                ("usr", ".replaced/usr"),
                (".prepared/usr", "usr"),
                (".prepared", ".removed"),
            ];
            moves
                .iter()
                .take(steps)
                .for_each(|(from, to)| tree.rename(from, &tree, to).unwrap());
            finish(&tree).unwrap();
            assert!(new.is_in(&tree).unwrap(), "after {steps} steps");
            finish(&tree).unwrap();
            assert!(new.is_in(&tree).unwrap());
        }
    }

    #[test]
    fn a_revision_that_is_half_written_does_not_count() {
        let temporary = tempfile::tempdir().unwrap();
        let tree = tree(&temporary);
        let old = revision("old", &["a"]);
        let new = revision("new", &["b"]);
        old.prepare(&tree).unwrap();
        finish(&tree).unwrap();
        new.write(&tree).unwrap();
        finish(&tree).unwrap();
        assert!(old.is_in(&tree).unwrap());
        new.prepare(&tree).unwrap();
        finish(&tree).unwrap();
        assert!(new.is_in(&tree).unwrap());
    }
}
