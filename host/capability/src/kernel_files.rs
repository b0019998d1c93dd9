//! File systems by which the kernel shows itself: processes with their memory and environment,
//! devices, settings.
//!
//! Nothing in them is a file of somebody. Whoever reads `/proc` reads the host's environment and
//! memory, so no tool is given a directory of one, nor a directory in which one is mounted.
//! Terminals and message queues are mounted in every `/dev`, so that stays: they are refused when
//! they are opened.

use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fstatfs, open};

use crate::location::{MAX_MOUNTS, unescaped};

/// Numbers by which `statfs(2)` names them (`linux/magic.h`).
const KINDS: [u64; 21] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0xf97c_ff8c, // selinuxfs
    0x4341_5d53, // smackfs
    0x5a3c_69f0, // apparmorfs
    0x6573_5543, // fusectl
    0x4249_4e4d, // binfmt_misc
    0x6e73_6673, // nsfs
    0x6e66_7364, // nfsd
    0x6759_6969, // rpc_pipefs
    0x0765_5821, // resctrl
    0xabba_1974, // xenfs
];

/// Those of them that are mounted in every `/dev`.
const IN_DEV: [u64; 2] = [
    0x1cd1,      // devpts
    0x1980_0202, // mqueue
];

/// Returns true if the file or directory lies in a file system by which the kernel shows itself.
///
/// # Errors
///
/// The system does not say what file system it is.
pub fn is_of_the_kernel(file: impl AsFd) -> io::Result<bool> {
    let kind = kind(file)?;
    Ok(KINDS.contains(&kind) || IN_DEV.contains(&kind))
}

/// The number of a file system. Its type is another one on each architecture, and it has 32 bits.
#[allow(
    clippy::cast_sign_loss,
    clippy::unnecessary_cast,
    reason = "the low 32 bits are the number"
)]
fn kind(file: impl AsFd) -> io::Result<u64> {
    Ok(fstatfs(file)?.f_type as u64 & u64::from(u32::MAX))
}

/// Returns the path of such a file system: the directory itself, or the first one that is mounted
/// in it.
///
/// # Errors
///
/// The system does not say what file system the directory lies in, or what is mounted in it.
pub(crate) fn found_in(dir: impl AsFd) -> io::Result<Option<PathBuf>> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", dir.as_fd().as_raw_fd()))?;
    if is_of_the_kernel(dir)? {
        return Ok(Some(path));
    }
    let mut table = Vec::new();
    open_table()?.take(MAX_MOUNTS).read_to_end(&mut table)?;
    for row in table.split(|byte| *byte == b'\n') {
        // Id, parent, device, root, mount point: `proc_pid_mountinfo(5)`.
        let Some(point) = row.split(|byte| *byte == b' ').nth(4).map(unescaped) else {
            continue;
        };
        if point.starts_with(&path) && is_kernel_mount(&point) {
            return Ok(Some(point));
        }
    }
    Ok(None)
}

#[allow(
    clippy::disallowed_methods,
    reason = "a file of the kernel about this process, named by a constant"
)]
fn open_table() -> io::Result<std::fs::File> {
    std::fs::File::open("/proc/self/mountinfo")
}

fn is_kernel_mount(point: &Path) -> bool {
    // This user cannot reach what it cannot open, and no tool can.
    let Ok(opened) = open(point, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) else {
        return false;
    };
    // What cannot be told counts.
    kind(opened).map_or(true, |kind| KINDS.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &str) -> std::os::fd::OwnedFd {
        open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    #[test]
    fn files_of_the_kernel_are_recognized_under_every_name() {
        for path in [
            "/proc",
            "/proc/self",
            "/proc/self/environ",
            "/proc/self/root/proc",
            "/sys",
        ] {
            assert!(is_of_the_kernel(opened(path)).unwrap(), "{path}");
        }
        for path in ["/", "/proc/self/root/tmp", env!("CARGO_MANIFEST_DIR")] {
            assert!(!is_of_the_kernel(opened(path)).unwrap(), "{path}");
        }
    }

    #[test]
    fn what_is_mounted_in_a_directory_is_found() {
        assert!(found_in(opened("/proc/self/fd")).unwrap().is_some());
        assert!(found_in(opened("/")).unwrap().is_some());
        assert_eq!(found_in(opened(env!("CARGO_MANIFEST_DIR"))).unwrap(), None);
    }
}
