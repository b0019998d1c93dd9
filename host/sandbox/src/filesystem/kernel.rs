//! Opened files in whose file system the kernel shows itself, such as one of `/proc` that was
//! mounted in a granted directory after the grant.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use cofferdam_capability::is_of_the_kernel;

/// Devices that are kept. A call opens files of one or two; others are looked at each time.
const MAX_DEVICES: usize = 16;

/// Devices with ordinary files that a call has opened something of, so that each is looked at once:
/// on a network the question goes to the server.
#[derive(Debug, Default)]
pub(super) struct Devices(Vec<u64>);

impl Devices {
    /// Returns true if an opened file or directory is one by which the kernel shows itself, or if
    /// that cannot be known.
    pub(super) fn are_of_the_kernel(&mut self, opened: &File) -> bool {
        let Ok(device) = opened.metadata().map(|metadata| metadata.dev()) else {
            return true;
        };
        if self.0.contains(&device) {
            return false;
        }
        if is_of_the_kernel(opened).unwrap_or(true) {
            return true;
        }
        if self.0.len() < MAX_DEVICES {
            self.0.push(device);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opened_file_of_the_kernel_is_recognized_beside_others() {
        let mut devices = Devices::default();
        let kernel = |devices: &mut Devices, path: &str| {
            devices.are_of_the_kernel(&File::open(path).unwrap())
        };
        for _ in 0..2 {
            assert!(!kernel(&mut devices, env!("CARGO_MANIFEST_DIR")));
            for path in ["/proc", "/proc/self/environ", "/sys"] {
                assert!(kernel(&mut devices, path), "{path}");
            }
        }
        assert_eq!(devices.0.len(), 1);
    }
}
