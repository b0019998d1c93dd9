//! The name of an image: `[registry/]repository[:tag][@sha256:…]`, or `sha256:…` alone. `oci://`
//! may stand before it.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use cofferdam_capability::Digest;

/// The tag meant when a reference gives neither tag nor digest.
const DEFAULT_TAG: &str = "latest";

/// May stand before a reference, and means nothing.
const SCHEME: &str = "oci://";

/// The longest registry and repository together, in characters: what other OCI clients accept.
const NAME_MAX_CHARS: usize = 255;

/// The longest tag, in characters (OCI distribution specification, "Pulling manifests").
const TAG_MAX_CHARS: usize = 128;

/// The longest label of a host name, in characters (RFC 1035).
const HOST_LABEL_MAX_CHARS: usize = 63;

/// The name of an image. The store holds an image under it; only pulling and pushing give the
/// registry a meaning.
///
/// A digest alone, `sha256:…`, means whatever image of this machine has it, and names no
/// repository.
///
/// Every part is safe as a path: no empty component, none that begins with a dot, nothing but
/// letters, digits and `.`, `_`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    // Boxed, to be small: a reference travels in every error.
    registry: Option<Box<str>>,
    repository: Box<str>,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// A text that is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an image reference: {problem}", .text.escape_debug())]
pub struct ReferenceError {
    text: String,
    problem: String,
}

impl Reference {
    /// The host and port, if the reference names one: a first component with a `.` or a `:`, or
    /// `localhost`.
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// The path within the registry; empty for a digest alone.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag: `latest` where neither tag nor digest was written, none where only a digest was.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference pins one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns true if this is a digest alone, without a name.
    pub fn is_bare(&self) -> bool {
        self.repository.is_empty()
    }

    /// A digest alone.
    pub fn bare(digest: Digest) -> Self {
        Self {
            registry: None,
            repository: Box::from(""),
            tag: None,
            digest: Some(digest),
        }
    }

    /// The same name, pinned to `digest` and without a tag: what to keep once a tag has been
    /// resolved.
    pub fn pinned(&self, digest: Digest) -> Self {
        let Self {
            registry,
            repository,
            tag: _,
            digest: _,
        } = self.clone();
        Self {
            registry,
            repository,
            tag: None,
            digest: Some(digest),
        }
    }

    /// The same name and tag without a digest, if there is a tag.
    pub(crate) fn tagged(&self) -> Option<Self> {
        let tag = Some(self.tag.clone()?);
        Some(Self {
            tag,
            digest: None,
            ..self.clone()
        })
    }

    /// Returns true if both name the same repository of the same registry.
    pub(crate) fn same_name(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        if self.is_bare() {
            return self.digest.iter().try_for_each(|digest| digest.fmt(f));
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|problem| ReferenceError {
            text: text.chars().take(NAME_MAX_CHARS).collect(),
            problem,
        })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    // Other tools write the kind of the address before it.
    let text = text.strip_prefix(SCHEME).unwrap_or(text);
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!(
            "`{}://` stands before no image: write `registry/repository:tag`, with `{SCHEME}` \
             before it or without",
            scheme.escape_debug()
        ));
    }
    // As a name it would be the repository `sha256` with a tag of 64 digits, which nobody means.
    if let Ok(digest) = text.parse() {
        return Ok(Reference::bare(digest));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (
            rest,
            Some(
                digest
                    .parse::<Digest>()
                    .map_err(|error| error.to_string())?,
            ),
        ),
        None => (text, None),
    };
    // A colon before the last slash belongs to a registry's port.
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if name.len() > NAME_MAX_CHARS {
        return Err(format!(
            "its name is longer than {NAME_MAX_CHARS} characters"
        ));
    }
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, name),
    };
    if let Some(registry) = registry.filter(|registry| !is_registry(registry)) {
        return Err(format!(
            "`{}` is not a host name with an optional port",
            registry.escape_debug()
        ));
    }
    if let Some(registry) = registry.filter(|registry| !is_canonical(registry)) {
        return Err(format!(
            "`{registry}` is another spelling of a registry: write an address as four decimal \
             numbers, and a port without zeros before it"
        ));
    }
    if let Some(component) = repository
        .split('/')
        .find(|component| !is_component(component))
    {
        return Err(format!(
            "`{}` is not a name of lowercase letters and digits, with single `.`, `_` or `-` \
             between them",
            component.escape_debug()
        ));
    }
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err(format!(
            "a tag is 1 to {TAG_MAX_CHARS} letters, digits, `_`, `.` or `-`, and begins with none \
             of the last two"
        ));
    }
    let tag = match (tag, digest) {
        (None, None) => Some(DEFAULT_TAG),
        (tag, _) => tag,
    };
    Ok(Reference {
        registry: registry.map(Box::from),
        repository: Box::from(repository),
        tag: tag.map(Box::from),
        digest,
    })
}

/// A component of a repository (OCI distribution specification):
/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separator =
        |run: &str| matches!(run, "" | "." | "_" | "__") || run.chars().all(|c| c == '-');
    text.starts_with(plain) && text.ends_with(plain) && text.split(plain).all(separator)
}

fn is_tag(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && text.len() <= TAG_MAX_CHARS
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        (1..=HOST_LABEL_MAX_CHARS).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

/// Returns true if a registry is spelled as its address is. Readers of addresses take `127.1`,
/// `0x7f.1` and `2130706433` for numbers too, and would reach by them a registry that rules about
/// its name do not see.
fn is_canonical(registry: &str) -> bool {
    let mut parts = registry.splitn(2, ':');
    let host = parts.next().unwrap_or_default();
    let has_plain_port = parts.next().is_none_or(|port| !port.starts_with('0'));
    // A host whose last label is a number is an address (WHATWG URL, "ends in a number checker").
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_hex = hex.is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
    let is_number = is_hex || last.chars().all(|c| c.is_ascii_digit());
    has_plain_port && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}
