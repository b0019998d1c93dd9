//! The `cofferdam` binary: the only crate that knows proto, HTTP, argv and environment.

#![allow(clippy::disallowed_methods, reason = "this crate is where argv, environment and the operator's paths come in")]

mod access;
mod arguments;
mod cli;
mod client;
mod cmd;
mod config;
mod console;
mod descriptors;
mod directory;
mod edge;
mod error;
mod grpc;
mod guard;
mod host;
mod mcp;
mod offers;
mod paths;
mod progress;
mod remedy;
mod secret;
mod signals;
mod token;

use std::process::ExitCode;

use mimalloc::MiMalloc;

use crate::error::Failure;

/// The system's allocator takes a tenth of a call, and more where calls end on another thread than they began on.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // The engine starts this binary again to compile; nothing else may happen before.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "compile-worker") {
        return cmd::compile::run();
    }
    std::panic::set_hook(Box::new(console::panicked));
    match run().and_then(|()| console::finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let cli = cli::parse()?;
    console::log(cli.command.log_level());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::work(format!("the async runtime cannot start: {error}")))?;
    let done = runtime.block_on(cmd::run(cli));
    // Reads of a file system or a terminal that never return must not keep the process from ending.
    runtime.shutdown_background();
    done
}
