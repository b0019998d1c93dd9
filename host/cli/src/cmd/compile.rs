//! `cofferdam compile-worker`: what the engine starts to compile a component. It is no command for
//! people.

use std::process::ExitCode;

pub(crate) fn run() -> ExitCode {
    match cofferdam_tool::compile_worker() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            crate::console::note(&problem.to_string());
            ExitCode::FAILURE
        }
    }
}
