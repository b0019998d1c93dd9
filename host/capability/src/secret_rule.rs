//! A secret that was granted.

use serde::Serialize;

use crate::auth::SecretUse;
use crate::network::Host;
use crate::secret::SecretName;

/// A secret that was granted: its use, and the host that it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretRule {
    pub(crate) name: SecretName,
    pub(crate) host: Host,
    pub(crate) usage: SecretUse,
}

impl SecretRule {
    /// The name by which the operator supplies it.
    pub fn name(&self) -> &SecretName {
        &self.name
    }

    /// The one host it is sent to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The way in which it is sent.
    pub fn usage(&self) -> &SecretUse {
        &self.usage
    }
}
