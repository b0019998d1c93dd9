//! Secrets that go into requests.

use cofferdam_capability::Host;
use http::{HeaderName, HeaderValue};

/// A header with a secret in it, for one host. Whoever calls a component hands these over, call by
/// call.
#[derive(Debug, Clone)]
pub struct Injection {
    pub(super) host: Host,
    pub(super) header: HeaderName,
    pub(super) value: HeaderValue,
}

impl Injection {
    /// `value` is the whole value of the header. `None` when HTTP does not allow such a header.
    pub fn new(host: Host, header: &str, value: &[u8]) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value).ok()?;
        value.set_sensitive(true);
        Some(Self {
            host,
            header: header.parse().ok()?,
            value,
        })
    }
}
