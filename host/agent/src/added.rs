//! Files that an agent's author adds, as tools see them in `/etc/data`.
//!
//! Their tools have that directory open, and `etc` is replaced as a whole when anything in it
//! changes. So the files lie a second time in a directory that is named for them and that never
//! changes: `.data/<digest>`.

use std::io::{Result, Write};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions, Permissions, PermissionsExt};
use cofferdam_capability::Digester;

/// The directory of these directories. No tool sees it.
const DATA: &str = ".data";

/// The beginning of the name of one that is being written.
const INCOMING: &str = "incoming-";

/// Directories that are kept: the one in use, and the one before, in which calls may still read.
const KEPT: usize = 2;

/// A file that was added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddedFile<'a> {
    /// The name, without a directory.
    pub(crate) name: &'a str,
    pub(crate) content: &'a [u8],
}

/// Opens the directory of these files, and writes it if it is not there.
pub(crate) fn directory(tree: &Dir, files: &[AddedFile<'_>]) -> Result<Dir> {
    tree.create_dir_all(DATA)?;
    let data = tree.open_dir(DATA)?;
    let name = name_of(files);
    if !data.exists(&name) {
        write(&data, &name, files)?;
        remove_others(&data, &name)?;
    }
    data.open_dir(&name)
}

/// The path of the directory of these files in the tree.
pub(crate) fn path(files: &[AddedFile<'_>]) -> PathBuf {
    Path::new(DATA).join(name_of(files))
}

/// Names the files and what is in them.
fn name_of(files: &[AddedFile<'_>]) -> String {
    let mut digester = Digester::default();
    for AddedFile { name, content } in files {
        let head = format!("{name}\n{}\n", content.len());
        digester.update(head.as_bytes());
        digester.update(content);
    }
    digester.finish().hex().to_string()
}

/// Writes a directory beside the others, which gets its name when it is whole.
fn write(data: &Dir, name: &str, files: &[AddedFile<'_>]) -> Result<()> {
    let incoming = format!("{INCOMING}{}", uuid::Uuid::new_v4());
    data.create_dir(&incoming)?;
    let written = data.open_dir(&incoming).and_then(|directory| {
        for AddedFile { name, content } in files {
            let mut options = OpenOptions::new();
            let mut file = directory.open_with(name, options.write(true).create_new(true))?;
            file.write_all(content)?;
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.sync_all()?;
        }
        // A directory that is open to look names up is not open to be written to disk.
        directory.open(".")?.sync_all()?;
        data.rename(&incoming, data, name)
    });
    // Somebody else may have written the same at the same time.
    if written.is_err() {
        let _ = data.remove_dir_all(&incoming);
        if data.exists(name) {
            return Ok(());
        }
    }
    written
}

/// Removes all but the newest directories, and what a killed host left.
fn remove_others(data: &Dir, name: &str) -> Result<()> {
    let mut others = Vec::new();
    for entry in data.entries()? {
        let entry = entry?;
        let Ok(other) = entry.file_name().into_string() else {
            continue;
        };
        if other != name {
            let is_left = other.starts_with(INCOMING);
            let age = entry.metadata().and_then(|metadata| metadata.modified());
            others.push((!is_left, age.ok().map(|age| age.into_std()), other));
        }
    }
    others.sort();
    others.truncate(others.len().saturating_sub(KEPT - 1));
    others
        .iter()
        .try_for_each(|(.., other)| data.remove_dir_all(other))
}
