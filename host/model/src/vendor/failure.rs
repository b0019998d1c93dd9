//! Failures of a vendor: if they may pass, and what the caller may know of them.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use genai::webc;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::provider::Provider;
use crate::error::Error;

/// Number of times a turn is tried again. Agents built for other hosts expect two; more would only
/// add to an overload.
const RETRIES: usize = 2;

/// The shortest first wait; the second is twice as long. Rate limits are counted in seconds. Up to
/// as much is added at random, so that many agents do not come back at once.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest wait a vendor can ask for. Who asks for more has run out of quota, and the caller
/// should know now.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The most characters of a vendor's own explanation that are repeated: two or three sentences.
const MAX_EXPLANATION: usize = 300;

/// The names vendors give, inside a stream that began well, to what would have been a 429 or a 5xx
/// before it.
const PASSING: &[&str] = &[
    "api_error",
    "overloaded_error",
    "rate_limit_error",
    "rate_limit_exceeded",
    "server_error",
];

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// For the caller: the rest of a sentence that begins with the provider.
    pub(super) message: String,
    /// For the log.
    pub(super) cause: String,
    /// True if the same request may succeed later.
    pub(super) passing: bool,
    /// Time that the vendor wants to be left alone.
    retry_after: Option<Duration>,
}

impl Failure {
    /// The failure as the caller of this provider sees it.
    pub(super) fn error(self, provider: &Provider) -> Error {
        Error::Vendor {
            provider: provider.id.clone(),
            message: self.message,
            retryable: self.passing,
        }
    }

    /// Asking again will not help.
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            cause: message.clone(),
            message,
            passing: false,
            retry_after: None,
        }
    }

    /// Asking again may help.
    pub(super) fn passing(message: impl Into<String>) -> Self {
        Self {
            passing: true,
            ..Self::lasting(message)
        }
    }

    /// Classifies by type, never by text.
    pub(super) fn of(error: &genai::Error, provider: &Provider) -> Self {
        let mut failure = classify(error, provider);
        failure.message = provider.redact(&failure.message);
        failure.cause = provider
            .redact(&error.to_string())
            .chars()
            .take(4 * MAX_EXPLANATION)
            .collect();
        failure
    }

    /// Returns the time to wait before asking again, or none if that makes no sense. `waits` has
    /// one for each retry.
    pub(super) fn wait(&self, waits: &mut ExponentialBackoff) -> Option<Duration> {
        let wait = waits.next().filter(|_| self.passing)?;
        let wait = self.retry_after.unwrap_or(wait);
        (wait <= LONGEST_WAIT).then_some(wait)
    }
}

/// The waits between the attempts at one turn.
pub(super) fn waits() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(RETRIES)
        .with_jitter()
        .build()
}

fn classify(error: &genai::Error, provider: &Provider) -> Failure {
    match error {
        genai::Error::HttpError {
            status,
            body,
            headers,
            ..
        } => answered(*status, body, headers, provider),
        genai::Error::WebModelCall { webc_error, .. }
        | genai::Error::WebAdapterCall { webc_error, .. } => match webc_error {
            webc::Error::ResponseFailedStatus {
                status,
                body,
                headers,
            } => answered(*status, body, headers, provider),
            webc::Error::Reqwest(error) => unreachable(error),
            _ => Failure::lasting("answered in a way that is not its protocol"),
        },
        // A stream wraps what broke it, be it an answer with a status or a connection.
        genai::Error::WebStream { error, .. } => {
            if let Some(error) = error.downcast_ref::<genai::Error>() {
                classify(error, provider)
            } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                unreachable(error)
            } else {
                Failure::lasting("answered in a way that is not its protocol")
            }
        }
        genai::Error::ChatResponse { body, .. } => reported(body),
        genai::Error::AdapterNotSupported { feature, .. } => {
            Failure::lasting(format!("does not support {feature}"))
        }
        genai::Error::StreamParse { .. }
        | genai::Error::JsonValueExt(_)
        | genai::Error::SerdeJson(_) => {
            Failure::lasting("answered in a way that is not its protocol")
        }
        _ => Failure::lasting("could not be asked this"),
    }
}

/// The vendor answered with a status that is not success.
fn answered(status: StatusCode, body: &str, headers: &HeaderMap, provider: &Provider) -> Failure {
    // A vendor that refuses a key likes to repeat parts of it, so none of its words are passed on.
    if status == StatusCode::UNAUTHORIZED {
        return Failure::lasting(format!(
            "answered {status}: check the key in {}",
            provider.key_variable
        ));
    }
    let words = serde_json::from_str(body)
        .ok()
        .and_then(|body| explanation(&body));
    Failure {
        passing: is_passing(status),
        retry_after: retry_after(headers),
        ..Failure::lasting(format!(
            "answered {status}{}",
            words.map_or(String::new(), |words| format!(": {words}"))
        ))
    }
}

/// The vendor gave up in the middle of a stream, too late for a status.
fn reported(body: &Value) -> Failure {
    let named = |path: &str| {
        body.pointer(path)
            .and_then(Value::as_str)
            .is_some_and(|name| PASSING.contains(&name))
    };
    let coded = |path: &str| {
        let code = body
            .pointer(path)
            .and_then(Value::as_u64)
            .and_then(|code| u16::try_from(code).ok());
        code.and_then(|code| StatusCode::from_u16(code).ok())
            .is_some_and(is_passing)
    };
    let passing = ["/type", "/error/type"].into_iter().any(named)
        || ["/code", "/error/code"].into_iter().any(coded);
    let words = explanation(body).unwrap_or_else(|| "it did not say which".into());
    Failure {
        passing,
        ..Failure::lasting(format!("reported an error: {words}"))
    }
}

/// There was no answer, or it broke off.
fn unreachable(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        Failure::lasting("could not be asked: the key or the address cannot be put into a request")
    } else if error.is_connect() {
        Failure::passing("could not be reached")
    } else if error.is_timeout() {
        Failure::passing("did not answer in time")
    } else {
        Failure::passing("closed the connection before the answer was complete")
    }
}

fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// Milliseconds in the header some vendors add, or else seconds. The third form, a date, no model
/// vendor sends.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The vendor's own sentence, in the places where vendors put it, on one line and cut to a readable
/// length.
fn explanation(body: &Value) -> Option<String> {
    let places = [
        "/error/message",
        "/0/error/message",
        "/message",
        "/error",
        "/detail",
    ];
    let words = places
        .into_iter()
        .find_map(|place| body.pointer(place)?.as_str())?;
    let line: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_EXPLANATION)
        .collect();
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}
