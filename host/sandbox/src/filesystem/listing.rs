//! Listings of directories: counted before they are read.
//!
//! wasmtime-wasi reads a directory whole, names and types, when the guest opens a listing. So it is
//! read once without keeping anything, up to what the call may still hold, and only a directory
//! that fits is passed on. Between the two another call can add entries, at most those that it may
//! create.

use cofferdam_capability::Access;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DirectoryEntry, DirectoryEntryStream, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::runtime::spawn_blocking;

use super::files::{FilesView, Listing, again};

/// Memory of one entry beyond its name, in bytes: its type, its place in the list, what the
/// allocator adds.
const ENTRY_OVERHEAD: usize = 96;

/// Opens a listing of a directory whose entries the call may hold.
pub(super) async fn open(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
) -> FsResult<Resource<DirectoryEntryStream>> {
    view.touch(&fd, ".", Access::ReadOnly);
    let counted = match view.wasi.table.get(&fd)? {
        Descriptor::Dir(dir) => {
            let dir = dir.dir.clone();
            let most = view.budget().listing_left();
            spawn_blocking(move || count(&dir, most.saturating_add(1))).await?
        }
        // wasmtime-wasi refuses it with the right code.
        Descriptor::File(_) => Counted::default(),
    };
    let _entries = view.budget().list(counted.entries)?;
    let _memory = view
        .files
        .account
        .hold("a listing", counted.bytes)
        .map_err(FsError::trap)?;
    let listing = HostDescriptor::read_directory(&mut view.wasi, again(&fd)).await?;
    view.files
        .listings
        .insert(listing.rep(), Listing { _entries, _memory });
    Ok(listing)
}

impl HostDirectoryEntryStream for FilesView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        HostDirectoryEntryStream::read_directory_entry(&mut self.wasi, stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.files.listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut self.wasi, stream)
    }
}

/// Entries of a directory, and the memory that a listing of them takes.
#[derive(Default)]
struct Counted {
    entries: u64,
    bytes: usize,
}

/// Counts the entries in a directory up to `most`.
fn count(dir: &std::fs::File, most: u64) -> std::io::Result<Counted> {
    let mut counted = Counted::default();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            counted.entries += 1;
            counted.bytes += name.len() + ENTRY_OVERHEAD;
        }
        if counted.entries >= most {
            break;
        }
    }
    Ok(counted)
}
