//! Secrets by name, and the headers that they go into. A value is never here: who injects it has it
//! (`tool/secret.rs`), and nobody else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name of a secret, in bytes: it is shown where its value was.
const MAX_NAME: usize = 64;

/// Headers that frame a message or belong to one connection (RFC 9110, section 7.6.1), and `host`,
/// which says who is asked. A secret in one of them would change what the request means.
const RESERVED: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The name of a secret: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend(
    "minLength" = 1,
    "maxLength" = MAX_NAME,
    "pattern" = "^[A-Za-z0-9._-]+$",
)))]
#[serde(into = "String", try_from = "String")]
pub struct SecretName(String);

/// A header that a secret may be put into, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend(
    "minLength" = 1,
    "not" = serde_json::json!({ "enum": RESERVED }),
)))]
#[serde(into = "String", try_from = "String")]
pub struct InjectHeader(String);

/// The value of that header, with one `{}` where the secret goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("pattern" = r"^[ -~]*\{\}[ -~]*$")))]
#[serde(into = "String", try_from = "String")]
pub struct InjectFormat(String);

impl SecretName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InjectHeader {
    /// The header of HTTP's own authentication.
    pub(crate) fn authorization() -> Self {
        Self("authorization".to_owned())
    }

    /// The header, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl InjectFormat {
    /// The secret alone.
    pub(crate) fn whole() -> Self {
        Self("{}".to_owned())
    }

    /// The secret as a bearer token (RFC 6750, section 2.1).
    pub(crate) fn bearer() -> Self {
        Self("Bearer {}".to_owned())
    }

    /// The text before and after the secret in the header's value.
    pub fn around(&self) -> (&str, &str) {
        self.0.split_once("{}").unwrap_or_default()
    }

    /// The value, with `{}` where the secret goes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(plain) {
            return Err(format!(
                "{text:?} is not the name of a secret: expected 1 to {MAX_NAME} of A-Z a-z 0-9 . _ \
                 -"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for SecretName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("`name`: {problem}"))
    }
}

impl TryFrom<String> for InjectHeader {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(format!(
                "`header`: {text:?} is not the name of a header: expected one such as authorization"
            ));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(format!(
                "`header`: {text:?} frames the message: a secret goes into a header of its own"
            ));
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for InjectFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let visible = text
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !visible || text.matches("{}").count() != 1 || text.trim() != text {
            return Err(format!(
                "`format`: {text:?}: expected printable ASCII with exactly one {{}}, such as \
                 Bearer {{}}"
            ));
        }
        Ok(Self(text))
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl From<InjectHeader> for String {
    fn from(header: InjectHeader) -> Self {
        header.0
    }
}

impl From<InjectFormat> for String {
    fn from(format: InjectFormat) -> Self {
        format.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
