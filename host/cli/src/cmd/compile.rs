//! `cofferdam compile-worker`: what the engine starts to compile a component. It is no command for
//! people.

use std::process::ExitCode;

use cofferdam_tool::{NotCompiled, compile_worker};

use crate::console;
use crate::error::Failure;
use crate::threads;

pub(crate) fn run() -> ExitCode {
    let compiled = threads::suffice(false)
        .map_err(|failure| NotCompiled::in_host(failure.sentence()))
        .and_then(|()| compile_worker());
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => refused(&problem),
    }
}

/// Says that the system does not let this process begin.
pub(crate) fn cannot_begin(failure: &Failure) -> ExitCode {
    refused(&NotCompiled::in_host(failure.sentence()))
}

fn refused(problem: &NotCompiled) -> ExitCode {
    console::note(&problem.to_string());
    ExitCode::from(problem.exit_code())
}
