//! Images from and to a registry (OCI distribution specification 1.1).
//!
//! Nothing that a registry says is believed: every answer has a limit, every blob is held against
//! the size and the digest that the manifest gives, and the manifest against the digest that was
//! asked for. A tag is resolved once; from there on everything goes by digest.
//!
//! The client is our own, on reqwest: what `oci-client` 0.18 reads of manifests, tokens and error
//! bodies has no bound, it panics on a `Location` or a token that is none, and it sends passwords
//! to whatever realm a registry names, in clear if asked to.

mod backoff;
mod body;
mod challenge;
mod credentials;
mod download;
mod manifest;
mod pull;
mod push;
mod referrers;
mod send;
mod session;
mod target;
mod transfer;
mod upload;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::signers::Signers;
use crate::store::Store;
use credentials::Credentials;
use session::Session;
use target::Target;
use transfer::TRANSFER_WALL;

pub use credentials::credential_helpers;
pub use pull::Pulled;
pub use push::Pushed;
pub use transfer::{Transfer, Watch};

/// Settings of the connections to registries.
#[derive(Clone, Default)]
pub struct RegistryConfig {
    /// Speak HTTP instead of HTTPS. For registries on this machine alone; others are refused.
    pub plain_http: bool,
    /// The `config.json` of docker, with credentials or the names of helpers that have them. It
    /// need not exist.
    pub docker_config: Option<PathBuf>,
    /// Is told how far each blob has come.
    pub watch: Option<Arc<Watch>>,
    /// The signers that the operator trusts and requires.
    pub signers: Arc<Signers>,
}

impl fmt::Debug for RegistryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plain_http,
            docker_config,
            watch: _,
            signers,
        } = self;
        f.debug_struct("RegistryConfig")
            .field("plain_http", plain_http)
            .field("docker_config", docker_config)
            .field("signers", signers)
            .finish()
    }
}

/// Registries, as this host reaches them.
#[derive(Debug)]
pub struct Registry {
    credentials: Credentials,
    config: RegistryConfig,
}

impl Registry {
    /// Registries by this configuration. Nothing is read or connected to yet.
    pub fn new(config: RegistryConfig) -> Self {
        Self {
            credentials: Credentials::new(config.docker_config.clone()),
            config,
        }
    }

    /// The same registries with the same credentials, for one transfer: over HTTP without TLS if
    /// `plain_http`, and with somebody who is told how far it is.
    pub fn with(&self, plain_http: bool, watch: Option<Arc<Watch>>) -> Self {
        Self::new(RegistryConfig {
            plain_http,
            docker_config: self.config.docker_config.clone(),
            watch,
            signers: Arc::clone(&self.config.signers),
        })
    }

    /// The signers that the operator trusts and requires.
    pub fn signers(&self) -> Arc<Signers> {
        Arc::clone(&self.config.signers)
    }

    /// Pulls the image that `reference` names, and what refers to it, into `store`, under that
    /// name: one of the kind that is `wanted`, or of any.
    ///
    /// # Errors
    ///
    /// [`Error::Unqualified`] if the reference names no registry, [`Error::Registry`] for what the
    /// registry refuses, [`Error::Corrupt`] and [`Error::TooLarge`] for what is not what it should
    /// be, [`Error::NotATool`] and [`Error::NotAnAgent`] for any other image, [`Error::Unsigned`]
    /// for one without a signature that the operator requires. The store is then as it was.
    pub async fn pull(
        &self,
        store: &Arc<Store>,
        reference: &Reference,
        wanted: Option<Kind>,
    ) -> Result<Pulled, Error> {
        let mut session = self.session(reference, false)?;
        let pull = pull::pull(&mut session, store, reference, wanted, &self.config.signers);
        let pulled = tokio::time::timeout(TRANSFER_WALL, pull).await;
        pulled.unwrap_or_else(|_| Err(session.late()))
    }

    /// Pushes the image that `local` names in `store`, and what refers to it, to where `target`
    /// names, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the image is not in the store; else as for [`Registry::pull`], and
    /// [`Error::Pinned`] if `target` has another digest.
    pub async fn push(
        &self,
        store: &Arc<Store>,
        local: &Reference,
        target: &Reference,
    ) -> Result<Pushed, Error> {
        if store.digest(local)?.is_none() {
            return Err(Error::NotFound(local.clone()));
        }
        let mut session = self.session(target, true)?;
        let pushed = tokio::time::timeout(
            TRANSFER_WALL,
            push::push(&mut session, store, local, target),
        )
        .await;
        pushed.unwrap_or_else(|_| Err(session.late()))
    }

    fn session(&self, reference: &Reference, push: bool) -> Result<Session<'_>, Error> {
        let target = Target::of(reference, self.config.plain_http)?;
        Session::new(
            target,
            push,
            &self.credentials,
            self.config.watch.as_deref(),
        )
    }
}
