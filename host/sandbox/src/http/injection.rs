//! Secrets that go into requests.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cofferdam_capability::Host;
use http::{HeaderName, HeaderValue, StatusCode};
use tokio::sync::Mutex;

/// A header with a secret in it, for one host. Whoever calls a component hands these over, call by
/// call. Clones are the same.
#[derive(Debug, Clone)]
pub struct Injection {
    pub(super) host: Host,
    pub(super) header: HeaderName,
    credential: Arc<Mutex<Credential>>,
    rejected: Rejected,
}

/// Set when the server of an injection answers that the credentials are not valid. Clones are the
/// same.
#[derive(Debug, Clone, Default)]
pub struct Rejected(Arc<AtomicBool>);

/// The whole value of a header, which no log shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderSecret(HeaderValue);

/// Another value on its way; none where there is no other one.
pub type Renewing<'a> = Pin<Box<dyn Future<Output = Option<HeaderSecret>> + Send + 'a>>;

/// Gets another credential in place of one that its server took for invalid.
pub trait Renewal: fmt::Debug + Send + Sync {
    /// Returns another value for the header. It is asked once in a call.
    fn renew(&self) -> Renewing<'_>;
}

/// The value of a header, and the way to another one.
struct Credential {
    value: HeaderSecret,
    /// Taken by the first request that was refused: one more answer of 401 ends there.
    renewal: Option<Arc<dyn Renewal>>,
}

impl HeaderSecret {
    /// Returns `None` when HTTP does not allow such a header.
    pub fn new(value: &[u8]) -> Option<Self> {
        let mut value = HeaderValue::from_bytes(value).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl Injection {
    /// `value` is the whole value of the header. `None` when HTTP does not allow such a header.
    pub fn new(host: Host, header: &str, value: &[u8]) -> Option<Self> {
        let credential = Credential {
            value: HeaderSecret::new(value)?,
            renewal: None,
        };
        Some(Self {
            host,
            header: header.parse().ok()?,
            credential: Arc::new(Mutex::new(credential)),
            rejected: Rejected::default(),
        })
    }

    /// The same, with a way to another value for a server that refuses this one.
    #[must_use]
    pub fn renewed_by(self, renewal: Arc<dyn Renewal>) -> Self {
        // Nobody else has it yet.
        if let Ok(mut credential) = self.credential.try_lock() {
            credential.renewal = Some(renewal);
        }
        self
    }

    /// The sign that the server took it for invalid.
    pub fn rejected(&self) -> Rejected {
        self.rejected.clone()
    }

    /// The value that a request carries now.
    pub(super) async fn value(&self) -> HeaderValue {
        self.credential.lock().await.value.0.clone()
    }

    /// Another value than the one that was `refused`, if there is one. Of requests that are refused
    /// at the same time, one gets it for all.
    pub(super) async fn another(&self, refused: &HeaderValue) -> Option<HeaderValue> {
        let mut credential = self.credential.lock().await;
        if credential.value.0 != *refused {
            return Some(credential.value.0.clone());
        }
        let renewal = credential.renewal.take()?;
        credential.value = renewal.renew().await?;
        Some(credential.value.0.clone())
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

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}
