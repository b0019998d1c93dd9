//! The data of the host for one call.

use std::time::Instant;

use cofferdam_capability::Account;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView};

use crate::filesystem::{Files, FilesView};
use crate::host::Conversation;
use crate::http::{Egress, Holdings, HttpView};
use crate::io::IoView;
use crate::limiter::Limiter;
use crate::network::Record;
use crate::random::Random;
use crate::tcp::{Sockets, SocketsView};
use crate::transfer::Transfer;

/// The data of one store: made for a call, gone with it.
pub(crate) struct State {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    /// The memory that the host holds for the guest.
    pub(crate) account: Account,
    /// Handles that the guest may hold.
    pub(crate) handles: u64,
    pub(crate) limiter: Limiter,
    /// Random bytes that one request may ask for.
    pub(crate) random: u64,
    pub(crate) http: WasiHttpCtx,
    /// Memory behind its HTTP resources.
    pub(crate) holdings: Holdings,
    /// Every request goes through here.
    pub(crate) egress: Egress,
    pub(crate) sockets: Sockets,
    /// Hosts that either has contacted, and refusals.
    pub(crate) record: Record,
    pub(crate) files: Files,
    /// Messages and calls of the guest.
    pub(crate) conversation: Conversation,
    /// The moment at which the guest last got its thread.
    pub(crate) slice_began: Instant,
    /// Data that may be copied out of the guest at once.
    pub(crate) transfer: Transfer,
}

impl State {
    /// The sockets of the call, as far as its grant goes.
    pub(crate) fn granted_sockets(&mut self) -> SocketsView<'_> {
        let Self {
            wasi,
            table,
            sockets,
            ..
        } = self;
        sockets.view(WasiSocketsCtxView {
            ctx: wasi.sockets(),
            table,
        })
    }

    /// The streams and pollables of the call, bounded.
    pub(crate) fn io(&mut self) -> IoView<'_> {
        let Self {
            table,
            account,
            handles,
            ..
        } = self;
        IoView {
            table,
            account,
            handles: *handles,
        }
    }

    /// The random numbers of the call, so many at once.
    pub(crate) fn bounded_random(&mut self) -> Random<'_> {
        Random {
            wasi: self.wasi.random(),
            most: self.random,
        }
    }

    /// The HTTP resources of the call, on its account.
    pub(crate) fn http_resources(&mut self) -> HttpView<'_> {
        let Self {
            table,
            egress,
            http,
            holdings,
            ..
        } = self;
        HttpView {
            wasi: WasiHttpCtxView {
                hooks: egress,
                table,
                ctx: http,
            },
            holdings,
        }
    }

    /// The conversation of the guest with its caller.
    pub(crate) fn conversation(&mut self) -> &mut Conversation {
        &mut self.conversation
    }

    /// The moment at which the guest last got its thread.
    pub(crate) fn slice_began(&mut self) -> &mut Instant {
        &mut self.slice_began
    }

    /// Data that may be copied out of the guest at once.
    pub(crate) fn transfer(&mut self) -> &mut Transfer {
        &mut self.transfer
    }

    /// The files of the call, counted.
    pub(crate) fn files(&mut self) -> FilesView<'_> {
        let Self {
            wasi, table, files, ..
        } = self;
        files.view(WasiFilesystemCtxView {
            ctx: wasi.filesystem(),
            table,
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}
