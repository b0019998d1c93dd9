//! `wasi:filesystem`, counted: what the guest opens, holds, writes and creates, within the limits
//! of its call.
//!
//! wasmtime-wasi resolves every path and does all the work. This is what stands before it: each
//! function asks the call's [`FileBudget`] first and passes on what fits. What does not fit is an
//! error to the guest, `quota` (EDQUOT): of the codes WASI has, it alone says that an allowance is
//! used up, and neither the disk nor the host's memory is full; there is none for too many open
//! files. Where the files of an agent have used up their room, it is `insufficient-space` (ENOSPC).

mod budget;
mod changes;
mod descriptor;
mod device;
mod files;
mod kernel;
mod listing;
mod mounted;
mod open;
mod resolved;
mod stream;
mod touched;

use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};

pub(crate) use budget::FileUse;
pub(crate) use changes::Changes;
pub(crate) use device::Standard;
pub(crate) use files::{Files, FilesView};

/// Tells wasmtime that [`FilesView`] is how the host sees a call's files.
struct CountedFilesystem;

impl HasData for CountedFilesystem {
    type Data<'a> = FilesView<'a>;
}

/// Links `wasi:filesystem`, with the files of a call as `view` shows them.
pub(crate) fn add_to_linker<T: Send + 'static>(
    l: &mut Linker<T>,
    view: fn(&mut T) -> FilesView<'_>,
) -> wasmtime::Result<()> {
    types::add_to_linker::<T, CountedFilesystem>(l, view)?;
    preopens::add_to_linker::<T, CountedFilesystem>(l, view)
}
