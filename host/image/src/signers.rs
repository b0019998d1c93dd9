//! The signers that an operator trusts, and the images that each has to have signed.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use cofferdam_capability::{Digest, VerifyingKey};
use reqwest::Url;

use crate::error::Error;
use crate::reference::Reference;
use crate::referrer::Referrer;
use crate::signature;

/// The port of plain HTTP, which may be spoken to this machine, and may then be left out.
const HTTP_PORT: u16 = 80;

/// Somebody whose signatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The name that the operator has given them: the identity behind the key.
    pub name: String,
    /// Their key. Several rows of one name are several keys of one signer.
    pub key: VerifyingKey,
    /// The images that they sign.
    pub images: Vec<Scope>,
    /// True if an image of these is refused without their signature.
    pub required: bool,
}

/// Images of registries: `HOST/NAME` for the images of one repository, `HOST/NAME/*` for those of
/// all below it, `HOST/*` for those of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The registry and repository, as registries spell them.
    name: String,
    /// True if everything below is meant.
    below: bool,
}

/// A text that is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` names no images: write HOST/NAME, HOST/NAME/* or HOST/*, without tag and digest",
    .0.escape_debug()
)]
pub struct ScopeError(String);

/// All signers of this host. Deny is not the default: where nobody has to have signed, every image
/// may be used, as without signatures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers(Vec<Signer>);

impl Signers {
    /// These signers.
    pub fn new(signers: Vec<Signer>) -> Self {
        Self(signers)
    }

    /// Every row.
    pub fn rows(&self) -> &[Signer] {
        &self.0
    }

    /// Returns true if an image of this name is refused without a signature.
    pub fn requires(&self, reference: &Reference) -> bool {
        !self.required(reference).is_empty()
    }

    /// The names of the signers that have signed one of these digests of an image with one of these
    /// documents, sorted. Those count that sign images of this name; for an image without a
    /// registry's name, all.
    pub fn who_signed(
        &self,
        reference: &Reference,
        images: &[Digest],
        referrers: &[Referrer],
    ) -> Vec<String> {
        let signed = |signer: &&Signer| {
            (reference.registry().is_none() || signer.signs(reference))
                && referrers
                    .iter()
                    .any(|referrer| signature::is_signed(referrer, images, &signer.key))
        };
        let signed = self.0.iter().filter(signed);
        let mut names: Vec<_> = signed.map(|signer| signer.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns true if this document is a signature of one of these digests by any of the signers.
    pub(crate) fn have_signed(&self, referrer: &Referrer, images: &[Digest]) -> bool {
        let mut signers = self.0.iter();
        signers.any(|signer| signature::is_signed(referrer, images, &signer.key))
    }

    /// Refuses an image that lacks the signature of a signer who has to have signed it. `images`
    /// are the digests that a signature may name, `referrers` what refers to them.
    pub(crate) fn check(
        &self,
        reference: &Reference,
        images: &[Digest],
        referrers: &[Referrer],
    ) -> Result<(), Error> {
        for (name, keys) in self.required(reference) {
            let signed = referrers.iter().any(|referrer| {
                keys.iter()
                    .any(|key| signature::is_signed(referrer, images, key))
            });
            if signed {
                continue;
            }
            let signatures = referrers.iter().filter(|one| signature::is_signature(one));
            let found = match signatures.count() {
                0 => "it has no signature".to_owned(),
                1 => "its one signature is not theirs, or not of this image".to_owned(),
                several => format!("none of its {several} signatures is theirs and of this image"),
            };
            return Err(Error::Unsigned {
                reference: Box::new(reference.clone()),
                signer: name.to_owned(),
                found,
            });
        }
        Ok(())
    }

    /// The signers who have to have signed an image of this name, with the keys of each.
    fn required(&self, reference: &Reference) -> BTreeMap<&str, Vec<&VerifyingKey>> {
        let mut required: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let signers = self.0.iter();
        for signer in signers.filter(|signer| signer.required && signer.signs(reference)) {
            let keys = required.entry(signer.name.as_str()).or_default();
            keys.push(&signer.key);
        }
        required
    }
}

impl Signer {
    /// Returns true if they sign images of this name.
    fn signs(&self, reference: &Reference) -> bool {
        self.images.iter().any(|scope| scope.has(reference))
    }
}

impl Scope {
    /// Returns true if an image of this name is one of these.
    pub fn has(&self, reference: &Reference) -> bool {
        let Some(registry) = reference.registry() else {
            return false;
        };
        let name = canonical(registry, reference.repository());
        if !self.below {
            return name == self.name;
        }
        let rest = name.strip_prefix(&self.name);
        rest.is_some_and(|rest| rest.starts_with('/'))
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let wrong = || ScopeError(text.to_owned());
        let (name, below) = match text.strip_suffix("/*") {
            Some(name) => (name, true),
            None => (text, false),
        };
        // The rules for names of images are those of references.
        let whole_registry = below && !name.contains('/');
        let sample = if whole_registry {
            format!("{name}/any")
        } else {
            name.to_owned()
        };
        let reference: Reference = sample.parse().map_err(|_| wrong())?;
        let registry = reference.registry().ok_or_else(wrong)?;
        let untagged = format!("{registry}/{}", reference.repository());
        if untagged != sample {
            return Err(wrong());
        }
        let name = match reference.repository() {
            _ if whole_registry => canonical_registry(registry),
            // Below a name of Docker's own registry there are no short ones.
            repository if below => format!("{}/{repository}", canonical_registry(registry)),
            repository => canonical(registry, repository),
        };
        Ok(Self { name, below })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        f.write_str(if self.below { "/*" } else { "" })
    }
}

/// A registry by one spelling: the one that requests go to, without the port of HTTPS and without
/// the dot that may end a name; Docker's own by its one name; and this machine by one of its
/// addresses, because `localhost` and the others lead to the same registry.
fn canonical_registry(registry: &str) -> String {
    let url = Url::parse(&format!("https://{registry}/"));
    // Nothing can be sent to a registry that is no address.
    let Some(host) = url.as_ref().ok().and_then(Url::host_str) else {
        return registry.to_ascii_lowercase();
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_here = host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback());
    let port = url.as_ref().ok().and_then(Url::port);
    // The parser has left out the port of HTTPS.
    let port = port.filter(|port| !is_here || *port != HTTP_PORT);
    let host = if is_here { "127.0.0.1" } else { host };
    let lower = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    match lower.as_str() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => lower,
    }
}

/// A registry and a repository by one spelling. Docker's own registry has short names too.
fn canonical(registry: &str, repository: &str) -> String {
    let registry = canonical_registry(registry);
    if registry == "docker.io" && !repository.contains('/') {
        return format!("{registry}/library/{repository}");
    }
    format!("{registry}/{repository}")
}

#[cfg(test)]
mod tests {
    use super::{Scope, canonical_registry};

