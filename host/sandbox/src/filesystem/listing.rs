//! Listings of directories: read here, entry by entry, as far as the call may hold them.
//!
//! wasmtime-wasi would read a directory whole, before anything could be counted, and its listing
//! has an error in the place of a name that is not UTF-8, at which guests stop. WASI has no way to
//! say such a name: its entry is left out, and the receipt tells it.

use std::os::fd::AsFd;
use std::sync::Arc;

use cofferdam_capability::{Access, Account, Charge};
use rustix::fs::{AtFlags, DirEntry, FileType, Mode, OFlags};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorType, DirectoryEntry, DirectoryEntryStream, ErrorCode, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::runtime::spawn_blocking;

use super::budget::{FileBudget, Listed};
use super::changes::MAX_NAMES;
use super::files::FilesView;

/// Memory of one entry beyond its name, in bytes: its type, its place in the list, what the
/// allocator adds.
const ENTRY_OVERHEAD: usize = 96;

/// An open listing. It is in the resource table in the place of wasmtime-wasi's own.
struct Listing {
    entries: std::vec::IntoIter<DirectoryEntry>,
    _entries: Listed,
    _memory: Charge,
}

/// A directory as it was read.
struct Read {
    listing: Listing,
    /// The number of entries whose names are not UTF-8, and the first of these names.
    unlisted: u64,
    names: Vec<String>,
}

/// Opens a listing of a directory whose entries the call may hold.
pub(super) async fn open(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
) -> FsResult<Resource<DirectoryEntryStream>> {
    let budget = Arc::clone(view.budget());
    let account = view.files.account.clone();
    if let Some(device) = view.device(&fd) {
        let listing = collect(device.entries()?, &budget, &account)?;
        return push(view, listing);
    }
    view.touch(&fd, ".", Access::ReadOnly);
    let dir = match view.wasi.table.get(&fd)? {
        Descriptor::Dir(dir) => Arc::clone(&dir.dir),
        Descriptor::File(_) => return Err(ErrorCode::NotDirectory.into()),
    };
    let Read {
        listing,
        unlisted,
        names,
    } = spawn_blocking(move || read(&dir, &budget, &account)).await?;
    let names = names.iter().map(|name| view.path(&fd, name)).collect();
    view.files.changes.unlisted(unlisted, names);
    push(view, listing)
}

fn push(view: &mut FilesView<'_>, listing: Listing) -> FsResult<Resource<DirectoryEntryStream>> {
    let listing = view.wasi.table.push(listing)?;
    Ok(Resource::new_own(listing.rep()))
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let listing = Resource::<Listing>::new_borrow(stream.rep());
        Ok(self.wasi.table.get_mut(&listing)?.entries.next())
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        let listing = Resource::<Listing>::new_own(stream.rep());
        self.wasi.table.delete(listing)?;
        Ok(())
    }
}

/// Makes a listing of entries that are known.
fn collect(
    entries: Vec<DirectoryEntry>,
    budget: &Arc<FileBudget>,
    account: &Account,
) -> FsResult<Listing> {
    let mut listed = budget.list();
    let mut memory = account.hold("a listing", 0).map_err(FsError::trap)?;
    for entry in &entries {
        admit(&mut listed, &mut memory, entry.name.len())?;
    }
    Ok(Listing {
        entries: entries.into_iter(),
        _entries: listed,
        _memory: memory,
    })
}

/// Counts one more entry before it is held.
fn admit(listed: &mut Listed, memory: &mut Charge, name: usize) -> FsResult<()> {
    listed.one_more()?;
    memory
        .grow("a listing", name.saturating_add(ENTRY_OVERHEAD))
        .map_err(FsError::trap)
}

/// Reads a directory, each entry counted before it is held.
fn read(dir: &std::fs::File, budget: &Arc<FileBudget>, account: &Account) -> FsResult<Read> {
    let mut listed = budget.list();
    let mut memory = account.hold("a listing", 0).map_err(FsError::trap)?;
    let mut entries = Vec::new();
    let mut unlisted = 0_u64;
    let mut names = Vec::new();
    // A granted directory is open as a place alone (`O_PATH`), and cannot be read itself.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let readable = rustix::fs::openat(dir, c".", flags, Mode::empty()).map_err(of_system)?;
    for entry in rustix::fs::Dir::new(readable).map_err(of_system)? {
        let entry = entry.map_err(of_system)?;
        let bytes = entry.file_name().to_bytes();
        if matches!(bytes, b"." | b"..") {
            continue;
        }
        let Ok(name) = std::str::from_utf8(bytes) else {
            unlisted = unlisted.saturating_add(1);
            if names.len() < MAX_NAMES {
                names.push(escaped(bytes));
            }
            continue;
        };
        let Some(type_) = type_of(dir, &entry) else {
            continue;
        };
        admit(&mut listed, &mut memory, name.len())?;
        let name = name.to_owned();
        entries.push(DirectoryEntry { type_, name });
    }
    Ok(Read {
        listing: Listing {
            entries: entries.into_iter(),
            _entries: listed,
            _memory: memory,
        },
        unlisted,
        names,
    })
}

fn of_system(error: rustix::io::Errno) -> FsError {
    std::io::Error::from(error).into()
}

/// The type of an entry, as `stat` says it; nothing for one that has gone meanwhile. Not every file
/// system knows it without being asked for each.
fn type_of(dir: impl AsFd, entry: &DirEntry) -> Option<DescriptorType> {
    let of = match entry.file_type() {
        FileType::Unknown => {
            let stat = rustix::fs::statat(dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW);
            FileType::from_raw_mode(stat.ok()?.st_mode)
        }
        known => known,
    };
    Some(match of {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::Fifo | FileType::Socket | FileType::Unknown => DescriptorType::Unknown,
    })
}

/// A name with the bytes that are not UTF-8 as `\xff`.
fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_utf8_can_be_read() {
        assert_eq!(escaped(b"caf\xe9-\xff.txt"), "caf\\xe9-\\xff.txt");
    }
}
