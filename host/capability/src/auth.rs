//! The ways in which the host authenticates requests with a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::network::{Host, NetworkPolicy, Scheme};
use crate::secret::{InjectFormat, InjectHeader};

/// The longest token URL, in bytes: as much as reviewers read in one line of a table.
const MAX_URL: usize = 512;

/// The longest scope of OAuth 2.0, in bytes. Google's, the longest in use, have about 60.
const MAX_SCOPE: usize = 128;

/// Scopes of one secret: more than any one API has.
const MAX_SCOPES: usize = 32;

/// `[secret.auth]`: the way in which the host authenticates requests with the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Auth {
    /// `bearer`, `api-key`, `basic` or `oauth2-client-credentials`.
    pub profile: Profile,
    /// The header of `api-key`, such as `x-api-key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<InjectHeader>,
    /// The URL at which `oauth2-client-credentials` gets tokens; a row `[[http]]` declares it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<TokenUrl>,
    /// The scopes that `oauth2-client-credentials` asks for; those of the server when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(extend("maxItems" = MAX_SCOPES)))]
    pub scopes: Vec<Scope>,
}

/// The name of a way to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The secret is a token: `authorization: Bearer TOKEN` (RFC 6750).
    Bearer,
    /// The secret is the whole value of a header.
    ApiKey,
    /// The secret is `USER:PASSWORD`: `authorization: Basic …` (RFC 7617).
    Basic,
    /// The secret is `CLIENT-ID:CLIENT-SECRET`, which the host exchanges for a token (RFC 6749,
    /// section 4.4).
    #[serde(rename = "oauth2-client-credentials")]
    ClientCredentials,
}

/// The URL at which tokens are given: scheme, host, port and path, without user and fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend(
    "pattern" = "^https?://[!-~]+$",
    "maxLength" = MAX_URL,
)))]
#[serde(into = "String", try_from = "String")]
pub struct TokenUrl {
    #[cfg_attr(feature = "schema", schemars(skip))]
    text: String,
    #[cfg_attr(feature = "schema", schemars(skip))]
    scheme: Scheme,
    host: Host,
    port: u16,
}

/// A scope of OAuth 2.0 (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend(
    "pattern" = r"^[!#-\[\]-~]+$",
    "maxLength" = MAX_SCOPE,
)))]
#[serde(into = "String", try_from = "String")]
pub struct Scope(String);

/// The use of a secret: what its value has to be, and the header that the host makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretUse {
    /// The value goes into a header as it is.
    Header {
        /// The header.
        header: InjectHeader,
        /// The header's value, with `{}` where the secret goes.
        format: InjectFormat,
    },
    /// `USER:PASSWORD`, in base64.
    Basic,
    /// `CLIENT-ID:CLIENT-SECRET`, which never goes to the host of the row: a token that it is
    /// exchanged for does.
    ClientCredentials {
        /// The URL at which tokens are given.
        token_url: TokenUrl,
        /// The scopes that are asked for.
        scopes: Vec<Scope>,
    },
}

/// Keys of a row `[[secret]]` that do not say how the secret is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Both ways to say it.
    #[error("has `inject` and `auth`: keep one of them, because each says it all")]
    Both,
    /// A header for a profile that has its own.
    #[error("`header` is for the profile `api-key` alone: leave it out")]
    Header,
    /// Keys of an exchange for a profile without one.
    #[error(
        "`token-url` and `scopes` are for the profile `oauth2-client-credentials` alone: leave \
         them out"
    )]
    Exchange,
    /// More scopes than are asked for.
    #[error("`scopes` has {0} entries: at most {MAX_SCOPES} are asked for")]
    Scopes(usize),
    /// `api-key` without a header.
    #[error("the profile `api-key` needs `header`, such as \"x-api-key\"")]
    NoHeader,
    /// `oauth2-client-credentials` without a server.
    #[error(
        "the profile `oauth2-client-credentials` needs `token-url`, such as \
         \"https://auth.example.org/token\""
    )]
    NoTokenUrl,
}

