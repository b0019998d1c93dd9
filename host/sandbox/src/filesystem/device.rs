//! `/dev`: four names that every program knows, of which nothing is the host's.
//!
//! `null` is empty and takes everything; the others are the streams of the call itself. Nothing can
//! be made, renamed or removed here, and no path leads out. A device is in the resource table in
//! the place of a file of wasmtime-wasi, so a function that does not know it finds nothing.

use std::sync::Arc;

use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Filesize,
    MetadataHashValue, OpenFlags,
};
use wasmtime_wasi::p2::pipe::{ClosedInputStream, SinkOutputStream};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, StreamError};

use super::budget::Opened;
use crate::capture::Capture;
use crate::stdin::StandardInput;

/// The directory of the devices, as a guest sees it.
pub(super) const DIRECTORY: &str = "/dev";

/// The most that one read takes, in bytes (64 KiB), as of a file.
const MAX_READ: usize = 64 << 10;

/// The upper half of the hash of a device: no file of the host has it, because its two halves
/// belong to one another.
const HASH: u64 = 0x636f_6666_6572_6461;

/// The standard streams of a call.
#[derive(Clone)]
pub(crate) struct Standard {
    pub(crate) stdin: StandardInput,
    pub(crate) stdout: Capture,
    pub(crate) stderr: Capture,
}

/// A device, or the directory that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Device {
    Directory,
    Null,
    Stdin,
    Stdout,
    Stderr,
}

/// A device that the guest has open.
#[derive(Clone)]
pub(super) struct OpenDevice {
    device: Device,
    flags: DescriptorFlags,
    /// Its place among the open files; `/dev` itself takes none, as no granted directory does.
    opened: Option<Arc<Opened>>,
}

impl Device {
    const FILES: [(&str, Self); 4] = [
        ("null", Self::Null),
        ("stdin", Self::Stdin),
        ("stdout", Self::Stdout),
        ("stderr", Self::Stderr),
    ];

    /// Files, as those of Linux's `/proc`: of size 0, whatever can be read. Programs that are built
    /// for WASI know files, directories and links, and many refuse to read anything else.
    fn ty(self) -> DescriptorType {
        match self {
            Self::Directory => DescriptorType::Directory,
            _ => DescriptorType::RegularFile,
        }
    }

    pub(super) fn stat(self) -> DescriptorStat {
        DescriptorStat {
            type_: self.ty(),
            link_count: 1,
            size: 0,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        }
    }

    pub(super) fn hash(self) -> MetadataHashValue {
        MetadataHashValue {
            lower: self as u64,
            upper: HASH,
        }
    }
}

impl OpenDevice {
    /// `/dev` as a guest gets it.
    pub(super) fn directory() -> Self {
        Self {
            device: Device::Directory,
            flags: DescriptorFlags::READ,
            opened: None,
        }
    }

    /// Its place among the open files.
    pub(super) fn opened(&self) -> Option<Arc<Opened>> {
        self.opened.clone()
    }

