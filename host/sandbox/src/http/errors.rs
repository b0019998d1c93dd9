//! Failures of the protocol, as errors of `wasi:http`.

use std::error::Error as _;

use wasmtime_wasi_http::Error;

use super::limits::MAX_HEADER_BYTES;

/// Returns the error that a guest gets for a failure of the protocol. An error of our own comes
/// back as itself.
pub(super) fn of_hyper(error: &hyper::Error) -> Error {
    if let Some(Error::HttpRequestBodySize(size)) =
        error.source().and_then(|source| source.downcast_ref())
    {
        return Error::HttpRequestBodySize(*size);
    }
    if error.is_parse_too_large() {
        return Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_HEADER_BYTES).ok());
    }
    if error.is_incomplete_message() {
        return Error::HttpResponseIncomplete;
    }
    if error.is_closed() || error.is_canceled() || error.is_body_write_aborted() {
        return Error::ConnectionTerminated;
    }
    Error::HttpProtocolError
}
