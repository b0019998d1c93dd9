//! `wasi:filesystem`, counted: what the guest opens, holds, writes and creates, within the limits of its call.
//!
//! wasmtime-wasi resolves every path and does all the work. This is what stands before it: each function asks the call's
//! [`FileBudget`] first and passes on what fits. What does not fit is an error to the guest, `quota` (EDQUOT): of the
//! codes WASI has, it alone says that an allowance is used up, and neither the disk nor the host's memory is full; there
//! is none for too many open files.

mod budget;
mod changes;
mod descriptor;
mod kernel;
mod listing;
mod stream;
mod touched;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cofferdam_capability::{Access, Account, Charge, Limits};
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{FsError, FsResult};

use budget::{Area, Listed, Opened, OverBudget};
pub(crate) use budget::{FileBudget, FileUse};
pub(crate) use changes::Changes;
use kernel::Devices;
use touched::Touched;

use crate::scratch::Share;

/// What the host keeps of the files of one call.
pub(crate) struct Files {
    account: Account,
    budget: Arc<FileBudget>,
    /// What the guest opened, by its handle. Preopened directories are not in it: their descriptors are the grant's.
    opened: HashMap<u32, Arc<Opened>>,
    /// Open listings, by their handle.
    listings: HashMap<u32, Listing>,
    touched: Touched,
    changes: Changes,
    devices: Devices,
}

/// What an open listing holds.
struct Listing {
    _entries: Listed,
    _memory: Charge,
}

/// wasmtime-wasi's filesystem with the budget before it.
pub(crate) struct FilesView<'a> {
    wasi: WasiFilesystemCtxView<'a>,
    files: &'a mut Files,
}

/// Tells wasmtime that [`FilesView`] is how the host sees a call's files.
pub(crate) struct CountedFilesystem;

impl HasData for CountedFilesystem {
    type Data<'a> = FilesView<'a>;
}

impl Files {
    /// The files of a call; `scratch` is its part of the room in `/tmp`, when its grant has one.
    pub(crate) fn new(limits: &Limits, account: Account, scratch: Option<Arc<Share>>) -> Self {
        Self {
            account,
            budget: Arc::new(FileBudget::new(limits, scratch)),
            opened: HashMap::new(),
            listings: HashMap::new(),
            touched: Touched::default(),
            changes: Changes::default(),
            devices: Devices::default(),
        }
    }

    /// The directories that were looked into or changed until now.
    pub(crate) fn directories(&self) -> BTreeMap<String, Access> {
        self.touched.directories()
    }

    /// What was removed, renamed and made shorter until now.
    pub(crate) fn changes(&self) -> Changes {
        self.changes.clone()
    }

    /// What was used until now.
    pub(crate) fn used(&self) -> FileUse {
        self.budget.used()
    }

    pub(crate) fn view<'a>(&'a mut self, wasi: WasiFilesystemCtxView<'a>) -> FilesView<'a> {
        FilesView { wasi, files: self }
    }
}

impl FilesView<'_> {
    fn budget(&self) -> &Arc<FileBudget> {
        &self.files.budget
    }

    /// The file behind a descriptor; nothing for a directory, which wasmtime-wasi refuses with the right code.
    fn file(&self, descriptor: &Resource<Descriptor>) -> FsResult<Option<Arc<std::fs::File>>> {
        match self.wasi.table.get(descriptor)? {
            Descriptor::File(file) => Ok(Some(Arc::clone(&file.file))),
            Descriptor::Dir(_) => Ok(None),
        }
    }

    /// Notes for the receipt that the guest looks at `path`, or changes something there.
    fn touch(&mut self, fd: &Resource<Descriptor>, path: &str, access: Access) {
        self.files.touched.touch(fd.rep(), path, access);
    }

    /// Where the file or directory lies.
    fn area(&self, fd: &Resource<Descriptor>) -> Area {
        self.files.touched.area(fd.rep())
    }

    /// The path of an entry of a directory, for the receipt.
    fn path(&self, fd: &Resource<Descriptor>, path: &str) -> String {
        self.files.touched.path(fd.rep(), path)
    }

    /// Lets wasmtime-wasi create an entry if the budget has room for one. [`Self::created`] takes back what was not
    /// created.
    fn charge_entry(&self, area: Area) -> FsResult<()> {
        Ok(self.budget().create(area)?)
    }

    fn created<T>(&self, area: Area, result: FsResult<T>) -> FsResult<T> {
        if result.is_err() {
            self.budget().not_created(area);
        }
        result
    }
}

/// A second handle for a call into wasmtime-wasi that borrows the first.
fn again<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

impl From<OverBudget> for FsError {
    fn from(_: OverBudget) -> Self {
        types::ErrorCode::Quota.into()
    }
}

impl preopens::Host for FilesView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let granted = preopens::Host::get_directories(&mut self.wasi)?;
        for (descriptor, name) in &granted {
            self.files.touched.granted(descriptor.rep(), name);
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
        // A stream that was refused a write says so in its own words: wasmtime-wasi knows `std::io::Error` alone.
        if self.wasi.table.get(&error)?.is::<OverBudget>() {
            return Ok(Some(types::ErrorCode::Quota));
        }
        types::Host::filesystem_error_code(&mut self.wasi, error)
    }
}