    /// Opens the device at a path from this one, before it has a place among the open files.
    pub(super) fn opening(
        &self,
        path: &str,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Self, ErrorCode> {
        let creates = open_flags.contains(OpenFlags::CREATE);
        let device = match self.at(path) {
            Err(ErrorCode::NoEntry) if creates => return Err(ErrorCode::NotPermitted),
            found => found?,
        };
        if creates && open_flags.contains(OpenFlags::EXCLUSIVE) {
            return Err(ErrorCode::Exist);
        }
        let writes = flags.contains(DescriptorFlags::WRITE)
            || open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        match device {
            Device::Directory if writes => return Err(ErrorCode::IsDirectory),
            Device::Directory => {}
            _ if open_flags.contains(OpenFlags::DIRECTORY) => return Err(ErrorCode::NotDirectory),
            Device::Stdin if writes => return Err(ErrorCode::NotPermitted),
            _ => {}
        }
        let mut opened = flags & DescriptorFlags::READ;
        opened |= if writes {
            DescriptorFlags::WRITE
        } else {
            DescriptorFlags::READ
        };
        Ok(Self {
            device,
            flags: opened,
            opened: None,
        })
    }

    /// The same with a place among the open files.
    pub(super) fn counted(self, opened: Opened) -> Self {
        Self {
            opened: Some(Arc::new(opened)),
            ..self
        }
    }

    /// The device at a path from this one.
    pub(super) fn at(&self, path: &str) -> Result<Device, ErrorCode> {
        if path.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        if path.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        let mut found = self.device;
        for name in path.split('/') {
            if found != Device::Directory {
                return Err(ErrorCode::NotDirectory);
            }
            found = match name {
                "" | "." => found,
                ".." => return Err(ErrorCode::NotPermitted),
                name => {
                    let file = Device::FILES.into_iter().find(|(file, _)| *file == name);
                    file.ok_or(ErrorCode::NoEntry)?.1
                }
            };
        }
        Ok(found)
    }

    /// Refuses to change an entry of `/dev`, whatever is there.
    pub(super) fn unchanged<T>(&self, path: &str) -> FsResult<T> {
        Err(match self.at(path) {
            Err(ErrorCode::NotDirectory) => ErrorCode::NotDirectory,
            _ => ErrorCode::NotPermitted,
        }
        .into())
    }

    /// Refuses to make an entry.
    pub(super) fn not_made<T>(&self, path: &str) -> FsResult<T> {
        match self.at(path) {
            Ok(_) => Err(ErrorCode::Exist.into()),
            Err(_) => self.unchanged(path),
        }
    }

    /// The error for whoever reads the target of a link: there is none.
    pub(super) fn no_link<T>(&self, path: &str) -> FsResult<T> {
        let _ = self.at(path)?;
        Err(ErrorCode::Invalid.into())
    }

    /// The entries of `/dev`.
    pub(super) fn entries(&self) -> FsResult<Vec<DirectoryEntry>> {
        if self.device != Device::Directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        let entry = |(name, device): (&str, Device)| DirectoryEntry {
            type_: device.ty(),
            name: name.to_owned(),
        };
        Ok(Device::FILES.into_iter().map(entry).collect())
    }

    pub(super) fn device(&self) -> Device {
        self.device
    }

    pub(super) fn flags(&self) -> DescriptorFlags {
        self.flags
    }

    /// Gives it another size, which changes nothing.
    pub(super) fn set_size(&self) -> FsResult<()> {
        match self.device {
            Device::Null if self.flags.contains(DescriptorFlags::WRITE) => Ok(()),
            Device::Directory => Err(ErrorCode::IsDirectory.into()),
            _ => Err(ErrorCode::Invalid.into()),
        }
    }

    /// A stream that reads it.
    pub(super) fn input(&self, standard: &Standard) -> FsResult<DynInputStream> {
        if !self.flags.contains(DescriptorFlags::READ) {
            return Err(ErrorCode::BadDescriptor.into());
        }
        match self.device {
            Device::Directory => Err(ErrorCode::IsDirectory.into()),
            Device::Stdin => Ok(standard.stdin.p2_stream()),
            Device::Null => Ok(Box::new(ClosedInputStream)),
            Device::Stdout | Device::Stderr => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    /// A stream that writes to it.
    pub(super) fn output(&self, standard: &Standard) -> FsResult<DynOutputStream> {
        if !self.flags.contains(DescriptorFlags::WRITE) {
            return Err(ErrorCode::BadDescriptor.into());
        }
        match self.device {
            Device::Directory => Err(ErrorCode::IsDirectory.into()),
            Device::Stdout => Ok(standard.stdout.p2_stream()),
            Device::Stderr => Ok(standard.stderr.p2_stream()),
            Device::Null => Ok(Box::new(SinkOutputStream)),
            Device::Stdin => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    /// Reads what comes next; its place in a file means nothing here.
    pub(super) async fn read(
        &self,
        standard: &Standard,
        len: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let most = usize::try_from(len).unwrap_or(MAX_READ).min(MAX_READ);
        match self.input(standard)?.blocking_read(most).await {
            Ok(bytes) => Ok((bytes.into(), false)),
            Err(StreamError::Closed) => Ok((Vec::new(), true)),
            Err(StreamError::Trap(trap)) => Err(FsError::trap(trap)),
            Err(StreamError::LastOperationFailed(_)) => Err(ErrorCode::Io.into()),
        }
    }

    /// Writes all of it, wherever it was to go.
    pub(super) fn write(&self, standard: &Standard, bytes: Vec<u8>) -> FsResult<Filesize> {
        let len = bytes.len() as u64;
        match self.output(standard)?.write(bytes.into()) {
            Ok(()) => Ok(len),
            Err(StreamError::Trap(trap)) => Err(FsError::trap(trap)),
            Err(_) => Err(ErrorCode::Io.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_directory() {
        let dev = OpenDevice::directory();
        for (path, expected) in [
            (".", Ok(Device::Directory)),
            ("./", Ok(Device::Directory)),
            ("null", Ok(Device::Null)),
            (".//stdin", Ok(Device::Stdin)),
            ("", Err(ErrorCode::NoEntry)),
            ("zero", Err(ErrorCode::NoEntry)),
            ("nul", Err(ErrorCode::NoEntry)),
            ("null/", Err(ErrorCode::NotDirectory)),
            ("null/..", Err(ErrorCode::NotDirectory)),
            ("..", Err(ErrorCode::NotPermitted)),
            ("./../etc/passwd", Err(ErrorCode::NotPermitted)),
            ("/etc/passwd", Err(ErrorCode::NotPermitted)),
            ("/dev/null", Err(ErrorCode::NotPermitted)),
        ] {
            assert_eq!(dev.at(path), expected, "{path}");
        }
    }
}
