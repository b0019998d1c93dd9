//! The files of a call, and the view of them that stands before wasmtime-wasi.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cofferdam_capability::{Access, Account, Grant, Preopen, Room};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::budget::{Area, FileBudget, FileUse, Opened, OverBudget};
use super::changes::Changes;
use super::device::{self, OpenDevice, Standard};
use super::kernel::Devices;
use super::mounted::{Mounted, MountedPath, below};
use super::resolved::resolved;
use super::touched::{Touched, guest_path, is_shortened};
use crate::scratch::Share;

/// Files of one call, as far as the host counts them.
pub(crate) struct Files {
    pub(super) account: Account,
    budget: Arc<FileBudget>,
    /// Files and directories that the guest opened, by handle. Preopened directories are not in it:
    /// their descriptors are the grant's.
    pub(super) opened: HashMap<u32, Arc<Opened>>,
    pub(super) touched: Touched,
    mounted: Mounted,
    pub(super) changes: Changes,
    pub(super) devices: Devices,
    /// The streams behind `/dev`.
    pub(super) standard: Standard,
}

/// wasmtime-wasi's filesystem with the budget before it.
pub(crate) struct FilesView<'a> {
    pub(super) wasi: WasiFilesystemCtxView<'a>,
    pub(super) files: &'a mut Files,
}

impl Files {
    /// The files of a call under a grant; `scratch` is its part of the room in `/tmp`, when the
    /// grant has one.
    pub(crate) fn new(
        grant: &Grant,
        account: Account,
        scratch: Option<Arc<Share>>,
        standard: Standard,
    ) -> Self {
        // All of them are of one agent, which has one room.
        let room = grant.preopens().iter().find_map(Preopen::room);
        let kept = grant.preopens().iter();
        let kept = kept.filter(|preopen| preopen.room().is_some());
        let kept = kept.map(|preopen| preopen.guest().to_string()).collect();
        let room = room.map(Room::begin_call);
        Self {
            account,
            budget: Arc::new(FileBudget::new(grant.limits(), scratch, room)),
            opened: HashMap::new(),
            touched: Touched::new(kept),
            mounted: Mounted::default(),
            changes: Changes::default(),
            devices: Devices::default(),
            standard,
        }
    }

    /// The directories that were looked into or changed until now.
    pub(crate) fn directories(&self) -> BTreeMap<String, Access> {
        self.touched.directories()
    }

    /// Bytes of standard input that came until now, of those that were asked for.
    pub(crate) fn stdin_bytes(&self) -> u64 {
        self.standard.stdin.came()
    }

    /// Entries removed or renamed and files made shorter until now, and names that are not UTF-8.
    pub(crate) fn changes(&self) -> Changes {
        self.changes.clone()
    }

    /// The use of the file limits until now.
    pub(crate) fn used(&self) -> FileUse {
        self.budget.used()
    }

    pub(crate) fn view<'a>(&'a mut self, wasi: WasiFilesystemCtxView<'a>) -> FilesView<'a> {
        FilesView { wasi, files: self }
    }
}

