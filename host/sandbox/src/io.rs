//! `wasi:io`, bounded: the streams and pollables of a call, whatever they stand for.
//!
//! wasmtime-wasi-io works on the resource table alone and trusts its guest in places: a write may
//! be larger than the stream has said it takes, a list of pollables as long as the guest likes.
//! Here each is looked at first. A guest that breaks the rules of `wasi:io` is ended for it, as the
//! interface says, and never the host's fault.

use cofferdam_capability::Account;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};
use wasmtime_wasi_io::bindings::wasi::io::{error, poll, streams};

use crate::error::Violation;

/// Maximum bytes that one read or skip takes from a stream (1 MiB): it is copied once for the
/// guest.
const MAX_READ: u64 = 1 << 20;

/// Maximum bytes of a write that waits for its flush. `wasi:io/streams` says this number.
const MAX_BLOCKING_WRITE: u64 = 4096;

/// Memory for one pollable of a list that is waited for, in bytes: its number, its future and the
/// place in the answer.
const POLLED: usize = 128;

/// The resource table of a call, with its account.
pub(crate) struct IoView<'a> {
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) account: &'a Account,
    /// Handles that the call may hold; more pollables in one list can only be some of them again.
    pub(crate) handles: u64,
}

/// Tells wasmtime that [`IoView`] is how the host sees a call's streams and pollables.
struct BoundedIo;

impl HasData for BoundedIo {
    type Data<'a> = IoView<'a>;
}

/// Links `wasi:io`, with the streams and pollables of a call as `view` shows them.
pub(crate) fn add_to_linker<T: Send + 'static>(
    l: &mut Linker<T>,
    view: fn(&mut T) -> IoView<'_>,
) -> wasmtime::Result<()> {
    error::add_to_linker::<T, BoundedIo>(l, view)?;
    poll::add_to_linker::<T, BoundedIo>(l, view)?;
    streams::add_to_linker::<T, BoundedIo>(l, view)
}

/// Ends a guest that asked for what `wasi:io` forbids.
fn against_the_rules(problem: String) -> StreamError {
    StreamError::Trap(Violation(problem).into())
}

impl error::Host for IoView<'_> {}

impl error::HostError for IoView<'_> {
    fn to_debug_string(&mut self, error: Resource<streams::Error>) -> wasmtime::Result<String> {
        error::HostError::to_debug_string(self.table, error)
    }

    fn drop(&mut self, error: Resource<streams::Error>) -> wasmtime::Result<()> {
        error::HostError::drop(self.table, error)
    }
}

impl poll::Host for IoView<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let count = pollables.len();
        if count == 0 {
            return Err(Violation("a poll of no pollable would never end".to_owned()).into());
        }
        if count as u64 > self.handles {
            let problem = format!(
                "a poll of {count} pollables: a call holds at most {} handles",
                self.handles
            );
            return Err(Violation(problem).into());
        }
        let _held = self.account.hold("a poll", count.saturating_mul(POLLED))?;
        poll::Host::poll(self.table, pollables).await
    }
}

impl poll::HostPollable for IoView<'_> {
    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        poll::HostPollable::block(self.table, pollable).await
    }

    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        poll::HostPollable::ready(self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        poll::HostPollable::drop(self.table, pollable)
    }
}

impl streams::Host for IoView<'_> {
    fn convert_stream_error(
        &mut self,
        error: StreamError,
    ) -> wasmtime::Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.table, error)
    }
}

impl streams::HostOutputStream for IoView<'_> {
    async fn drop(&mut self, stream: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        streams::HostOutputStream::drop(self.table, stream).await
    }

    fn check_write(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        streams::HostOutputStream::check_write(self.table, stream)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> {
        let permitted = self.table.get_mut(&stream)?.check_write()?;
        if bytes.len() > permitted {
            let problem = format!(
                "a write of {} bytes where `check-write` permits {permitted}",
                bytes.len()
            );
            return Err(against_the_rules(problem));
        }
        streams::HostOutputStream::write(self.table, stream, bytes)
    }

    fn subscribe(
        &mut self,
        stream: Resource<DynOutputStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.table, stream)
    }

    async fn blocking_write_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        small(bytes.len() as u64)?;
        streams::HostOutputStream::blocking_write_and_flush(self.table, stream, bytes).await
    }

    async fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        small(len)?;
        streams::HostOutputStream::blocking_write_zeroes_and_flush(self.table, stream, len).await
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        let permitted = self.table.get_mut(&stream)?.check_write()? as u64;
        if len > permitted {
            return Err(against_the_rules(format!(
                "{len} zeroes where `check-write` permits {permitted}"
            )));
        }
        streams::HostOutputStream::write_zeroes(self.table, stream, len)
    }

    fn flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        streams::HostOutputStream::flush(self.table, stream)
    }

    async fn blocking_flush(&mut self, stream: Resource<DynOutputStream>) -> StreamResult<()> {
        streams::HostOutputStream::blocking_flush(self.table, stream).await
    }

    fn splice(
        &mut self,
        into: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        streams::HostOutputStream::splice(self.table, into, from, len.min(MAX_READ))
    }

    async fn blocking_splice(
        &mut self,
        into: Resource<DynOutputStream>,
        from: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        streams::HostOutputStream::blocking_splice(self.table, into, from, len.min(MAX_READ)).await
    }
}

impl streams::HostInputStream for IoView<'_> {
    async fn drop(&mut self, stream: Resource<DynInputStream>) -> wasmtime::Result<()> {
        streams::HostInputStream::drop(self.table, stream).await
    }

    fn read(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        streams::HostInputStream::read(self.table, stream, len.min(MAX_READ))
    }

    async fn blocking_read(
        &mut self,
        stream: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<Vec<u8>> {
        streams::HostInputStream::blocking_read(self.table, stream, len.min(MAX_READ)).await
    }

    fn skip(&mut self, stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        streams::HostInputStream::skip(self.table, stream, len.min(MAX_READ))
    }

    async fn blocking_skip(
        &mut self,
        stream: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        streams::HostInputStream::blocking_skip(self.table, stream, len.min(MAX_READ)).await
    }

    fn subscribe(
        &mut self,
        stream: Resource<DynInputStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.table, stream)
    }
}

/// Refuses a blocking write beyond the size that the interface says.
fn small(len: u64) -> StreamResult<()> {
    if len > MAX_BLOCKING_WRITE {
        let problem =
            format!("a blocking write of {len} bytes: at most {MAX_BLOCKING_WRITE} are taken");
        return Err(against_the_rules(problem));
    }
    Ok(())
}
