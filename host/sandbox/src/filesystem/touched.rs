//! The directories that a call looked into and those that it changed, for its receipt, and under
//! which names it knows files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cofferdam_capability::{Access, GuestPath};

use super::budget::Area;

/// Directories that are kept. A grant has fewer; only a guest that is granted `/` can name more.
const MAX_DIRECTORIES: usize = 64;

/// The longest name that is kept, in bytes: the longest that a file system knows (NAME_MAX of
/// Linux).
const MAX_NAME: usize = 255;

/// The longest path that is kept, in bytes; of a longer one its beginning and its end. A receipt
/// has a hundred of them at most.
const MAX_PATH: usize = 512;

/// The place of what is left out of a longer path. No path that is kept has two slashes in a row.
const LEFT_OUT: &str = "//…//";

/// Bytes of a longer path that are kept at its end: a whole name, whatever its length, with its
/// slash.
const KEPT_END: usize = MAX_NAME + 1;

/// Bytes of a longer path that are kept at its beginning.
const KEPT_BEGINNING: usize = MAX_PATH - LEFT_OUT.len() - KEPT_END;

/// Access to each granted directory that was touched; of a granted `/`, by the entry below it.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// The file or directory behind each descriptor of the guest.
    places: HashMap<u32, TouchedPath>,
    directories: BTreeMap<String, Access>,
    /// Granted directories whose files stay and have a room of their own.
    kept: BTreeSet<String>,
}

/// A file or directory that the guest has open.
#[derive(Debug, Clone)]
struct TouchedPath {
    /// The granted directory that it belongs to.
    directory: Arc<str>,
    /// Its path when it was opened.
    path: Arc<str>,
    area: Area,
}

impl Touched {
    /// Of a call in which these directories have a room of their own.
    pub(super) fn new(kept: BTreeSet<String>) -> Self {
        Self {
            kept,
            ..Self::default()
        }
    }

    /// A granted directory, under the name by which the guest got it.
    pub(super) fn granted(&mut self, descriptor: u32, name: &str) {
        let directory: Arc<str> = guest_path(name).into();
        // Nobody can offer a directory there, so it is the call's own.
        let area = if *directory == *GuestPath::scratch().as_str() {
            Area::Scratch
        } else if self.kept.contains(&*directory) {
            Area::Kept
        } else {
            Area::Granted
        };
        self.places.insert(
            descriptor,
            TouchedPath {
                path: Arc::clone(&directory),
                directory,
                area,
            },
        );
    }

    /// `path`, from the directory `descriptor`, was looked at or changed.
    pub(super) fn touch(&mut self, descriptor: u32, path: &str, access: Access) {
        let Some(place) = self.directory(descriptor, path) else {
            return;
        };
        let room = self.directories.len() < MAX_DIRECTORIES;
        match self.directories.get_mut(&*place) {
            Some(before) => *before = access.max(*before),
            None if room => {
                self.directories.insert(place.to_string(), access);
            }
            None => {}
        }
    }

    /// `path` was opened from `descriptor`, and is now `opened`.
    pub(super) fn opened(&mut self, descriptor: u32, path: &str, opened: u32) {
        if let Some(directory) = self.directory(descriptor, path) {
            let path = self.path(descriptor, path).into();
            let area = self.area(descriptor);
            self.places.insert(
                opened,
                TouchedPath {
                    directory,
                    path,
                    area,
                },
            );
        }
    }

    /// The path of an open file or directory, when it was opened.
    pub(super) fn path_of(&self, descriptor: u32) -> String {
        self.path(descriptor, "")
    }

    /// `path`, from the directory `descriptor`, as the guest would write it from the root.
    pub(super) fn path(&self, descriptor: u32, path: &str) -> String {
        joined(
            self.places.get(&descriptor).map_or("", |place| &place.path),
            path,
        )
    }

    /// The path of a file or directory that is open, if it is known.
    pub(super) fn known_path(&self, descriptor: u32) -> Option<&str> {
        self.places.get(&descriptor).map(|place| &*place.path)
    }

    /// The area in which the file or directory lies.
    pub(super) fn area(&self, descriptor: u32) -> Area {
        self.places
            .get(&descriptor)
            .map_or(Area::Granted, |place| place.area)
    }

    pub(super) fn closed(&mut self, descriptor: u32) {
        self.places.remove(&descriptor);
    }

    pub(super) fn directories(&self) -> BTreeMap<String, Access> {
        self.directories.clone()
    }

    fn directory(&self, descriptor: u32, path: &str) -> Option<Arc<str>> {
        let directory = &self.places.get(&descriptor)?.directory;
        if &**directory != "/" {
            return Some(Arc::clone(directory));
        }
        let first = first_entry(path)?;
        Some(if first.is_empty() {
            Arc::clone(directory)
        } else {
            format!("/{first}").into()
        })
    }
}

/// The path from the root of a directory that was granted under this name.
pub(super) fn guest_path(name: &str) -> String {
    let working = GuestPath::working_directory();
    match name {
        "." => working.to_string(),
        absolute if absolute.starts_with('/') => absolute.to_owned(),
        below => format!("{working}/{below}"),
    }
}

