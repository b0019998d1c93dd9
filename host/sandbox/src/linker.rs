//! The functions that a component's imports are linked to.
//!
//! Every interface is named, because the whole-crate function of wasmtime-wasi would bring the filesystem and the
//! sockets without what stands before them here, and whatever a later version adds.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::sockets::WasiSocketsView;

use crate::state::State;

/// Links every interface of WASI 0.2 that a command imports, and our own.
pub(crate) fn add_interfaces(l: &mut Linker<State>) -> wasmtime::Result<()> {
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

/// Links `wasi:http`.
pub(crate) fn add_http(l: &mut Linker<State>) -> wasmtime::Result<()> {
    crate::http::add_to_linker(l, State::http_resources)
}
