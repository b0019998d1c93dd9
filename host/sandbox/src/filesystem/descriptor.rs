//! Files and directories: opened, written, created within the budget. What costs nothing is passed
//! on as it is. Devices answer for themselves.

use cofferdam_capability::Access;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, Filesize,
    HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsResult};

use super::budget::{Area, Write};
use super::device::OpenDevice;
use super::files::{FilesView, Place, again};
use super::stream::{self, gap, growth};
use super::{listing, open};

impl HostDescriptor for FilesView<'_> {
    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        match self.device(&fd) {
            Some(device) => open::open_device(self, &device, &path, open_flags, flags),
            None => {
                let Place { fd, path } = self.place(fd, path);
                open::open(self, fd, path_flags, path, open_flags, flags).await
            }
        }
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        if self.device(&fd).is_some() {
            return self.close_device(fd);
        }
        self.files.opened.remove(&fd.rep());
        self.files.touched.closed(fd.rep());
        HostDescriptor::drop(&mut self.wasi, fd)
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        if let Some(device) = self.device(&fd) {
            return device.set_size();
        }
        let file = self.file(&fd)?;
        let grows = file.as_ref().map_or(0, |file| gap(file, size));
        let shrinks = file.map_or(0, |file| {
            let before = file.metadata().map_or(0, |metadata| metadata.len());
            before.saturating_sub(size)
        });
        let area = self.area(&fd);
        let path = self.files.touched.path_of(fd.rep());
        let write = Write {
            area,
            bytes: grows,
            growth: grows,
        };
        self.budget().write(write)?;
        let result = HostDescriptor::set_size(&mut self.wasi, fd, size).await;
        match result {
            Ok(()) if shrinks > 0 => {
                self.budget().removed(area, shrinks, 0);
                self.files.changes.truncated(path);
            }
            Ok(()) => {}
            Err(_) => self.budget().not_written(write),
        }
        result
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        if let Some(device) = self.device(&fd) {
            return device.write(&self.files.standard, bytes);
        }
        let len = bytes.len() as u64;
        let file = self.file(&fd)?;
        let gap = file.as_ref().map_or(0, |file| gap(file, offset));
        let area = self.area(&fd);
        let growth = match file {
            Some(file) if area == Area::Kept => growth(self.budget(), &file, offset, len),
            _ => 0,
        };
        let write = Write {
            area,
            bytes: gap.saturating_add(len),
            growth,
        };
        self.budget().write(write)?;
        let result = HostDescriptor::write(&mut self.wasi, fd, bytes, offset).await;
        match &result {
            Ok(written) => {
                let bytes = len.saturating_sub(*written);
                let growth = bytes.min(growth);
                self.budget().not_written(Write {
                    area,
                    bytes,
                    growth,
                });
            }
            Err(_) => self.budget().not_written(write),
        }
        result
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        match self.device(&fd) {
            Some(device) => stream::reading_device(self, &device),
            None => stream::reading(self, fd, offset),
        }
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        match self.device(&fd) {
            Some(device) => stream::writing_device(self, &device),
            None => stream::writing(self, fd, offset),
        }
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        match self.device(&fd) {
            Some(device) => stream::writing_device(self, &device),
            None => stream::appending(self, fd),
        }
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
        if let Some(device) = self.device(&fd) {
            return device.not_made(&path);
        }
        let Place { fd, path } = self.place(fd, path);
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
        if let Some(device) = self.device(&fd) {
            return device.not_made(&new_path);
        }
        let Place { fd, path } = self.place(fd, new_path);
        self.touch(&fd, &path, Access::ReadWrite);
        let area = self.area(&fd);
        self.charge_entry(area)?;
        let result = HostDescriptor::symlink_at(&mut self.wasi, fd, old_path, path).await;
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
        if let Some(device) = self.device(&fd) {
            return device.unchanged(&old_path);
        }
        if let Some(device) = self.device(&new_fd) {
            return device.unchanged(&new_path);
        }
        let Place { fd, path: old_path } = self.place(fd, old_path);
        let Place {
            fd: new_fd,
            path: new_path,
        } = self.place(new_fd, new_path);
        self.touch(&fd, &old_path, Access::ReadOnly);
        self.touch(&new_fd, &new_path, Access::ReadWrite);
        let area = self.one_area(&fd, &new_fd)?;
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
        if let Some(device) = self.device(&fd) {
            return device.unchanged(&old_path);
        }
        if let Some(device) = self.device(&new_fd) {
            return device.unchanged(&new_path);
        }
        let Place { fd, path: old_path } = self.place(fd, old_path);
        let Place {
            fd: new_fd,
            path: new_path,
        } = self.place(new_fd, new_path);
        self.touch(&fd, &old_path, Access::ReadWrite);
        self.touch(&new_fd, &new_path, Access::ReadWrite);
        let area = self.one_area(&fd, &new_fd)?;
        self.charge_rename(area)?;
        let from = self.path(&fd, &old_path);
        let to = self.path(&new_fd, &new_path);
        let moved = identity(self, &fd, &old_path).await;
        let replaced = identity(self, &new_fd, &new_path).await;
        let room = room_of(self, area, &new_fd, &new_path).await;
        let result =
            HostDescriptor::rename_at(&mut self.wasi, fd, old_path, new_fd, new_path).await;
        let renamed = self.renamed(area, result);
        // Two names of one file stay as they are (`rename(2)`).
        if renamed.is_ok() && (moved.is_none() || moved != replaced) {
            self.files.changes.renamed(&from, &to);
            if replaced.is_some() {
                self.files.changes.removed(to);
                self.budget().removed(area, room, 1);
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
        if let Some(device) = self.device(&fd) {
            return device.read(&self.files.standard, len).await;
        }
        HostDescriptor::read(&mut self.wasi, fd, len, offset).await
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        if self.device(&fd).is_some() {
            return Ok(());
        }
        HostDescriptor::advise(&mut self.wasi, fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        if self.device(&fd).is_some() {
            return Ok(());
        }
        HostDescriptor::sync_data(&mut self.wasi, fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        if self.device(&fd).is_some() {
            return Ok(());
        }
        HostDescriptor::sync(&mut self.wasi, fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.flags());
        }
        HostDescriptor::get_flags(&mut self.wasi, fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.device().stat().type_);
        }
        HostDescriptor::get_type(&mut self.wasi, fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.device().stat());
        }
        HostDescriptor::stat(&mut self.wasi, fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.at(&path)?.stat());
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::stat_at(&mut self.wasi, fd, flags, path).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        if let Some(device) = self.device(&fd) {
            return device.unchanged(".");
        }
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
        if let Some(device) = self.device(&fd) {
            return device.unchanged(&path);
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadWrite);
        HostDescriptor::set_times_at(&mut self.wasi, fd, flags, path, accessed, modified).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        if let Some(device) = self.device(&fd) {
            return device.no_link(&path);
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::readlink_at(&mut self.wasi, fd, path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        if let Some(device) = self.device(&fd) {
            return device.unchanged(&path);
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadWrite);
        let removed = self.path(&fd, &path);
        let area = self.area(&fd);
        let room = room_of(self, area, &fd, &path).await;
        let result = HostDescriptor::remove_directory_at(&mut self.wasi, fd, path).await;
        if result.is_ok() {
            self.budget().removed(area, room, 1);
        }
        was_removed(self, removed, result)
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        if let Some(device) = self.device(&fd) {
            return device.unchanged(&path);
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadWrite);
        let removed = self.path(&fd, &path);
        let area = self.area(&fd);
        let room = room_of(self, area, &fd, &path).await;
        let result = HostDescriptor::unlink_file_at(&mut self.wasi, fd, path).await;
        if result.is_ok() {
            self.budget().removed(area, room, 1);
        }
        was_removed(self, removed, result)
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        let devices = (self.device(&a), self.device(&b));
        if devices.0.is_some() || devices.1.is_some() {
            let device = |device: Option<OpenDevice>| device.map(|device| device.device());
            return Ok(device(devices.0) == device(devices.1));
        }
        HostDescriptor::is_same_object(&mut self.wasi, a, b).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.device().hash());
        }
        HostDescriptor::metadata_hash(&mut self.wasi, fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        if let Some(device) = self.device(&fd) {
            return Ok(device.at(&path)?.hash());
        }
        let Place { fd, path } = self.place(fd, path);
        self.touch(&fd, &path, Access::ReadOnly);
        HostDescriptor::metadata_hash_at(&mut self.wasi, fd, flags, path).await
    }
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

/// Returns the bytes that are free when an entry is removed: none of a directory or a link, none of
/// a file that has another name, and none where they do not count.
async fn room_of(
    view: &mut FilesView<'_>,
    area: Area,
    fd: &Resource<Descriptor>,
    path: &str,
) -> u64 {
    if area != Area::Kept {
        return 0;
    }
    let path = path.to_owned();
    let found = HostDescriptor::stat_at(&mut view.wasi, again(fd), PathFlags::empty(), path).await;
    match found {
        Ok(stat) if stat.type_ == DescriptorType::RegularFile && stat.link_count <= 1 => stat.size,
        _ => 0,
    }
}

/// Notes a removal that succeeded.
fn was_removed(view: &mut FilesView<'_>, path: String, result: FsResult<()>) -> FsResult<()> {
    if result.is_ok() {
        view.files.changes.removed(path);
    }
    result
}
