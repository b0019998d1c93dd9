//! The sockets of a call, counted.

use std::future::{Future, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use cofferdam_capability::Grant;
use wasmtime_wasi::p2::SocketResult;
use wasmtime_wasi::p2::bindings::sockets::network::ErrorCode;
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsCtxView};

use super::destinations::Destinations;
use crate::network::{Connect, Record};

/// Sockets and lookups of one call.
pub(crate) struct Sockets {
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
    pub(crate) fn new(grant: &Grant, network: Arc<dyn Connect>, record: Record) -> Self {
        let destinations = Destinations::new(grant, record);
        Self {
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

    /// Returns true if one more socket may be made.
    pub(super) fn may_make(&mut self) -> bool {
        self.made = self.made.saturating_add(1);
        if self.made > self.most {
            self.destinations
                .record
                .beyond("tcp-connections", self.most);
        }
        self.made <= self.most
    }
}

impl SocketsView<'_> {
    /// Notes a refusal for the receipt, and refuses the guest.
    pub(super) fn refuse<T>(&self, refusal: &str) -> SocketResult<T> {
        self.sockets.destinations.record.refuse(refusal);
        Err(ErrorCode::AccessDenied.into())
    }
}
