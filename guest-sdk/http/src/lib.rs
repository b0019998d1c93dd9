//! HTTP for tools, typed ones and commands: a request is sent, and its failure said in words.
//!
//! Over `wasi:http`, one request after another. Whether a request goes out is the host's decision;
//! here are the words for it. Redirects are followed here, because the host follows none: each hop
//! is a request that the host decides about.

#[cfg(target_os = "wasi")]
mod exchange;
mod failure;
#[cfg(target_os = "wasi")]
mod follow;
mod request;

#[cfg(target_os = "wasi")]
pub use exchange::{Body, Response, send};
pub use failure::{Failure, Kind};
#[cfg(target_os = "wasi")]
pub use follow::{MAX_REDIRECTS, follow};
pub use request::{Request, Waits, url};
pub use url::Url;

/// The usual words behind a status (RFC 9110, section 15), which `wasi:http` does not hand over.
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
