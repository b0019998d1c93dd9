//! The sockets of a call, counted.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use cofferdam_capability::{Account, Grant};
use wasmtime_wasi::p2::SocketResult;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsCtxView};

use super::destinations::Destinations;
use crate::network::{Connect, Record};

/// Memory for each socket in bytes: as much as a write that waits for a slow server takes, and as
/// much as one read (64 KiB each, as wasmtime-wasi does it).
const BUFFERS: usize = 2 * (64 << 10);

/// Sockets and lookups of one call.
pub(crate) struct Sockets {
    account: Account,
    pub(super) destinations: Destinations,
    pub(super) network: Arc<dyn Connect>,
    /// Sockets and lookups that the call may make, each.
    pub(super) most: u64,
    made: u64,
    pub(super) lookups: u64,
}

/// wasmtime-wasi's sockets with the grant before them.
pub(crate) struct SocketsView<'a> {
    pub(super) wasi: WasiSocketsCtxView<'a>,
    pub(super) sockets: &'a mut Sockets,
}

/// A yes or no of wasmtime-wasi's check, which it waits for.
type Verdict = Pin<Box<dyn Future<Output = bool> + Send + Sync>>;

impl Sockets {
    /// Begins without a socket. `record` is that of the call's HTTP: hosts and refusals stand
    /// together in its receipt.
    pub(crate) fn new(
        grant: &Grant,
        network: Arc<dyn Connect>,
        account: Account,
        record: Record,
    ) -> Self {
        let destinations = Destinations::new(grant, record);
        Self {
            account,
            destinations,
            network,
            most: grant.limits().tcp_connections.0,
            made: 0,
            lookups: 0,
        }
    }

    /// Returns the check that wasmtime-wasi makes before it does anything with an address.
    pub(crate) fn check(
        &self,
    ) -> impl Fn(SocketAddr, SocketAddrUse) -> Verdict + Send + Sync + 'static {
        let destinations = self.destinations.clone();
        move |address, used| Box::pin(ready(destinations.allows(address, used)))
    }

    pub(crate) fn view<'a>(&'a mut self, wasi: WasiSocketsCtxView<'a>) -> SocketsView<'a> {
        SocketsView {
            wasi,
            sockets: self,
        }
    }

    /// Takes the place and the memory of one more socket, both for as long as the call lasts.
    /// Returns false if there is none.
    pub(super) fn may_make(&mut self) -> bool {
        self.made = self.made.saturating_add(1);
        if self.made > self.most {
            self.destinations
                .record
                .beyond("tcp-connections", self.most);
        }
        self.made <= self.most && self.account.charge("buffers of a socket", BUFFERS).is_ok()
    }
}

impl SocketsView<'_> {
    /// Notes a refusal for the receipt, and refuses the guest.
    pub(super) fn refuse<T>(&self, refusal: &str) -> SocketResult<T> {
        self.sockets.destinations.record.refuse(refusal);
        Err(ErrorCode::AccessDenied.into())
    }
}
