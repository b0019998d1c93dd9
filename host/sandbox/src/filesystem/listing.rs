//! Listings of directories: counted before they are read.
//!
//! wasmtime-wasi reads a directory whole, names and types, when the guest opens a listing. So it is read once without
//! keeping anything, up to what the call may still hold, and only a directory that fits is passed on. Between the two
//! another call can add entries, at most those that it may create.

use cofferdam_capability::Access;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DirectoryEntry, DirectoryEntryStream, HostDescriptor, HostDirectoryEntryStream,
};
use wasmtime_wasi::runtime::spawn_blocking;

use super::{FilesView, again};

impl FilesView<'_> {
    pub(super) async fn listing(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        self.touch(&fd, ".", Access::ReadOnly);
        let entries = match self.wasi.table.get(&fd)? {
            Descriptor::Dir(dir) => {
                let (dir, most) = (dir.dir.clone(), self.budget().listing_left());
                spawn_blocking(move || count(&dir, most.saturating_add(1))).await?
            }
            // wasmtime-wasi refuses it with the right code.
            Descriptor::File(_) => 0,
        };
        let listed = self.budget().list(entries)?;
        let listing = HostDescriptor::read_directory(&mut self.wasi, again(&fd)).await?;
        self.files.listings.insert(listing.rep(), listed);
        Ok(listing)
    }
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

/// The number of entries in a directory, counted up to `most`.
fn count(dir: &std::fs::File, most: u64) -> std::io::Result<u64> {
    let mut entries = 0;
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            entries += 1;
        }
        if entries >= most {
            break;
        }
    }
    Ok(entries)
}