    #[track_caller]
    fn check(scope: &str, within: &[&str], outside: &[&str]) {
        let scope: Scope = scope.parse().unwrap();
        for name in within {
            assert!(scope.has(&name.parse().unwrap()), "{name}");
        }
        for name in outside {
            assert!(!scope.has(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn a_scope_is_one_repository_or_all_below() {
        let digest = "a".repeat(64);
        let pinned = format!("reg.example/a/b@sha256:{digest}");
        check(
            "reg.example/a/b",
            &["reg.example/a/b", "REG.example:443/a/b:1", &pinned],
            &[
                "reg.example/a/bc",
                "reg.example/a/b/c",
                "other.example/a/b",
                "a/b",
            ],
        );
        check(
            "reg.example/a/*",
            &["reg.example/a/b", "reg.example/a/b/c"],
            &["reg.example/ab/c", "reg.example/a"],
        );
        check(
            "reg.example/*",
            &["reg.example/a", "reg.example/a/b"],
            &["reg.example:5000/a"],
        );
        check(
            "docker.io/library/*",
            &[
                "docker.io/tool",
                "index.docker.io/tool",
                "docker.io/library/tool",
            ],
            &["docker.io/acme/tool"],
        );
        check("index.docker.io/tool", &["docker.io/library/tool"], &[]);
    }

    #[test]
    fn a_registry_has_one_spelling() {
        for spelling in [
            "127.0.0.1:5599",
            "127.0.0.1:05599",
            "127.1:5599",
            "0x7f.1:5599",
            "0177.0.0.1:5599",
            "2130706433:5599",
            "localhost:5599",
            "LocalHost.:5599",
            "127.0.0.2:5599",
        ] {
            assert_eq!(canonical_registry(spelling), "127.0.0.1:5599", "{spelling}");
        }
        for spelling in [
            "reg.example",
            "REG.example:443",
            "reg.example:0443",
            "reg.example.",
            "reg.example.:443",
        ] {
            assert_eq!(canonical_registry(spelling), "reg.example", "{spelling}");
        }
        for spelling in ["docker.io", "index.docker.io:443", "Registry-1.docker.io"] {
            assert_eq!(canonical_registry(spelling), "docker.io", "{spelling}");
        }
        assert_eq!(canonical_registry("reg.example:80"), "reg.example:80");
        // On this machine a request without a port may go to that of HTTP.
        assert_eq!(canonical_registry("127.0.0.1:80"), "127.0.0.1");
        assert_eq!(canonical_registry("localhost:80"), "127.0.0.1");
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        let wrong = [
            "",
            "*",
            "a/b",
            "reg.example/a:1",
            "reg.example/*/a",
            "reg.example",
            "/*",
            "127.1:5599/tools/*",
            "127.0.0.1:05599/*",
            "reg.example:0443/a",
        ];
        for text in wrong {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }
}
