//! Failures of a vendor: if they may pass, and what the caller may know of them.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use genai::webc;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::provider::Provider;
use crate::error::{Error, FailureKind};

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

/// Characters that begin a new line without being control characters.
const LINES: [char; 2] = ['\u{2028}', '\u{2029}'];

/// The names vendors give, inside a stream that began well, to what would have been a 429 before
/// it.
const RATE_LIMITED: &[&str] = &["rate_limit_error", "rate_limit_exceeded"];

/// And to what would have been a 5xx.
const UNAVAILABLE: &[&str] = &["api_error", "overloaded_error", "server_error"];

/// The names of a conversation that is too long. Most vendors answer 400 to it.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size_error",
    "model_context_window_exceeded",
    "request_too_large",
    "string_above_max_length",
];

/// The beginnings of sentences of vendors that have no name for it: Anthropic's and Google's.
const TOO_LONG_WORDS: &[&str] = &["prompt is too long", "the input token count"];

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// For the caller: the rest of a sentence that begins with the provider.
    pub(super) message: String,
    /// For the log.
    pub(super) cause: String,
    pub(super) kind: FailureKind,
    /// Time that the vendor wants to be left alone.
    retry_after: Option<Duration>,
}

impl Failure {
    /// The failure as the caller of this provider sees it.
    pub(super) fn error(self, provider: &Provider) -> Error {
        Error::Vendor {
            provider: provider.id.clone(),
            message: self.message,
            kind: self.kind,
        }
    }

    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            cause: message.clone(),
            message,
            kind,
            retry_after: None,
        }
    }

    /// The provider does not take the request.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Invalid, message)
    }

    /// The answer cannot be taken.
    pub(super) fn answer(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Answer, message)
    }

    /// The provider cannot be asked now.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }

    /// Classifies by type, never by text.
    pub(super) fn of(error: &genai::Error, provider: &Provider) -> Self {
        let mut failure = classify(error, provider);
        failure.message = provider.redact(&failure.message);
        failure.cause = provider
            .redact(&error.to_string())
            .replace(char::is_control, " ")
            .chars()
            .take(4 * MAX_EXPLANATION)
            .collect();
        failure
    }

    /// Returns the time to wait before asking again, or none if that makes no sense. `waits` has
    /// one for each retry.
    pub(super) fn wait(&self, waits: &mut ExponentialBackoff) -> Option<Duration> {
        let wait = waits.next().filter(|_| self.kind.may_pass())?;
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
            _ => Failure::answer("answered in a way that is not its protocol"),
        },
        // A stream wraps what broke it, be it an answer with a status or a connection.
        genai::Error::WebStream { error, .. } => {
            if let Some(error) = error.downcast_ref::<genai::Error>() {
                classify(error, provider)
            } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
                unreachable(error)
            } else {
                Failure::answer("answered in a way that is not its protocol")
            }
        }
        genai::Error::ChatResponse { body, .. } => reported(body),
        genai::Error::AdapterNotSupported { feature, .. } => {
            Failure::invalid(format!("does not support {feature}"))
        }
        // genai's way to pass on a failure of OpenAI's responses: their words, without a place in
        // a text that was parsed.
        genai::Error::StreamParse { serde_error, .. } if serde_error.line() == 0 => {
            let words = serde_error.to_string();
            Failure::unavailable(format!("reported an error: {}", one_line(&words)))
        }
        genai::Error::StreamParse { .. }
        | genai::Error::JsonValueExt(_)
        | genai::Error::SerdeJson(_) => {
            Failure::answer("answered in a way that is not its protocol")
        }
        _ => Failure::invalid("could not be asked this"),
    }
}

/// The vendor answered with a status that is not success.
fn answered(status: StatusCode, body: &str, headers: &HeaderMap, provider: &Provider) -> Failure {
    // A vendor that refuses a key likes to repeat parts of it, so none of its words are passed on.
    if status == StatusCode::UNAUTHORIZED {
        return Failure::new(
            FailureKind::Auth,
            format!(
                "answered {status}: check the key in {}",
                provider.key_variable
            ),
        );
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let words = explanation(&body);
    let kind = if is_too_long(&body) {
        FailureKind::TooLong
    } else {
        of_status(status)
    };
    let words = words.map_or(String::new(), |words| format!(": {words}"));
    Failure {
        retry_after: retry_after(headers),
        ..Failure::new(kind, format!("answered {status}{words}"))
    }
}

/// The vendor gave up in the middle of a stream, too late for a status.
fn reported(body: &Value) -> Failure {
    let named = |names: &[&str]| {
        ["/type", "/error/type", "/code", "/error/code"]
            .iter()
            .filter_map(|path| body.pointer(path)?.as_str())
            .any(|name| names.contains(&name))
    };
    let coded = ["/code", "/error/code"]
        .iter()
        .filter_map(|path| body.pointer(path)?.as_u64())
        .filter_map(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok())
        .map(of_status)
        .next();
    let kind = if is_too_long(body) {
        FailureKind::TooLong
    } else if named(RATE_LIMITED) {
        FailureKind::RateLimited
    } else if named(UNAVAILABLE) {
        FailureKind::Unavailable
    } else {
        coded.unwrap_or(FailureKind::Invalid)
    };
    let words = explanation(body).unwrap_or_else(|| "it did not say which".into());
    Failure::new(kind, format!("reported an error: {words}"))
}

fn of_status(status: StatusCode) -> FailureKind {
    match status {
        StatusCode::TOO_MANY_REQUESTS => FailureKind::RateLimited,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PAYMENT_REQUIRED => {
            FailureKind::Auth
        }
        StatusCode::PAYLOAD_TOO_LARGE => FailureKind::TooLong,
        status if status.is_server_error() => FailureKind::Unavailable,
        _ => FailureKind::Invalid,
    }
}

/// Returns true if the vendor says that the conversation is longer than its model reads.
fn is_too_long(body: &Value) -> bool {
    let named = ["/error/code", "/error/type", "/code", "/type"]
        .iter()
        .filter_map(|path| body.pointer(path)?.as_str())
        .any(|name| TOO_LONG.contains(&name));
    named
        || explanation(body).is_some_and(|words| {
            let words = words.to_ascii_lowercase();
            TOO_LONG_WORDS.iter().any(|begin| words.starts_with(begin))
        })
}

/// There was no answer, or it broke off.
fn unreachable(error: &reqwest::Error) -> Failure {
    if error.is_builder() {
        Failure::invalid("could not be asked: the key or the address cannot be put into a request")
    } else if error.is_connect() {
        Failure::unavailable("could not be reached")
    } else if error.is_timeout() {
        Failure::unavailable("did not answer in time")
    } else {
        Failure::unavailable("closed the connection before the answer was complete")
    }
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
    Some(one_line(words)).filter(|line| !line.is_empty())
}

fn one_line(words: &str) -> String {
    let line: String = words
        .chars()
        .map(|c| {
            if c.is_control() || LINES.contains(&c) {
                ' '
            } else {
                c
            }
        })
        .take(MAX_EXPLANATION)
        .collect();
    line.trim().to_owned()
}