impl Auth {
    /// Reads the use that is meant.
    pub(crate) fn usage(&self) -> Result<SecretUse, AuthError> {
        let Self {
            profile,
            header,
            token_url,
            scopes,
        } = self;
        let is_exchanged = *profile == Profile::ClientCredentials;
        if header.is_some() && *profile != Profile::ApiKey {
            return Err(AuthError::Header);
        }
        if !is_exchanged && (token_url.is_some() || !scopes.is_empty()) {
            return Err(AuthError::Exchange);
        }
        if scopes.len() > MAX_SCOPES {
            return Err(AuthError::Scopes(scopes.len()));
        }
        match (profile, header, token_url) {
            (Profile::Bearer, ..) => Ok(SecretUse::bearer()),
            (Profile::ApiKey, Some(header), _) => Ok(SecretUse::Header {
                header: header.clone(),
                format: InjectFormat::whole(),
            }),
            (Profile::ApiKey, None, _) => Err(AuthError::NoHeader),
            (Profile::Basic, ..) => Ok(SecretUse::Basic),
            (Profile::ClientCredentials, _, Some(token_url)) => Ok(SecretUse::ClientCredentials {
                token_url: token_url.clone(),
                scopes: scopes.clone(),
            }),
            (Profile::ClientCredentials, _, None) => Err(AuthError::NoTokenUrl),
        }
    }
}

impl SecretUse {
    /// `authorization: Bearer TOKEN`.
    pub(crate) fn bearer() -> Self {
        Self::Header {
            header: InjectHeader::authorization(),
            format: InjectFormat::bearer(),
        }
    }

    /// The header that carries what is made of the secret.
    pub fn header(&self) -> &str {
        match self {
            Self::Header { header, .. } => header.as_str(),
            Self::Basic | Self::ClientCredentials { .. } => "authorization",
        }
    }

    /// Returns true if the value is two parts with a `:` between them.
    pub fn is_pair(&self) -> bool {
        match self {
            Self::Header { .. } => false,
            Self::Basic | Self::ClientCredentials { .. } => true,
        }
    }

    /// Returns true if this sends nothing elsewhere, and asks for nothing, beyond `other`. The
    /// scopes that a server gives by itself may be all it has.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::ClientCredentials { token_url, scopes },
                Self::ClientCredentials {
                    token_url: other_url,
                    scopes: other_scopes,
                },
            ) => {
                let narrower = scopes.is_empty() == other_scopes.is_empty();
                let known = |scope: &Scope| other_scopes.contains(scope);
                token_url == other_url && narrower && scopes.iter().all(known)
            }
            _ => self == other,
        }
    }
}

impl TokenUrl {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host of it.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Its path, without the query.
    pub fn path(&self) -> &str {
        let rest = self
            .text
            .split_once("://")
            .map_or("", |(_, authority)| authority);
        let path = rest.find('/').and_then(|start| rest.get(start..));
        path.unwrap_or("/").split('?').next().unwrap_or("/")
    }

    /// Returns true if a policy permits the request for a token.
    pub(crate) fn is_permitted(&self, network: &NetworkPolicy) -> bool {
        network
            .permits("POST", self.scheme, &self.host, self.port, self.path())
            .is_ok()
    }
}

impl Scope {
    /// The scope.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |problem: &str| {
            Err(format!(
                "{text:?} is not the URL of a token: {problem}, as in \
                 https://auth.example.org/oauth/token"
            ))
        };
        if text.len() > MAX_URL {
            return wrong("expected at most 512 bytes");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("expected ASCII without blanks");
        }
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            _ => return wrong("expected https:// and a host"),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if text.contains('#') || authority.contains('@') {
            return wrong("expected neither a user nor a fragment");
        }
        if rest
            .get(authority.len()..)
            .is_some_and(|path| path.starts_with('?'))
        {
            return wrong("expected a path before the query");
        }
        let after_address = authority.rfind(']').map_or(0, |end| end + 1);
        let colon = authority
            .get(after_address..)
            .and_then(|end| end.find(':'))
            .map(|at| at + after_address);
        let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
            Some((host, port)) => {
                let port = port.trim_start_matches(':').parse().ok();
                match port.filter(|port| *port > 0) {
                    Some(port) => (host, port),
                    None => return wrong("expected a port from 1 to 65535"),
                }
            }
            None => (authority, scheme.default_port()),
        };
        Ok(Self {
            text: text.to_owned(),
            scheme,
            host: host.parse()?,
            port,
        })
    }
}

