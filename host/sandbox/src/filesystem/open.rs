//! Opening files and directories.

use std::sync::Arc;

use cofferdam_capability::Access;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::device::OpenDevice;
use super::files::{FilesView, again};

/// Opens or creates a file or opens a directory, within the budget.
pub(super) async fn open(
    view: &mut FilesView<'_>,
    fd: Resource<Descriptor>,
    path_flags: PathFlags,
    path: String,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> FsResult<Resource<Descriptor>> {
    let changes = open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
    let changes = changes || flags.contains(DescriptorFlags::WRITE);
    view.touch(
        &fd,
        &path,
        if changes {
            Access::ReadWrite
        } else {
            Access::ReadOnly
        },
    );
    let size = size(view, &fd, path_flags, &path).await?;
    let opened = view.budget().open()?;
    let creates = open_flags.contains(OpenFlags::CREATE) && size.is_none();
    let area = view.area(&fd);
    if creates {
        view.charge_entry(area)?;
    }
    let descriptor = HostDescriptor::open_at(
        &mut view.wasi,
        again(&fd),
        path_flags,
        path.clone(),
        open_flags,
        flags,
    )
    .await;
    let acted = has_acted(&descriptor);
    if creates && !acted {
        view.budget().not_created(area);
    }
    if acted && open_flags.contains(OpenFlags::TRUNCATE) && size.is_some_and(|size| size > 0) {
        view.budget().removed(area, size.unwrap_or_default(), 0);
        let path = view.path(&fd, &path);
        view.files.changes.truncated(path);
    }
    let descriptor = refuse_kernel(view, descriptor?)?;
    view.budget().was_opened();
    view.files.touched.opened(fd.rep(), &path, descriptor.rep());
    view.files.opened.insert(descriptor.rep(), Arc::new(opened));
    Ok(descriptor)
}

/// Returns true if the system has opened, created or truncated something. Without a free handle for
/// it, wasmtime-wasi ends the guest only then, with an error that has no code for the guest.
fn has_acted(opened: &FsResult<Resource<Descriptor>>) -> bool {
    opened
        .as_ref()
        .map_or_else(|error| error.downcast_ref().is_none(), |_| true)
}

/// Opens a device at a path from another one.
pub(super) fn open_device(
    view: &mut FilesView<'_>,
    from: &OpenDevice,
    path: &str,
    open_flags: OpenFlags,
    flags: DescriptorFlags,
) -> FsResult<Resource<Descriptor>> {
    let device = from.opening(path, open_flags, flags)?;
    let place = view.budget().open()?;
    view.budget().was_opened();
    view.push_device(device.counted(place))
        .map_err(FsError::trap)
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
