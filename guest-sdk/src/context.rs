//! The parts of a call besides its input.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ToolError;

#[cfg(target_family = "wasm")]
mod host;
#[cfg(not(target_family = "wasm"))]
mod recorded;

#[cfg(target_family = "wasm")]
use host::Inner;
#[cfg(not(target_family = "wasm"))]
use recorded::Inner;
#[cfg(not(target_family = "wasm"))]
pub use recorded::Told;

/// The parts of a call besides its input: a log, its progress, the time that is left, and other
/// tools. A tool that wants it takes `&Context` as its second parameter.
///
/// In tests, [`Context::for_tests`] makes one that keeps what the tool tells.
#[derive(Debug)]
pub struct Context {
    inner: Inner,
}

/// The importance of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For who looks for a mistake in the tool.
    Debug,
    /// For who wants to know what it did.
    Info,
    /// Something was not as it should be, and the call goes on.
    Warn,
    /// Something went wrong.
    Error,
}

/// The end of a call of another tool that did not answer: the host's own names for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ran to its end and says that it failed, or it answered with something else than was asked
    /// for.
    GuestError,
    /// It did something that WebAssembly forbids, or gave up: a panic.
    Trap,
    /// Its fuel was used up.
    OutOfFuel,
    /// It asked for memory beyond its limit.
    OutOfMemory,
    /// Its calls went deeper than its stack.
    StackOverflow,
    /// Its time was up. It has no more than what the caller has left.
    Deadline,
    /// Nobody wants the answer any more.
    Cancelled,
    /// The host refused: not declared, not offered, nested too deep, or an input that does not fit.
    Denied,
    /// It handed the host more at once than it takes.
    HostCallTooLarge,
    /// The host failed.
    HostFault,
}

/// A call of another tool that did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
}

impl Context {
    /// Writes a line to the host's log, for its operator; no model reads it. A call has room for
    /// 256 lines and 64 KiB.
    pub fn log(&self, level: Level, message: impl AsRef<str>) {
        self.inner.log(level, message.as_ref());
    }

    /// Tells how far the call has come: `done` of `total`, in whatever the tool counts; `None` when
    /// it does not know the total. Whoever called may show it. A call has room for 256 of these.
    pub fn progress(&self, done: u64, total: impl Into<Option<u64>>, message: impl AsRef<str>) {
        self.inner.progress(done, total.into(), message.as_ref());
    }

    /// Time until the host stops this call.
    pub fn deadline_left(&self) -> Duration {
        self.inner.deadline_left()
    }

    /// Sends a request and waits for the whole answer. At most ten redirects are followed; each is
    /// a request of its own, which the host decides about. The manifest names the host in a row
    /// `[[http]]`; a secret in a row `[[secret]]` is added by the host.
    ///
    /// # Errors
    ///
    /// When there is no answer. A status such as 404 is one. `?` makes a [`ToolError`] of it:
    /// `unavailable`, where trying again can help.
    #[cfg(all(feature = "http", any(target_os = "wasi", not(target_family = "wasm"))))]
    pub fn send(
        &self,
        request: &crate::http::Request,
    ) -> Result<crate::http::Response, crate::http::Failure> {
        self.inner.send(request)
    }

    /// Calls another tool of the same agent and waits for its answer. The manifest names the tool
    /// in a row `[[call]]`. A command takes `{"args": […], "stdin": "…"}` and answers `{"stdout":
    /// "…", "stderr": "…"}`.
    ///
    /// # Errors
    ///
    /// When the tool did not answer, or not with an `Output`. `?` makes a [`ToolError`] of it:
    /// `failed`, with the message.
    pub fn call<Output: DeserializeOwned>(
        &self,
        tool: &str,
        input: &impl Serialize,
    ) -> Result<Output, CallError> {
        let wrong = |message: String| CallError {
            outcome: Outcome::GuestError,
            message,
        };
        let input = serde_json::to_string(input)
            .map_err(|error| wrong(format!("the input is no JSON: {error}")))?;
        let answer = self.inner.call(tool, &input)?;
        serde_json::from_str(&answer)
            .map_err(|error| wrong(format!("{tool} answered something else: {error}")))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CallError {}

impl From<CallError> for ToolError {
    fn from(error: CallError) -> Self {
        Self::failed(error.message)
    }
}
