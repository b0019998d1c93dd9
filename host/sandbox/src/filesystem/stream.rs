//! Streams on files: what is written is charged before it is written, and a stream keeps its file
//! counted as open.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use bytes::Bytes;
use cofferdam_capability::{Account, Charge};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsResult, InputStream, OutputStream, Pollable, StreamError,
    StreamResult,
};

use super::budget::{Area, FileBudget, Opened, Write};
use super::device::OpenDevice;
use super::files::{FilesView, again};

/// The most that one read takes, in bytes (64 KiB), as of wasmtime-wasi's own streams.
const MAX_READ: usize = 64 << 10;

/// A stream that reads a file. A guest may drop the descriptor and keep the stream, and with it the
/// open file.
///
/// wasmtime-wasi's own stream reads ahead, and holds what it has read until the guest fetches it.
/// This one reads when it is asked, on the thread of the guest like all calls on files, and holds
/// nothing.
struct Reading {
    file: Arc<File>,
    position: u64,
    /// True after the end of the file or a failure.
    closed: bool,
    _opened: Option<Arc<Opened>>,
}

/// A stream out of a device.
struct ReadingDevice {
    inner: DynInputStream,
    _opened: Option<Arc<Opened>>,
}

/// A stream into a device, which writes to no file.
struct Passing {
    inner: DynOutputStream,
    _opened: Option<Arc<Opened>>,
}

/// A stream that writes.
struct Writing {
    inner: DynOutputStream,
    budget: Arc<FileBudget>,
    area: Area,
    /// The place of the first write, in a file that may end before; nothing once that was charged,
    /// and for appending.
    begins: Option<(Arc<File>, u64)>,
    /// The file and how far it is written, where its length counts over all calls.
    kept: Option<KeptFile>,
    account: Account,
    /// The memory of a write that goes on while the guest does.
    pending: Option<Charge>,
    _opened: Option<Arc<Opened>>,
}

/// A file whose length counts over all calls, while a stream writes it.
struct KeptFile {
    file: Arc<File>,
    /// The place of the next write; nothing for appending.
    next: Option<u64>,
}

pub(super) fn reading(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
    offset: u64,
) -> FsResult<Resource<DynInputStream>> {
    let _opened = view.files.opened.get(&fd.rep()).cloned();
    let file = view.file(&fd)?;
    // It knows when the guest may not read, and in which words to say so.
    let stream = HostDescriptor::read_via_stream(&mut view.wasi, fd, offset)?;
    view.wasi.table.delete(stream)?;
    let reading: DynInputStream = Box::new(Reading {
        file: file.ok_or(ErrorCode::IsDirectory)?,
        position: offset,
        closed: false,
        _opened,
    });
    Ok(view.wasi.table.push(reading)?)
}

pub(super) fn writing(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
    offset: u64,
) -> FsResult<Resource<DynOutputStream>> {
    let begins = view.file(&fd)?.map(|file| (file, offset));
    let stream = HostDescriptor::write_via_stream(&mut view.wasi, again(&fd), offset)?;
    counted(view, &fd, stream, begins)
}

pub(super) fn appending(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
) -> FsResult<Resource<DynOutputStream>> {
    let stream = HostDescriptor::append_via_stream(&mut view.wasi, again(&fd))?;
    counted(view, &fd, stream, None)
}

/// A stream that reads a device.
pub(super) fn reading_device(
    view: &mut FilesView<'_>,
    device: &OpenDevice,
) -> FsResult<Resource<DynInputStream>> {
    let inner = device.input(&view.files.standard)?;
    let _opened = device.opened();
    let stream: DynInputStream = Box::new(ReadingDevice { inner, _opened });
    Ok(view.wasi.table.push(stream)?)
}

/// A stream that writes to a device. What goes there is not written to a file.
pub(super) fn writing_device(
    view: &mut FilesView<'_>,
    device: &OpenDevice,
) -> FsResult<Resource<DynOutputStream>> {
    let inner = device.output(&view.files.standard)?;
    let _opened = device.opened();
    let stream: DynOutputStream = Box::new(Passing { inner, _opened });
    Ok(view.wasi.table.push(stream)?)
}

