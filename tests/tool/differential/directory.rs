//! The working directory of a call: laid out the same for both programs, and read when they have
//! ended.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, lchown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::table::Files;

/// When files were modified unless their table says otherwise, in seconds of Unix time: 9 September
/// 2001, 01:46:40.
const MODIFIED: u64 = 1_000_000_000;

/// Everything below a directory, by path.
pub(super) type Tree = BTreeMap<String, Entry>;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Directory,
    File {
        content: Vec<u8>,
        modified: Option<SystemTime>,
    },
    Link {
        target: String,
    },
}

/// Makes the files in a directory that is there and empty.
pub(super) fn lay(directory: &Path, tables: [&Files; 2]) {
    for (name, file) in tables.into_iter().flatten() {
        let path = directory.join(name);
        let Some(file) = file else {
            assert!(
                name.ends_with('/'),
                "{name}: only a directory, with a / at its end, has no content"
            );
            fs::create_dir_all(&path).expect("a directory");
            continue;
        };
        fs::create_dir_all(path.parent().expect("below the directory")).expect("directories");
        match file.other().and_then(|other| other.link.as_ref()) {
            Some(target) => symlink(target, &path).expect("a link"),
            None => fs::write(&path, file.content()).expect("a file"),
        }
    }
    age(directory, "", tables);
}

/// Gives everything its time, what is inside before what it is in.
fn age(directory: &Path, name: &str, tables: [&Files; 2]) {
    for entry in fs::read_dir(directory.join(name)).expect("a directory") {
        let entry = entry.expect("an entry");
        let inner = format!(
            "{name}{}",
            entry.file_name().to_str().expect("tables are UTF-8")
        );
        let kind = entry.file_type().expect("a file");
        if kind.is_dir() {
            age(directory, &format!("{inner}/"), tables);
        } else if kind.is_file() {
            let told = tables
                .into_iter()
                .rev()
                .find_map(|files| files.get(&inner)?.as_ref()?.other()?.modified);
            give(&entry.path(), told.unwrap_or(MODIFIED));
        }
    }
    give(&directory.join(name), MODIFIED);
}

fn give(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    fs::File::open(path)
        .and_then(|file| file.set_modified(time))
        .expect("a file of ours");
}

/// Whether it was made by root.
pub(super) fn is_roots(directory: &Path) -> bool {
    directory.metadata().expect("a directory").uid() == 0
}

/// Gives a directory and all that is in it to a user and the group of the same number.
pub(super) fn give_away(directory: &Path, user: u32) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a file").is_dir() {
            give_away(&entry.path(), user);
        } else {
            lchown(entry.path(), Some(user), Some(user)).expect("only root gives away");
        }
    }
    lchown(directory, Some(user), Some(user)).expect("only root gives away");
}

/// What lies below the directory now.
pub(super) fn read(directory: &Path, times: bool) -> Tree {
    let mut tree = Tree::new();
    collect(directory, directory, times, &mut tree);
    tree
}

fn collect(top: &Path, directory: &Path, times: bool, tree: &mut Tree) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path
            .strip_prefix(top)
            .expect("below the top")
            .to_string_lossy()
            .into_owned();
        let metadata = path.symlink_metadata().expect("metadata");
        let entry = if metadata.is_dir() {
            collect(top, &path, times, tree);
            Entry::Directory
        } else if metadata.is_symlink() {
            Entry::Link {
                target: fs::read_link(&path)
                    .expect("a link")
                    .to_string_lossy()
                    .into_owned(),
            }
        } else {
            let modified = times.then(|| metadata.modified().expect("a time"));
            Entry::File {
                content: fs::read(&path).expect("a file"),
                modified,
            }
        };
        tree.insert(name, entry);
    }
}