impl FilesView<'_> {
    pub(super) fn budget(&self) -> &Arc<FileBudget> {
        &self.files.budget
    }

    /// The file behind a descriptor; nothing for a directory, which wasmtime-wasi refuses with the
    /// right code. It is no device: they are looked at before.
    pub(super) fn file(
        &self,
        descriptor: &Resource<Descriptor>,
    ) -> FsResult<Option<Arc<std::fs::File>>> {
        match self.wasi.table.get(descriptor)? {
            Descriptor::File(file) => Ok(Some(Arc::clone(&file.file))),
            Descriptor::Dir(_) => Ok(None),
        }
    }

    /// The device behind a descriptor, if it is one.
    pub(super) fn device(&self, fd: &Resource<Descriptor>) -> Option<OpenDevice> {
        let device = Resource::<OpenDevice>::new_borrow(fd.rep());
        self.wasi.table.get(&device).ok().cloned()
    }

    /// Puts a device into the resource table, as the descriptor that the guest gets.
    pub(super) fn push_device(
        &mut self,
        device: OpenDevice,
    ) -> wasmtime::Result<Resource<Descriptor>> {
        let device = self.wasi.table.push(device)?;
        Ok(Resource::new_own(device.rep()))
    }

    /// Closes a device.
    pub(super) fn close_device(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        let device = Resource::<OpenDevice>::new_own(fd.rep());
        self.wasi.table.delete(device)?;
        Ok(())
    }

    /// Notes for the receipt that the guest looks at `path`, or changes something there.
    pub(super) fn touch(&mut self, fd: &Resource<Descriptor>, path: &str, access: Access) {
        self.files.touched.touch(fd.rep(), path, access);
    }

    /// The area in which the file or directory lies.
    pub(super) fn area(&self, fd: &Resource<Descriptor>) -> Area {
        self.files.touched.area(fd.rep())
    }

    /// The area in which both lie. `/tmp` is a file system of its own: an entry that is moved into
    /// it, or linked, would be there without its bytes, and a file that is open already would go on
    /// being written outside its room.
    pub(super) fn one_area(
        &self,
        from: &Resource<Descriptor>,
        to: &Resource<Descriptor>,
    ) -> FsResult<Area> {
        let area = self.area(to);
        if self.area(from) == area {
            Ok(area)
        } else {
            Err(types::ErrorCode::CrossDevice.into())
        }
    }

    /// The directory and path that the guest means by these, where a directory that it was granted
    /// lies in another one.
    pub(super) fn place(&self, fd: Resource<Descriptor>, path: String) -> Place {
        let mounted = &self.files.mounted;
        let from = self.files.touched.known_path(fd.rep());
        match from.filter(|_| !mounted.is_empty()) {
            Some(from) => match mounted.find(from, &path) {
                Some(MountedPath { descriptor, path }) => Place {
                    fd: Resource::new_borrow(descriptor),
                    path,
                },
                None => Place { fd, path },
            },
            None => Place { fd, path },
        }
    }

    /// Opens those of the directories that lie in other ones once more, for [`Self::place`].
    fn find_mounted(&mut self, granted: &[(Resource<Descriptor>, String)]) -> wasmtime::Result<()> {
        let paths: Vec<_> = granted.iter().map(|(_, name)| guest_path(name)).collect();
        let is_inside = |guest: &str| {
            let mut outer = paths.iter().filter(|outer| **outer != guest);
            outer.any(|outer| below(outer, guest).is_some())
        };
        if !paths.iter().any(|guest| is_inside(guest)) {
            return Ok(());
        }
        for (descriptor, name) in preopens::Host::get_directories(&mut self.wasi)? {
            // Of two names for one directory, one is enough.
            if name.starts_with('/') && is_inside(&name) {
                self.files.touched.granted(descriptor.rep(), &name);
                self.files.mounted.add(&name, descriptor.rep());
            } else {
                types::HostDescriptor::drop(&mut self.wasi, descriptor)?;
            }
        }
        Ok(())
    }

    /// The path of an entry of a directory, for the receipt.
    pub(super) fn path(&self, fd: &Resource<Descriptor>, path: &str) -> String {
        let written = self.files.touched.path(fd.rep(), path);
        if !is_shortened(&written) {
            return written;
        }
        match self.wasi.table.get(fd) {
            Ok(Descriptor::Dir(dir)) => resolved(&dir.dir, path)
                .map_or(written, |path| self.files.touched.path(fd.rep(), &path)),
            Ok(Descriptor::File(_)) | Err(_) => written,
        }
    }

    /// Lets wasmtime-wasi create an entry if the budget has room for one. [`Self::created`] takes
    /// back what was not created.
    pub(super) fn charge_entry(&self, area: Area) -> FsResult<()> {
        Ok(self.budget().create(area)?)
    }

    /// Lets wasmtime-wasi give an entry another name, if the budget allows one more.
    /// [`Self::renamed`] takes back what was not renamed.
    pub(super) fn charge_rename(&self, area: Area) -> FsResult<()> {
        Ok(self.budget().rename(area)?)
    }

    pub(super) fn renamed<T>(&self, area: Area, result: FsResult<T>) -> FsResult<T> {
        if result.is_err() {
            self.budget().not_renamed(area);
        }
        result
    }

    pub(super) fn created<T>(&self, area: Area, result: FsResult<T>) -> FsResult<T> {
        if result.is_err() {
            self.budget().not_created(area);
        }
        result
    }
}

/// A directory, and a path from there.
pub(super) struct Place {
    pub(super) fd: Resource<Descriptor>,
    pub(super) path: String,
}

/// A second handle for a call into wasmtime-wasi that borrows the first.
pub(super) fn again<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

impl From<OverBudget> for FsError {
    fn from(over: OverBudget) -> Self {
        code(&over).into()
    }
}

/// The code by which a guest is told.
fn code(over: &OverBudget) -> types::ErrorCode {
    match over {
        OverBudget::Limit => types::ErrorCode::Quota,
        OverBudget::Full => types::ErrorCode::InsufficientSpace,
    }
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let mut granted = preopens::Host::get_directories(&mut self.wasi)?;
        for (descriptor, name) in &granted {
            self.files.touched.granted(descriptor.rep(), name);
        }
        if self.files.mounted.is_empty() {
            self.find_mounted(&granted)?;
        }
        // A directory that was granted under this name stands for itself.
        if granted.iter().all(|(_, name)| name != device::DIRECTORY) {
            let devices = self.push_device(OpenDevice::directory())?;
            granted.push((devices, device::DIRECTORY.to_owned()));
        }
        Ok(granted)
    }
}

impl types::Host for FilesView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<types::ErrorCode> {
        types::Host::convert_error_code(&mut self.wasi, error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<types::ErrorCode>> {
        // A stream that was refused a write says so in its own words: wasmtime-wasi knows
        // `std::io::Error` alone.
        if let Some(over) = self.wasi.table.get(&error)?.downcast_ref() {
            return Ok(Some(code(over)));
        }
        types::Host::filesystem_error_code(&mut self.wasi, error)
    }
}