/// Puts a counting stream in the place of the one that wasmtime-wasi made.
fn counted(
    view: &mut FilesView<'_>,
    fd: &Resource<Descriptor>,
    stream: Resource<DynOutputStream>,
    begins: Option<(Arc<File>, u64)>,
) -> FsResult<Resource<DynOutputStream>> {
    let inner = view.wasi.table.delete(stream)?;
    let _opened = view.files.opened.get(&fd.rep()).cloned();
    let budget = Arc::clone(view.budget());
    let area = view.area(fd);
    let next = begins.as_ref().map(|(_, offset)| *offset);
    let file = view.file(fd)?.filter(|_| area == Area::Kept);
    let kept = file.map(|file| KeptFile { file, next });
    let counted: DynOutputStream = Box::new(Writing {
        inner,
        budget,
        area,
        begins,
        kept,
        account: view.files.account.clone(),
        pending: None,
        _opened,
    });
    Ok(view.wasi.table.push(counted)?)
}

/// Bytes by which a write at `offset` makes the file longer before its first byte. Asking an open
/// file for its size does not touch the disk.
pub(super) fn gap(file: &File, offset: u64) -> u64 {
    match offset {
        0 => 0,
        offset => file
            .metadata()
            .map_or(0, |metadata| offset.saturating_sub(metadata.len())),
    }
}

/// Bytes by which a write of `len` bytes at `offset` makes a file longer. What is written to a file
/// without a name is on the disk for as long as it is open, and nobody removes it.
pub(super) fn growth(budget: &FileBudget, file: &File, offset: u64, len: u64) -> u64 {
    let end = offset.saturating_add(len);
    end.saturating_sub(length(budget, file))
}

/// The length of a file whose length counts over all calls.
fn length(budget: &FileBudget, file: &File) -> u64 {
    let Ok(metadata) = file.metadata() else {
        return 0;
    };
    if metadata.nlink() == 0 {
        budget.doubt(Area::Kept);
    }
    metadata.len()
}

impl KeptFile {
    /// Bytes by which the next write of `len` bytes makes the file longer.
    fn grow(&mut self, budget: &FileBudget, len: u64) -> u64 {
        let before = length(budget, &self.file);
        let Some(next) = &mut self.next else {
            return len;
        };
        *next = next.saturating_add(len);
        next.saturating_sub(before)
    }
}

impl Writing {
    /// Passes on what a write came to. One that failed may have written some of it.
    fn written<T>(&self, result: StreamResult<T>) -> StreamResult<T> {
        if result.is_err() {
            self.budget.doubt(self.area);
        }
        result
    }

    fn charge(&mut self, bytes: &Bytes) -> StreamResult<()> {
        let gap = self
            .begins
            .as_ref()
            .map_or(0, |(file, offset)| gap(file, *offset));
        let len = bytes.len() as u64;
        let kept = self.kept.as_mut();
        let growth = kept.map_or(0, |kept| kept.grow(&self.budget, len));
        let charged = self.budget.write(Write {
            area: self.area,
            bytes: gap.saturating_add(len),
            growth,
        });
        charged.map_err(|over| StreamError::LastOperationFailed(over.into()))?;
        if !bytes.is_empty() {
            // From here on the stream continues where it wrote.
            self.begins = None;
        }
        Ok(())
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Writing {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.charge(&bytes)?;
        let pending = self.account.hold("a write to a file", bytes.len());
        self.pending = Some(pending.map_err(|over| StreamError::Trap(over.into()))?);
        let written = self.inner.write(bytes);
        self.written(written)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.charge(&bytes)?;
        let written = self.inner.blocking_write_and_flush(bytes).await;
        self.written(written)?;
        self.pending = None;
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        let flushed = self.inner.flush();
        self.written(flushed)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        let ready = self.inner.check_write();
        self.written(ready)
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Writing {
    async fn ready(&mut self) {
        self.inner.ready().await;
        self.pending = None;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Passing {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Passing {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for Reading {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        if size == 0 {
            return Ok(Bytes::new());
        }
        let mut bytes = vec![0; size.min(MAX_READ)];
        let read = rustix::io::retry_on_intr(|| {
            rustix::io::pread(&self.file, bytes.as_mut_slice(), self.position)
        });
        match read {
            Ok(0) => {
                self.closed = true;
                Err(StreamError::Closed)
            }
            Ok(read) => {
                bytes.truncate(read);
                self.position = self.position.saturating_add(read as u64);
                Ok(bytes.into())
            }
            Err(error) => {
                self.closed = true;
                let error = std::io::Error::from(error);
                Err(StreamError::LastOperationFailed(error.into()))
            }
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Reading {
    /// A file is always ready.
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl InputStream for ReadingDevice {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner.read(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner.blocking_read(size).await
    }

    fn skip(&mut self, size: usize) -> StreamResult<usize> {
        self.inner.skip(size)
    }

    async fn blocking_skip(&mut self, size: usize) -> StreamResult<usize> {
        self.inner.blocking_skip(size).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for ReadingDevice {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}
