//! What the host keeps for one call.

use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::sockets::WasiSocketsCtxView;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::filesystem::{Files, FilesView};
use crate::host::Conversation;
use crate::http::Egress;
use crate::limiter::Limiter;
use crate::tcp::{Sockets, SocketsView};

/// The data of one store: made for a call, gone with it.
pub(crate) struct State {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
    /// Random bytes that one request may ask for.
    pub(crate) random: u64,
    pub(crate) http: WasiHttpCtx,
    /// Every request goes through here.
    pub(crate) egress: Egress,
    pub(crate) sockets: Sockets,
    pub(crate) files: Files,
    /// What the guest tells and asks.
    pub(crate) conversation: Conversation,
    /// When the guest last got its thread.
    pub(crate) slice_began: Instant,
}

impl State {
    /// The sockets of the call, as far as its grant goes.
    pub(crate) fn granted_sockets(&mut self) -> SocketsView<'_> {
        let Self { wasi, table, sockets, .. } = self;
        sockets.view(WasiSocketsCtxView { ctx: wasi.sockets(), table })
    }

    /// The files of the call, counted.
    pub(crate) fn files(&mut self) -> FilesView<'_> {
        let Self { wasi, table, files, .. } = self;
        files.view(WasiFilesystemCtxView { ctx: wasi.filesystem(), table })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}