/// A path from another one, as the guest wrote it. `..` stays, because only the kernel knows what
/// lies above a link. What is longer than is kept loses its middle.
fn joined(base: &str, path: &str) -> String {
    let mut joined = base.trim_end_matches('/').to_owned();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            name => {
                joined.push('/');
                joined.push_str(name);
            }
        }
    }
    if joined.is_empty() {
        return "/".to_owned();
    }
    shortened(joined)
}

/// Leaves out the middle of a path that is longer than is kept. Its end says which entry was
/// changed.
fn shortened(path: String) -> String {
    if path.len() <= MAX_PATH {
        return path;
    }
    let (beginning, _) = path.split_at(path.floor_char_boundary(KEPT_BEGINNING));
    let (_, end) = path.split_at(path.ceil_char_boundary(path.len() - KEPT_END));
    [beginning, LEFT_OUT, end].concat()
}

/// Returns true for a path of which the middle was left out.
pub(super) fn is_shortened(path: &str) -> bool {
    path.contains(LEFT_OUT)
}

/// The first entry of a path from the root. Empty for the root itself and for a path with `..`,
/// which a link leads elsewhere than its words say; nothing for a name that no file system has.
fn first_entry(path: &str) -> Option<&str> {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    if parts.clone().any(|part| part == "..") {
        return Some("");
    }
    let first = parts.next().unwrap_or_default();
    (first.len() <= MAX_NAME).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_told_by_granted_directory() {
        let mut touched = Touched::default();
        touched.granted(1, "/data");
        touched.granted(2, ".");
        touched.granted(3, "notes");
        touched.touch(1, "a/b", Access::ReadOnly);
        touched.opened(1, "a", 4);
        touched.touch(4, "b", Access::ReadWrite);
        touched.touch(4, "b", Access::ReadOnly);
        touched.touch(2, "../x", Access::ReadOnly);
        touched.touch(3, ".", Access::ReadOnly);
        touched.closed(4);
        touched.touch(4, "gone", Access::ReadWrite);
        let expected = [
            ("/data", Access::ReadWrite),
            ("/workspace", Access::ReadOnly),
            ("/workspace/notes", Access::ReadOnly),
        ];
        assert_eq!(
            touched.directories(),
            expected
                .map(|(path, access)| (path.to_owned(), access))
                .into()
        );
    }

    #[test]
    fn of_the_root_the_first_entry_counts() {
        let mut touched = Touched::default();
        touched.granted(1, "/");
        for (path, expected) in [
            ("etc/passwd", "/etc"),
            ("a/../../b/c", "/"),
            ("./x", "/x"),
            (".", "/"),
            ("a/..", "/"),
            ("a/../b", "/"),
        ] {
            touched.directories.clear();
            touched.touch(1, path, Access::ReadOnly);
            assert_eq!(
                touched.directories().into_keys().collect::<Vec<_>>(),
                [expected],
                "{path}"
            );
        }
        touched.opened(1, "etc", 2);
        touched.touch(2, "ssl", Access::ReadWrite);
        assert_eq!(touched.directories().get("/etc"), Some(&Access::ReadWrite));
    }

    #[test]
    fn files_go_by_their_paths_from_the_root() {
        let mut touched = Touched::default();
        touched.granted(1, ".");
        touched.granted(2, "/");
        touched.granted(3, "/tmp");
        touched.opened(1, "a/./b", 4);
        touched.opened(3, "x", 5);
        for (descriptor, path, expected) in [
            (1, "c", "/workspace/c"),
            (4, "../c", "/workspace/a/b/../c"),
            (4, "", "/workspace/a/b"),
            (2, "etc//x/", "/etc/x"),
            (2, "..", "/.."),
            (1, "link/../c", "/workspace/link/../c"),
            (5, "y", "/tmp/x/y"),
            (9, "y", "/y"),
        ] {
            assert_eq!(touched.path(descriptor, path), expected);
        }
        assert!(touched.path(1, &"ä".repeat(4_096)).len() <= MAX_PATH);
        assert_eq!(
            (touched.area(4), touched.area(5)),
            (Area::Granted, Area::Scratch)
        );
        // The name of another directory, below a granted root.
        touched.opened(2, "tmp/x", 6);
        assert_eq!(touched.area(6), Area::Granted);
    }

    #[test]
    fn a_long_path_keeps_its_last_name() {
        let mut touched = Touched::default();
        touched.granted(1, ".");
        let name = "ä".repeat(127);
        let long = touched.path(1, &format!("{}{name}", "d/../".repeat(150)));
        assert!(long.starts_with("/workspace/d/../d/"), "{long}");
        assert!(long.ends_with(&format!("/{name}")), "{long}");
        assert_eq!(long.matches(LEFT_OUT).count(), 1, "{long}");
        // From a directory that was opened by a long path.
        touched.opened(1, &"d/../".repeat(150), 2);
        let longer = touched.path(2, &format!("{}/secret.txt", "e/..".repeat(150)));
        assert!(longer.ends_with("/secret.txt"), "{longer}");
        assert!(longer.len() <= MAX_PATH, "{longer}");
    }

    #[test]
    fn a_guest_cannot_fill_the_receipt() {
        let mut touched = Touched::default();
        touched.granted(1, "/");
        for number in 0..1_000 {
            touched.touch(1, &number.to_string(), Access::ReadOnly);
        }
        touched.touch(1, &"n".repeat(256), Access::ReadOnly);
        assert_eq!(touched.directories().len(), MAX_DIRECTORIES);
    }
}
