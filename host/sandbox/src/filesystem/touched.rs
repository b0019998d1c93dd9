//! Which directories a call looked into and which it changed, for its receipt.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cofferdam_capability::{Access, GuestPath};

/// Directories that are kept. A grant has fewer; only a guest that is granted `/` can name more.
const MAX_DIRECTORIES: usize = 64;

/// The longest name that is kept, in bytes: the longest that a file system knows (NAME_MAX of Linux).
const MAX_NAME: usize = 255;

/// What was touched, by granted directory; of a granted `/`, by the entry below it.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// The directory that each descriptor of the guest belongs to.
    places: HashMap<u32, Arc<str>>,
    directories: BTreeMap<String, Access>,
}

impl Touched {
    /// A granted directory, under the name by which the guest got it.
    pub(super) fn granted(&mut self, descriptor: u32, name: &str) {
        let working = GuestPath::working_directory();
        let place: Arc<str> = match name {
            "." => working.as_str().into(),
            absolute if absolute.starts_with('/') => absolute.into(),
            below => format!("{working}/{below}").into(),
        };
        self.places.insert(descriptor, place);
    }

    /// `path`, from the directory `descriptor`, was looked at or changed.
    pub(super) fn touch(&mut self, descriptor: u32, path: &str, access: Access) {
        let Some(place) = self.place(descriptor, path) else { return };
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
        if let Some(place) = self.place(descriptor, path) {
            self.places.insert(opened, place);
        }
    }

    pub(super) fn closed(&mut self, descriptor: u32) {
        self.places.remove(&descriptor);
    }

    pub(super) fn directories(&self) -> BTreeMap<String, Access> {
        self.directories.clone()
    }

    fn place(&self, descriptor: u32, path: &str) -> Option<Arc<str>> {
        let place = self.places.get(&descriptor)?;
        if &**place != "/" {
            return Some(Arc::clone(place));
        }
        let first = first_entry(path)?;
        Some(if first.is_empty() { Arc::clone(place) } else { format!("/{first}").into() })
    }
}

/// The first entry of a path from the root, as far as its words tell: what `..` takes back does not count. Empty for the
/// root itself, nothing for a name that no file system has.
fn first_entry(path: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut first = "";
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            name => {
                if depth == 0 {
                    first = name;
                }
                depth += 1;
            }
        }
    }
    match depth {
        0 => Some(""),
        _ => (first.len() <= MAX_NAME).then_some(first),
    }
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
        let expected =
            [("/data", Access::ReadWrite), ("/workspace", Access::ReadOnly), ("/workspace/notes", Access::ReadOnly)];
        assert_eq!(touched.directories(), expected.map(|(path, access)| (path.to_owned(), access)).into());
    }

    #[test]
    fn of_the_root_the_first_entry_counts() {
        let mut touched = Touched::default();
        touched.granted(1, "/");
        for (path, expected) in
            [("etc/passwd", "/etc"), ("a/../../b/c", "/b"), ("./x", "/x"), (".", "/"), ("a/..", "/"), ("a/../b", "/b")]
        {
            touched.directories.clear();
            touched.touch(1, path, Access::ReadOnly);
            assert_eq!(touched.directories().into_keys().collect::<Vec<_>>(), [expected], "{path}");
        }
        touched.opened(1, "etc", 2);
        touched.touch(2, "ssl", Access::ReadWrite);
        assert_eq!(touched.directories().get("/etc"), Some(&Access::ReadWrite));
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
