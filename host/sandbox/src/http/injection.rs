//! Secrets that go into requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cofferdam_capability::Host;
use http::{HeaderName, HeaderValue, StatusCode};

/// A header with a secret in it, for one host. Whoever calls a component hands these over, call by
/// call.
#[derive(Debug, Clone)]
pub struct Injection {
    pub(super) host: Host,
    pub(super) header: HeaderName,
    pub(super) value: HeaderValue,
    rejected: Rejected,
}

/// Set when the server of an injection answers that the credentials are not valid. Clones are the
/// same.
#[derive(Debug, Clone, Default)]
pub struct Rejected(Arc<AtomicBool>);

impl Injection {
    /// `value` is the whole value of the header. `None` when HTTP does not allow such a header.
    pub fn new(host: Host, header: &str, value: &[u8]) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value).ok()?;
        value.set_sensitive(true);
        Some(Self {
            host,
            header: header.parse().ok()?,
            value,
            rejected: Rejected::default(),
        })
    }

    /// The sign that the server took it for invalid.
    pub fn rejected(&self) -> Rejected {
        self.rejected.clone()
    }

    /// Notes the status of the response to a request with this header.
    pub(super) fn answered(&self, status: StatusCode) {
        if status == StatusCode::UNAUTHORIZED {
            self.rejected.0.store(true, Ordering::Relaxed);
        }
    }
}

impl Rejected {
    /// Returns true if the server answered 401 (RFC 9110, section 15.5.2).
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
