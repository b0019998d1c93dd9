//! Why there is no response, in words for who asked.

use cofferdam_command::Stop;
use wasip2::http::types::ErrorCode;

use crate::Request;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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

/// Why there is no response, or no more of it.
#[derive(Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: Kind,
    /// The sentence for it.
    pub sentence: String,
}

impl Failure {
    pub(crate) fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }

    /// What the host answered instead of a response.
    pub(crate) fn of(code: &ErrorCode, request: &Request) -> Self {
        let (method, url) = (&request.method, &request.url);
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
fn beyond_the_limit(host: &str) -> String {
    format!(
        "the response of {host} is larger than a call may read (10 MiB unless the operator says \
         otherwise)"
    )
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::new(failure.sentence)
    }
}
