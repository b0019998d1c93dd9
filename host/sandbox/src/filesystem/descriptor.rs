//! Files and directories: opened, written, created within the budget. What costs nothing is passed
//! on as it is.

use std::sync::Arc;

use cofferdam_capability::Access;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::files::{FilesView, again};
use super::listing;
use super::stream::{self, gap};

impl HostDescriptor for FilesView<'_> {
    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let changes = open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let changes = changes || flags.contains(DescriptorFlags::WRITE);
        self.touch(
            &fd,
            &path,
            if changes {
                Access::ReadWrite
            } else {
                Access::ReadOnly
            },
        );
        let size = size(self, &fd, path_flags, &path).await?;
        let opened = self.budget().open()?;
        let creates = open_flags.contains(OpenFlags::CREATE) && size.is_none();
        let area = self.area(&fd);
        if creates {
            self.charge_entry(area)?;
        }
        let descriptor = HostDescriptor::open_at(
            &mut self.wasi,
            again(&fd),
            path_flags,
            path.clone(),
            open_flags,
            flags,
        )
        .await;
        let descriptor = if creates {
            self.created(area, descriptor)?
        } else {
            descriptor?
        };
        let descriptor = refuse_kernel(self, descriptor)?;
        if open_flags.contains(OpenFlags::TRUNCATE) && size.is_some_and(|size| size > 0) {
            let path = self.path(&fd, &path);
            self.files.changes.truncated(path);
        }
        self.budget().was_opened();
        self.files.touched.opened(fd.rep(), &path, descriptor.rep());
        self.files.opened.insert(descriptor.rep(), Arc::new(opened));
        Ok(descriptor)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.files.opened.remove(&fd.rep());
        self.files.touched.closed(fd.rep());
        HostDescriptor::drop(&mut self.wasi, fd)
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let file = self.file(&fd)?;
        let grows = file.as_ref().map_or(0, |file| gap(file, size));
        let shrinks =
            file.is_some_and(|file| file.metadata().is_ok_and(|metadata| size < metadata.len()));
        let area = self.area(&fd);
        let path = self.files.touched.path_of(fd.rep());
        self.budget().write(area, grows)?;
        let result = HostDescriptor::set_size(&mut self.wasi, fd, size).await;
        match result {
            Ok(()) if shrinks => self.files.changes.truncated(path),
            Ok(()) => {}
            Err(_) => self.budget().not_written(area, grows),
        }
        result
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let len = bytes.len() as u64;
        let charged = self
            .file(&fd)?
            .map_or(0, |file| gap(&file, offset))
            .saturating_add(len);
        let area = self.area(&fd);
        self.budget().write(area, charged)?;
        let result = HostDescriptor::write(&mut self.wasi, fd, bytes, offset).await;
        match &result {
            Ok(written) => self
                .budget()
                .not_written(area, len.saturating_sub(*written)),
            Err(_) => self.budget().not_written(area, charged),
        }
        result
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        stream::reading(self, fd, offset)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        stream::writing(self, fd, offset)
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        stream::appending(self, fd)
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        listing::open(self, fd).await
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.touch(&fd, &path, Access::ReadWrite);
        let area = self.area(&fd);
        self.charge_entry(area)?;
        let result = HostDescriptor::create_directory_at(&mut self.wasi, fd, path).await;
        self.created(area, result)
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_path: String,
    ) -> FsResult<()> {
        self.touch(&fd, &new_path, Access::ReadWrite);
        let area = self.area(&fd);
        self.charge_entry(area)?;
        let result = HostDescriptor::symlink_at(&mut self.wasi, fd, old_path, new_path).await;
        self.created(area, result)
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path_flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.touch(&fd, &old_path, Access::ReadOnly);
        self.touch(&new_fd, &new_path, Access::ReadWrite);
        let area = self.area(&new_fd);
        self.charge_entry(area)?;
        let result = HostDescriptor::link_at(
            &mut self.wasi,
            fd,
            old_path_flags,
            old_path,
            new_fd,
            new_path,
        )
        .await;
        self.created(area, result)
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.touch(&fd, &old_path, Access::ReadWrite);
        self.touch(&new_fd, &new_path, Access::ReadWrite);
        let area = self.area(&new_fd);
        self.charge_entry(area)?;
        let from = self.path(&fd, &old_path);
        let to = self.path(&new_fd, &new_path);
        let moved = identity(self, &fd, &old_path).await;
        let replaced = identity(self, &new_fd, &new_path).await;
        let result =
            HostDescriptor::rename_at(&mut self.wasi, fd, old_path, new_fd, new_path).await;
        let renamed = self.created(area, result);
        // Two names of one file stay as they are (`rename(2)`).
        if renamed.is_ok() && (moved.is_none() || moved != replaced) {
            self.files.changes.renamed(&from, &to);
            if replaced.is_some() {
                self.files.changes.removed(to);
            }
        }
        renamed
    }

    // What follows neither opens, writes nor creates anything.

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        HostDescriptor::read(&mut self.wasi, fd, len, offset).await
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        HostDescriptor::advise(&mut self.wasi, fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        HostDescriptor::sync_data(&mut self.wasi, fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        HostDescriptor::sync(&mut self.wasi, fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        HostDescriptor::get_flags(&mut self.wasi, fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        HostDescriptor::get_type(&mut self.wasi, fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        HostDescriptor::stat(&mut self.wasi, fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::stat_at(&mut self.wasi, fd, flags, path).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.touch(&fd, ".", Access::ReadWrite);
        HostDescriptor::set_times(&mut self.wasi, fd, accessed, modified).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.touch(&fd, &path, Access::ReadWrite);
        HostDescriptor::set_times_at(&mut self.wasi, fd, flags, path, accessed, modified).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::readlink_at(&mut self.wasi, fd, path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.touch(&fd, &path, Access::ReadWrite);
        let removed = self.path(&fd, &path);
        let result = HostDescriptor::remove_directory_at(&mut self.wasi, fd, path).await;
        was_removed(self, removed, result)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.touch(&fd, &path, Access::ReadWrite);
        let removed = self.path(&fd, &path);
        let result = HostDescriptor::unlink_file_at(&mut self.wasi, fd, path).await;
        was_removed(self, removed, result)
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        HostDescriptor::is_same_object(&mut self.wasi, a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        HostDescriptor::metadata_hash(&mut self.wasi, fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::metadata_hash_at(&mut self.wasi, fd, flags, path).await
    }
}

/// Returns the size of the entry under this name, if there is one. Only files, directories and
/// links pass: to open a named pipe waits for the process at its other end, in a thread that no
/// deadline gets back, and to open a device does what its driver likes. Guests cannot make either,
/// so one that is found was put there from outside.
async fn size(
    view: &mut FilesView<'_>,
    fd: &Resource<Descriptor>,
    flags: PathFlags,
    path: &str,
) -> FsResult<Option<u64>> {
    match HostDescriptor::stat_at(&mut view.wasi, again(fd), flags, path.to_owned()).await {
        Ok(stat) => match stat.type_ {
            DescriptorType::RegularFile
            | DescriptorType::Directory
            | DescriptorType::SymbolicLink => Ok(Some(stat.size)),
            _ => {
                view.budget().special_refused();
                Err(ErrorCode::NotPermitted.into())
            }
        },
        // Not there, or not to be reached: opening it says which.
        Err(error) if error.downcast_ref().is_some() => Ok(None),
        Err(trap) => Err(trap),
    }
}

/// Refuses an opened file or directory by which the kernel shows itself, whatever path led to it.
fn refuse_kernel(
    view: &mut FilesView<'_>,
    descriptor: Resource<Descriptor>,
) -> FsResult<Resource<Descriptor>> {
    let opened = match view.wasi.table.get(&descriptor)? {
        Descriptor::File(file) => &file.file,
        Descriptor::Dir(dir) => &dir.dir,
    };
    if !view.files.devices.are_of_the_kernel(opened) {
        return Ok(descriptor);
    }
    view.budget().special_refused();
    HostDescriptor::drop(&mut view.wasi, descriptor).map_err(FsError::trap)?;
    Err(ErrorCode::NotPermitted.into())
}

/// Returns a hash of device and inode of a name, if something is there. A link counts as itself.
async fn identity(
    view: &mut FilesView<'_>,
    fd: &Resource<Descriptor>,
    path: &str,
) -> Option<(u64, u64)> {
    let path = path.to_owned();
    let found =
        HostDescriptor::metadata_hash_at(&mut view.wasi, again(fd), PathFlags::empty(), path).await;
    found.ok().map(|hash| (hash.lower, hash.upper))
}

/// Notes a removal that succeeded.
fn was_removed(view: &mut FilesView<'_>, path: String, result: FsResult<()>) -> FsResult<()> {
    if result.is_ok() {
        view.files.changes.removed(path);
    }
    result
}
