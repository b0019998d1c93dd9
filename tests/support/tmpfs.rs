//! A small disk of a test's own, to be filled. Only root can mount one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory; gone when it is dropped.
pub(crate) struct Tmpfs {
    path: PathBuf,
}

impl Tmpfs {
    /// Mounts one of so many KiB at `path`, or says why the test is skipped.
    pub(crate) fn mount(path: PathBuf, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(&path).expect("a mount point");
        let size = format!("size={kib}k,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self { path });
        }
        // Whoever is root can mount, or the test says nothing.
        let root = Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|output| output.stdout == b"0\n");
        assert!(!root, "root cannot mount a tmpfs: {mounted:?}");
        eprintln!("SKIPPED: mounting a tmpfs needs root");
        None
    }

    /// Takes all the room there is. The file that does can be removed.
    pub(crate) fn fill(&self) -> PathBuf {
        let path = self.path.join("ballast");
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .expect("a file");
        for size in [1 << 20, 4 << 10, 1] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
        path
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(&self.path)
            .status()
            .ok();
    }
}
