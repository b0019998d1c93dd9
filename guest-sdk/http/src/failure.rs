//! The reasons for which there is no response, in words for who asked.

use std::error::Error;
use std::fmt;

#[cfg(target_os = "wasi")]
use wasip2::http::types::ErrorCode;

#[cfg(target_os = "wasi")]
use crate::Request;

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The text is not a URL, or one that is not sent.
    Url,
    /// The URL is of another scheme than http and https.
    Scheme,
    /// The host does not let this tool send that request.
    Denied,
    /// The name has no address.
    Name,
    /// There is no connection.
    Connect,
    /// It took too long.
    Timeout,
    /// TLS failed.
    Tls,
    /// There are more redirects than were asked for.
    Redirects,
    /// The response is larger than a call may read.
    TooLarge,
    /// Anything else.
    Broken,
}

/// The reason for which there is no response, or no more of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub kind: Kind,
    /// The sentence for it.
    pub sentence: String,
}

impl Failure {
    /// A failure of this kind, in one sentence.
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }

    /// The host's answer instead of a response.
    #[cfg(target_os = "wasi")]
    pub(crate) fn of(code: &ErrorCode, request: &Request) -> Self {
        let method = &request.method;
        let url = &request.url;
        let host = url.host_str().unwrap_or_default();
        let (kind, sentence) = match code {
            ErrorCode::HttpRequestDenied => (
                Kind::Denied,
                format!(
                    "{method} {url} is not granted to this tool: only the operator can grant {host}"
                ),
            ),
            ErrorCode::DestinationIpProhibited => (
                Kind::Denied,
                format!(
                    "{host} leads to an address inside a private network, which is not granted to \
                     this tool"
                ),
            ),
            ErrorCode::HttpRequestUriInvalid => (
                Kind::Denied,
                format!("the host does not take {url} as a URL"),
            ),
            ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
                (Kind::Name, format!("could not resolve host: {host}"))
            }
            ErrorCode::ConnectionRefused | ErrorCode::DestinationUnavailable => (
                Kind::Connect,
                format!("failed to connect to {host}: connection refused"),
            ),
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => {
                (Kind::Timeout, format!("{host} did not answer in time"))
            }
            ErrorCode::TlsCertificateError
            | ErrorCode::TlsProtocolError
            | ErrorCode::TlsAlertReceived(_) => (
                Kind::Tls,
                format!(
                    "no safe connection to {host}: its certificate is not trusted, or TLS failed"
                ),
            ),
            ErrorCode::HttpResponseBodySize(_) => (Kind::TooLarge, beyond_the_limit(host)),
            ErrorCode::ConnectionLimitReached => (
                Kind::Broken,
                "more requests at once than a call may have".to_owned(),
            ),
            other => (Kind::Broken, format!("{host}: {other:?}")),
        };
        Self { kind, sentence }
    }
}

/// The response was cut by the limit of a call.
#[cfg(target_os = "wasi")]
fn beyond_the_limit(host: &str) -> String {
    format!(
        "the response of {host} is larger than a call may read (10 MiB unless the operator says \
         otherwise)"
    )
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Failure {}
