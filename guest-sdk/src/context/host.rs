//! In a component: the host's functions.

use std::time::Duration;

use super::{CallError, Context, Level, Outcome};
use crate::glue::bindings::cofferdam::tool::{calls, host};

/// The one call of this instance.
#[derive(Debug)]
pub(super) struct Inner;

impl Context {
    #[doc(hidden)]
    pub fn of_call() -> Self {
        Self { inner: Inner }
    }
}

impl Inner {
    pub(super) fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        };
        host::log(level, message);
    }

    pub(super) fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        host::progress(done, total, message);
    }

    pub(super) fn deadline_left(&self) -> Duration {
        Duration::from_millis(host::deadline_left())
    }

    #[cfg(all(feature = "http", target_os = "wasi"))]
    pub(super) fn send(
        &self,
        request: &crate::http::Request,
    ) -> Result<crate::http::Response, crate::http::Failure> {
        use std::io::Read;

        use cofferdam_http::{Failure, Kind, MAX_REDIRECTS, Response, follow};
        let (answer, _) = follow(request.clone(), MAX_REDIRECTS, false, |_| ())?;
        let Response {
            status,
            headers,
            body: mut stream,
        } = answer;
        let mut body = Vec::new();
        stream
            .read_to_end(&mut body)
            .map_err(|error| Failure::new(Kind::Broken, error.to_string()))?;
        Ok(crate::http::Response {
            status,
            headers,
            body,
        })
    }

    pub(super) fn call(&self, tool: &str, input: &str) -> Result<String, CallError> {
        calls::call(tool, input).map_err(|failure| {
            let outcome = match failure.outcome {
                calls::Outcome::GuestError => Outcome::GuestError,
                calls::Outcome::Trap => Outcome::Trap,
                calls::Outcome::OutOfFuel => Outcome::OutOfFuel,
                calls::Outcome::OutOfMemory => Outcome::OutOfMemory,
                calls::Outcome::StackOverflow => Outcome::StackOverflow,
                calls::Outcome::Deadline => Outcome::Deadline,
                calls::Outcome::Cancelled => Outcome::Cancelled,
                calls::Outcome::Denied => Outcome::Denied,
                calls::Outcome::HostCallTooLarge => Outcome::HostCallTooLarge,
                calls::Outcome::HostFault => Outcome::HostFault,
            };
            CallError {
                outcome,
                message: failure.message,
            }
        })
    }
}
