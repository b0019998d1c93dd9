//! Limits of every exchange over HTTP.

use cofferdam_capability::Limits;

/// All headers of one request or response together, in bytes (64 KiB). Servers take 8 to 32 KiB.
pub(super) const MAX_HEADER_BYTES: usize = 64 << 10;

/// Headers of one request or response; hyper's own number.
pub(super) const MAX_HEADERS: usize = 100;

/// Maximum bytes that one write of a guest hands over (64 KiB): all that is on its way is memory of
/// the host.
pub(super) const WRITE_CHUNK: usize = 64 << 10;

/// Memory of one exchange at most, in bytes (512 KiB): what hyper reads ahead, the buffers of TLS,
/// and of the connection.
pub(super) const EXCHANGE: usize = 512 << 10;

/// The limits of the call that its exchanges are checked against.
#[derive(Clone, Copy)]
pub(super) struct Caps {
    pub(super) requests: u64,
    pub(super) concurrent: u64,
    pub(super) request_body: u64,
    pub(super) response_body: u64,
}

impl Caps {
    pub(super) fn of(limits: &Limits) -> Self {
        Self {
            requests: limits.http_requests.0,
            concurrent: limits.http_concurrent.0,
            request_body: limits.http_request_body.0,
            response_body: limits.http_response.0,
        }
    }
}
