//! The lines of a request in the log: one when it begins, one when it has ended.

use super::code::Status;
use super::echo::Echo;
use super::request::Request;
use super::response::Ended;

/// The most bytes of a field of a request that the log keeps.
const MAX_LOGGED: usize = 128;

/// A request that was begun.
#[derive(Debug)]
pub(super) struct Logged {
    tool: String,
}

impl Logged {
    /// Writes that a request begins, with the labels that its caller gives it.
    pub(super) fn begin(request: &Request, echo: &Echo) -> Self {
        let capabilities = request.capabilities.join(",");
        let scopes = request.auth.scopes.join(",");
        tracing::info!(
            request = cut(&echo.request_id),
            trace = cut(&echo.trace.trace_id),
            span = cut(&echo.trace.span_id),
            attempt = echo.attempt,
            tool = cut(&request.tool),
            task = cut(&request.task_id),
            namespace = cut(&request.namespace),
            capabilities = cut(&capabilities),
            risk = cut(&request.risk_level),
            profile = cut(&request.auth.profile),
            scopes = cut(&scopes),
            "contract call begins"
        );
        Self {
            tool: request.tool.clone(),
        }
    }

    /// Writes how it has ended.
    pub(super) fn end(self, echo: &Echo, ended: &Ended) {
        let failure = ended.result.as_ref().err();
        let status = failure.map_or(Status::Ok, |failure| failure.code.status());
        tracing::info!(
            request = cut(&echo.request_id),
            trace = cut(&echo.trace.trace_id),
            span = cut(&echo.trace.span_id),
            tool = cut(&self.tool),
            status = status.as_str(),
            code = failure.map_or("", |failure| failure.code.as_str()),
            reason = failure.map_or("", |failure| failure.code.reason()),
            retryable = failure.is_some_and(|failure| failure.retryable),
            duration_ms = ended.duration_ms,
            retries = ended.retries,
            "contract call ended"
        );
    }
}

/// The beginning of a text that a client chose.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_LOGGED))
        .unwrap_or_default()
}
