//! Rows of a manifest: one thing that a tool asks for, and why.

use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::auth::{Auth, AuthError, SecretUse};
use crate::call_bound::CallBound;
use crate::guest_path::GuestPath;
use crate::network::{Host, HostPattern, HttpRule, Method, PathPrefix, Port, Scheme, TcpPorts};
use crate::secret::{InjectFormat, InjectHeader, SecretName};

/// `[[fs]]`: one directory, with everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FsRow {
    /// The directory, as the guest names it.
    pub path: GuestPath,
    /// `read-only` or `read-write`.
    pub access: Access,
    /// The reason it needs it.
    pub reason: Reason,
}

/// `[[http]]`: one host that the tool sends requests to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HttpRow {
    /// An exact host, `*.` and a name, or `*`: whatever hosts the operator names.
    pub host: HostPattern,
    /// The methods, such as `GET`; every method when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Method>,
    /// The ports, for both schemes; when left out 80 for http and 443 for https, and below `*` the
    /// port of the offer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// Path prefixes; every path when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathPrefix>,
    /// The header in which the host names the call to this host, such as `Idempotency-Key`, in
    /// requests that may change something. Attempts at the same call send the same name.
    #[serde(
        default,
        rename = "idempotency-header",
        skip_serializing_if = "Option::is_none"
    )]
    pub idempotency_header: Option<InjectHeader>,
    /// The reason it needs it.
    pub reason: Reason,
}

/// `[[tcp]]`: one host that the tool is connected to, for what is not HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TcpRow {
    /// An exact host, or `*.` and a name.
    pub host: HostPattern,
    /// The ports; there is no default.
    pub ports: TcpPorts,
    /// The reason it needs it.
    pub reason: Reason,
}

/// `[[secret]]`: a secret by name, and where the host puts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretRow {
    /// The name by which the operator supplies it.
    pub name: SecretName,
    /// The place in the request where it goes, for a form that no `auth` has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inject: Option<Inject>,
    /// The way in which it authenticates requests; a bearer token when `inject` is left out too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The one host it is sent to.
    pub host: Host,
    /// The reason it needs it.
    pub reason: Reason,
}

/// The place of a secret in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// The header, such as `authorization`.
    pub header: InjectHeader,
    /// The header's value, with `{}` where the secret goes.
    pub format: InjectFormat,
}

/// `[[env]]`: one environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EnvRow {
    /// The name of the variable.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = "^[^=\\u0000]+$")))]
    pub name: String,
    /// The reason it needs it.
    pub reason: Reason,
}

/// `[[call]]`: another tool that it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CallRow {
    /// The tool, by the name under which the agent has it.
    #[cfg_attr(feature = "schema", schemars(extend(
        "pattern" = crate::schema::TOOL_NAME,
        "maxLength" = crate::tool_name::MAX_TOOL_NAME,
    )))]
    pub name: String,
    /// The directories of that tool, or those in them, that its call may use; all that it was
    /// granted when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directories: Option<Vec<GuestPath>>,
    /// `read-only` if its call may change nothing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// The hosts that its call may reach, of those that it was granted; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostPattern>>,
    /// The reason it needs it.
    pub reason: Reason,
}

impl CallRow {
    /// The part of the called tool's grant that the call may use.
    pub fn bound(&self) -> CallBound {
        CallBound {
            directories: self.directories.clone(),
            access: self.access,
            hosts: self.hosts.clone(),
        }
    }
}

/// `[[unused]]`: an interface that is imported and never meant to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UnusedRow {
    /// The interface, such as `wasi:http/outgoing-handler`.
    pub interface: String,
    /// The reason it is there all the same.
    pub reason: Reason,
}

/// The reason why a row is there: the reviewer reads it, so it is never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("minLength" = 1, "pattern" = r"\S")))]
#[serde(into = "String", try_from = "String")]
pub struct Reason(String);

impl HttpRow {
    /// Returns true if the row, before anything narrows it, is about this request. `path` is that
    /// of the URI, without the query.
    pub fn covers(&self, method: &str, scheme: Scheme, host: &Host, port: u16, path: &str) -> bool {
        self.rule().covers(method, scheme, host, port, path)
    }

    /// Returns true if both rows are about the same requests, whatever their reasons.
    pub(crate) fn asks_the_same(&self, other: &Self) -> bool {
        fn alike<T: PartialEq>(one: &[T], other: &[T]) -> bool {
            one.iter().all(|item| other.contains(item))
                && other.iter().all(|item| one.contains(item))
        }
        let Self {
            host,
            methods,
            ports,
            paths,
            idempotency_header: _,
            reason: _,
        } = self;
        *host == other.host
            && alike(methods, &other.methods)
            && alike(ports, &other.ports)
            && alike(paths, &other.paths)
    }

    /// The row as a rule, before anything narrows it.
    pub(crate) fn rule(&self) -> HttpRule {
        HttpRule::new(
            self.host.clone(),
            self.methods.clone(),
            self.ports.clone(),
            self.paths.clone(),
        )
        .with_idempotency_header(self.idempotency_header.clone().map(String::from))
    }
}

impl SecretRow {
    /// Reads the use of the secret from the keys of the row.
    ///
    /// # Errors
    ///
    /// If keys contradict each other, or one is missing. The rows of a [`Manifest`] are checked.
    ///
    /// [`Manifest`]: crate::Manifest
    pub fn usage(&self) -> Result<SecretUse, AuthError> {
        match (&self.inject, &self.auth) {
            (Some(_), Some(_)) => Err(AuthError::Both),
            (Some(Inject { header, format }), None) => Ok(SecretUse::Header {
                header: header.clone(),
                format: format.clone(),
            }),
            (None, Some(auth)) => auth.usage(),
            (None, None) => Ok(SecretUse::bearer()),
        }
    }
}

impl Reason {
    /// The reason of a row that stands for what was granted.
    pub(crate) fn granted() -> Self {
        Self("granted".to_owned())
    }

    /// The reason as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("`reason` is empty: say why the tool needs this row".to_owned());
        }
        Ok(Self(text))
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}
