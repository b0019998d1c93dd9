//! Granted directories whose names lie in other ones that were granted, as mounts in a workspace
//! do.
//!
//! A guest's libc finds the directory for a path by the longest name that the path begins with. It
//! overlooks that `./notes` is `notes`, and programs that walk a tree open each directory from the
//! one above it. So the host looks for such names too, wherever a path begins.

use super::touched::is_shortened;

/// Directories inside others, the deeper ones first.
#[derive(Debug, Default)]
pub(super) struct Mounted(Vec<Mount>);

#[derive(Debug)]
struct Mount {
    /// Its path as guests see it.
    guest: String,
    /// The handle of its descriptor.
    descriptor: u32,
}

/// A place in such a directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MountedPath {
    /// The handle of the directory's descriptor.
    pub(super) descriptor: u32,
    /// The path from there.
    pub(super) path: String,
}

impl Mounted {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a directory whose descriptor stays open.
    pub(super) fn add(&mut self, guest: &str, descriptor: u32) {
        self.0.push(Mount {
            guest: guest.to_owned(),
            descriptor,
        });
        self.0
            .sort_by_key(|mount| std::cmp::Reverse(mount.guest.len()));
    }

    /// Returns the place that `path` means from the directory `from`, both as the guest writes
    /// them, where that is not in the directory that it would be looked for. `..` takes back the
    /// name before it; a link in its place is overlooked, as nothing is reached through it that the
    /// guest may not reach.
    pub(super) fn find(&self, from: &str, path: &str) -> Option<MountedPath> {
        // No mount lies where absolute paths lead from a descriptor, which is nowhere.
        if self.0.is_empty() || path.starts_with('/') || is_shortened(from) {
            return None;
        }
        let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        let whole = format!("/{}", parts.join("/"));
        let mount = self
            .0
            .iter()
            .find(|mount| below(&mount.guest, &whole).is_some())?;
        // It is open already.
        if below(&mount.guest, from).is_some() {
            return None;
        }
        Some(MountedPath {
            descriptor: mount.descriptor,
            path: below(&mount.guest, &whole)?.to_owned(),
        })
    }
}

/// The path of one place in another; `.` for the same.
pub(super) fn below<'a>(outer: &str, inner: &'a str) -> Option<&'a str> {
    match inner.strip_prefix(outer)? {
        "" => Some("."),
        rest => rest.strip_prefix('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_a_mount_is_found_from_everywhere() {
        let mut mounted = Mounted::default();
        mounted.add("/workspace/notes", 7);
        mounted.add("/workspace/notes/deep/er", 8);
        for (from, path, descriptor, expected) in [
            ("/workspace", "notes", 7, "."),
            ("/workspace", "./notes/a.txt", 7, "a.txt"),
            ("/workspace", "notes/../notes//a", 7, "a"),
            ("/workspace/other", "../notes/a", 7, "a"),
            ("/workspace", "notes/deep/er/x", 8, "x"),
            ("/workspace/notes", "deep/er", 8, "."),
            ("/workspace/notes/deep", "er/x", 8, "x"),
        ] {
            let found = mounted.find(from, path);
            let path = expected.to_owned();
            assert_eq!(
                found,
                Some(MountedPath { descriptor, path }),
                "{from} {expected}"
            );
        }
        for (from, path) in [
            ("/workspace", "notesx/a"),
            ("/workspace", "notes/../a"),
            ("/workspace", "."),
            ("/workspace/notes", "a"),
            ("/workspace/notes", "../other"),
            ("/workspace/notes/deep/er", "x"),
            ("/workspace", "/workspace/notes"),
        ] {
            assert_eq!(mounted.find(from, path), None, "{from} {path}");
        }
    }
}