impl TryFrom<String> for TokenUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map_err(|problem| format!("`token-url`: {problem}"))
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        if text.is_empty() || text.len() > MAX_SCOPE || !text.bytes().all(is_plain) {
            return Err(format!(
                "`scopes`: {text:?} is not a scope: expected 1 to {MAX_SCOPE} characters of \
                 printable ASCII without blanks, quotes and backslashes"
            ));
        }
        Ok(Self(text))
    }
}

impl From<TokenUrl> for String {
    fn from(url: TokenUrl) -> Self {
        url.text
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

impl fmt::Display for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// For operators and reviewers, after the name of the secret and of its host.
impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { header, format } => {
                write!(f, "as `{}: {}`", header.as_str(), format.as_str())
            }
            Self::Basic => f.write_str("as `authorization: Basic` with user and password"),
            Self::ClientCredentials { token_url, scopes } => {
                write!(f, "as a bearer token that {token_url} gives for it")?;
                for (index, scope) in scopes.iter().enumerate() {
                    let before = if index == 0 { " with scope " } else { " " };
                    write!(f, "{before}{}", scope.as_str())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(json: serde_json::Value) -> Result<SecretUse, String> {
        let auth: Auth = serde_json::from_value(json).map_err(|error| error.to_string())?;
        auth.usage().map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_url_has_a_host_a_port_and_a_path() {
        for (text, host, port, path) in [
            ("https://a.test/token", "a.test", 443, "/token"),
            ("http://a.test:81/t?x=1", "a.test", 81, "/t"),
            ("https://a.test", "a.test", 443, "/"),
            ("https://[::1]:8443/a/b", "[::1]", 8443, "/a/b"),
            ("https://[::1]/", "[::1]", 443, "/"),
        ] {
            let url: TokenUrl = text.parse().unwrap();
            assert_eq!(url.host().to_string(), host, "{text}");
            assert_eq!((url.port(), url.path()), (port, path), "{text}");
        }
        for text in [
            "a.test/token",
            "ftp://a.test/",
            "https://",
            "https://user@a.test/",
            "https://a.test/#x",
            "https://a.test?x=1",
            "https://a.test:0/",
            "https://a.test:port/",
            "https://a.test/a b",
        ] {
            assert!(text.parse::<TokenUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_profile_has_its_own_keys_and_no_others() {
        let bearer = usage(serde_json::json!({ "profile": "bearer" })).unwrap();
        assert_eq!(bearer.to_string(), "as `authorization: Bearer {}`");
        let key = serde_json::json!({ "profile": "api-key", "header": "X-Api-Key" });
        assert_eq!(usage(key).unwrap().to_string(), "as `x-api-key: {}`");
        let url = "https://a.test/token";
        for (json, part) in [
            (
                serde_json::json!({ "profile": "api-key" }),
                "needs `header`",
            ),
            (
                serde_json::json!({ "profile": "bearer", "header": "x-key" }),
                "`header` is for",
            ),
            (
                serde_json::json!({ "profile": "oauth2-client-credentials" }),
                "needs `token-url`",
            ),
            (
                serde_json::json!({ "profile": "basic", "token-url": url }),
                "`token-url` and `scopes`",
            ),
            (
                serde_json::json!({ "profile": "basic", "scopes": ["a"] }),
                "`token-url` and `scopes`",
            ),
            (serde_json::json!({ "profile": "digest" }), "digest"),
        ] {
            let problem = usage(json.clone()).unwrap_err();
            assert!(problem.contains(part), "{json}: {problem}");
        }
    }

    #[test]
    fn fewer_scopes_of_the_same_server_are_within_more() {
        let of = |url: &str, scopes: &[&str]| {
            usage(serde_json::json!({
                "profile": "oauth2-client-credentials", "token-url": url, "scopes": scopes,
            }))
            .unwrap()
        };
        let here = "https://a.test/t";
        let there = "https://b.test/t";
        let both = of(here, &["a", "b"]);
        assert!(of(here, &["b"]).is_within(&both));
        assert!(both.is_within(&both));
        for wider in [
            of(here, &["a", "c"]),
            of(here, &[]),
            of(there, &["a"]),
            SecretUse::Basic,
        ] {
            assert!(!wider.is_within(&both), "{wider}");
        }
        assert!(of(here, &[]).is_within(&of(here, &[])));
        assert!(!both.is_within(&of(here, &[])));
    }
}
