//! The functions that a component's imports are linked to.
//!
//! Every interface is named, because the whole-crate function of wasmtime-wasi would bring the
//! filesystem and the sockets without what stands before them here, and whatever a later version
//! adds.

use cofferdam_capability::Manifest;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::sockets::WasiSocketsView;

use crate::imports;
use crate::state::State;

/// The host's functions, linked once for each pool.
pub(crate) struct Linkers {
    plain: Linker<State>,
    /// The same with `wasi:http`, for components whose manifest declares it.
    with_http: Linker<State>,
}

impl Linkers {
    /// Links the host's functions for an engine of wasmtime.
    pub(crate) fn new(engine: &wasmtime::Engine) -> wasmtime::Result<Self> {
        let mut plain = Linker::new(engine);
        add_interfaces(&mut plain)?;
        let mut with_http = plain.clone();
        crate::http::add_to_linker(&mut with_http, State::http_resources)?;
        Ok(Self { plain, with_http })
    }

    /// Links a component to the functions that its manifest declares.
    pub(crate) fn instantiate_pre(
        &self,
        component: &Component,
        manifest: &Manifest,
    ) -> wasmtime::Result<InstancePre<State>> {
        let linker = if imports::links_http(manifest) {
            &self.with_http
        } else {
            &self.plain
        };
        imports::link(linker, component, manifest)?.instantiate_pre(component)
    }
}

/// Links every interface of WASI 0.2 that a command imports, and our own.
fn add_interfaces(l: &mut Linker<State>) -> wasmtime::Result<()> {
    crate::io::add_to_linker(l, State::io)?;

    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    crate::random::add_to_linker(l, State::bounded_random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;

    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;

    crate::filesystem::add_to_linker(l, State::files)?;
    crate::host::add_to_linker(l, State::conversation)?;
    crate::tcp::add_to_linker(l, State::granted_sockets, State::sockets)
}
