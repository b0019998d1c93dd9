//! The target of a reference: the registry's address, and the repository in it.

use std::net::Ipv4Addr;

use reqwest::Url;

use crate::error::Error;
use crate::reference::Reference;

/// A repository in a registry.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The registry as it was written: host and port.
    pub(super) registry: Box<str>,
    /// The key of its credentials in docker's configuration.
    pub(super) credentials_key: Box<str>,
    pub(super) repository: Box<str>,
    /// `https://HOST/v2/REPOSITORY/`.
    pub(super) base: Url,
    /// True if HTTP is spoken, to this machine alone.
    pub(super) plain_http: bool,
}

impl Target {
    pub(super) fn of(reference: &Reference, plain_http: bool) -> Result<Self, Error> {
        if reference.is_bare() {
            return Err(Error::Nameless(reference.clone()));
        }
        let registry = reference
            .registry()
            .ok_or_else(|| Error::Unqualified(reference.clone()))?;
        // Docker's own registry goes by another name than its address, and its own images by a
        // short one.
        let is_docker = matches!(registry, "docker.io" | "index.docker.io");
        let (host, credentials_key) = if is_docker {
            ("registry-1.docker.io", "https://index.docker.io/v1/")
        } else {
            (registry, registry)
        };
        let repository = match reference.repository() {
            short if is_docker && !short.contains('/') => format!("library/{short}"),
            repository => repository.to_owned(),
        };
        let scheme = if plain_http { "http" } else { "https" };
        let wrong = |problem: String| Error::registry(registry, problem);
        let base = Url::parse(&format!("{scheme}://{host}/v2/{repository}/"))
            .map_err(|e| wrong(e.to_string()))?;
        if plain_http && !is_loopback(&base) {
            return Err(wrong(
                "plain HTTP is for a registry on this machine alone (localhost, 127.0.0.0/8): \
                 anybody on the way could change what is pulled and read the password; give the \
                 registry a certificate"
                    .to_owned(),
            ));
        }
        Ok(Self {
            registry: registry.into(),
            credentials_key: credentials_key.into(),
            repository: repository.into(),
            base,
            plain_http,
        })
    }

    /// An address below the repository. The parts are those of a reference, which need no escaping.
    pub(super) fn url(&self, path: &str) -> Result<Url, Error> {
        self.base
            .join(path)
            .map_err(|error| self.error(format!("{path} is no address: {error}")))
    }

    /// Returns true if credentials for this registry may go there.
    pub(super) fn is_registry(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Returns true if anything may be sent there at all.
    pub(super) fn is_allowed(&self, url: &Url) -> bool {
        is_allowed(url, self.plain_http)
    }

    pub(super) fn error(&self, problem: impl Into<String>) -> Error {
        Error::registry(&self.registry, problem)
    }
}

/// Returns true if anything may be sent there: over TLS, or without it to this machine alone.
pub(super) fn is_allowed(url: &Url, plain_http: bool) -> bool {
    url.scheme() == "https" || (plain_http && url.scheme() == "http" && is_loopback(url))
}

/// Returns true if an address is on this machine by its very name.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback())
}
