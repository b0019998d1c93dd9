//! The `cofferdam` binary as the compiler that the engine starts.

use cofferdam_sandbox::CompileError;

/// The reason for which a compiler has no code, as its host reads it.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NotCompiled(CompileError);

/// Compiles the component of standard input.
///
/// # Errors
///
/// If its limits cannot be set, or if the component cannot be compiled.
pub fn compile_worker() -> Result<(), NotCompiled> {
    cofferdam_sandbox::compile_worker().map_err(NotCompiled)
}

impl NotCompiled {
    /// The system does not give the compiler what it needs.
    pub fn in_host(problem: String) -> Self {
        Self(CompileError::Host(problem))
    }

    /// The exit code by which the host knows whose fault it is.
    pub fn exit_code(&self) -> u8 {
        self.0.exit_code()
    }
}
