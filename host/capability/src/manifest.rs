//! The capability manifest: what a tool asks for, and why.
//!
//! Written by the author as `capabilities.toml`, carried in the component as the custom section
//! `cofferdam:capabilities` in canonical JSON (RFC 8785), so that the component's digest covers it.
//! Unknown keys, duplicate keys and rows without a reason are errors in both forms.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::Access;
use crate::auth::SecretUse;
use crate::digest::Digest;
use crate::error::ManifestError;
use crate::guest_path::GuestPath;
use crate::limits::LimitsRequest;
use crate::network::HostPattern;
use crate::rows::{CallRow, EnvRow, FsRow, HttpRow, SecretRow, TcpRow, UnusedRow};
use crate::text::ForeignText;
use crate::tool_contract::ToolContract;
use crate::tool_name::ToolName;

/// The version of the format that this host reads.
const SCHEMA: u32 = 1;

/// A manifest longer than this is not one that a reviewer reads, whatever else it is (64 KiB).
const MAX_MANIFEST: usize = 64 << 10;

/// The requests of a tool. Asking grants nothing: the operator grants, up to the ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "capabilities.toml"))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this format: 1.
    #[cfg_attr(feature = "schema", schemars(extend("const" = SCHEMA)))]
    pub schema: u32,
    /// The tool's identity.
    #[serde(default)]
    pub tool: ToolSection,
    /// Directories. No row, no directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<FsRow>,
    /// HTTP hosts. No row, no request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRow>,
    /// TCP hosts. No row, no socket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tcp: Vec<TcpRow>,
    /// Secrets that the host injects into requests; the guest never sees one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret: Vec<SecretRow>,
    /// Environment variables beyond the locked ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvRow>,
    /// Other tools of the same agent that it calls. No row, no call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<CallRow>,
    /// Imports that a language runtime brings along and that stay denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<UnusedRow>,
    /// Limits, where the default is not enough.
    #[serde(default)]
    pub limits: LimitsRequest,
}

/// `[tool]`: who the tool is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ToolSection {
    /// The name the tool goes by, such as `wget`: 1 to 64 of `A-Z a-z 0-9 _ -`, the first a letter
    /// or a digit.
    #[cfg_attr(feature = "schema", schemars(extend(
        "pattern" = crate::schema::TOOL_NAME,
        "maxLength" = crate::tool_name::MAX_TOOL_NAME,
    )))]
    pub name: String,
    /// Its version, such as `0.1.0`.
    pub version: String,
    /// Its purpose, in one line.
    pub summary: String,
    /// A contract about standard input and output that it follows; arguments and any text when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<ToolContract>,
    /// The core module that the component was made of. `tool build` writes it, for a tool with a
    /// contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub module: Option<Digest>,
}

impl Manifest {
    /// The custom section of a component that holds its manifest.
    pub const SECTION: &'static str = "cofferdam:capabilities";

    /// The manifest of a component that has none: it asks for nothing.
    pub fn empty() -> Self {
        Self {
            schema: SCHEMA,
            tool: ToolSection::default(),
            fs: Vec::new(),
            http: Vec::new(),
            tcp: Vec::new(),
            secret: Vec::new(),
            env: Vec::new(),
            call: Vec::new(),
            unused: Vec::new(),
            limits: LimitsRequest::default(),
        }
    }

    /// Reads `capabilities.toml`. `file` names it in errors, together with line and column.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, ManifestError> {
        check_size(text.len(), file)?;
        let manifest: Self =
            toml::from_str(text).map_err(|error| ManifestError::from_toml(&error, text, file))?;
        manifest.checked(file)
    }

    /// Reads the JSON of the custom section. `origin` names the component in errors.
    pub fn from_json(json: &[u8], origin: &str) -> Result<Self, ManifestError> {
        check_size(json.len(), origin)?;
        let manifest: Self = serde_json::from_slice(json)
            .map_err(|error| ManifestError::from_json(&error, origin))?;
        manifest.checked(origin)
    }

    /// The one form in which a manifest is embedded and digested.
    pub fn to_canonical_json(&self) -> Result<Vec<u8>, ManifestError> {
        serde_json_canonicalizer::to_vec(self)
            .map_err(|error| ManifestError::from_json(&error, "manifest"))
    }

    /// The digest of the canonical form: what a reviewer signs off.
    pub fn digest(&self) -> Result<Digest, ManifestError> {
        Ok(Digest::of(&self.to_canonical_json()?))
    }

    /// Every secret goes to one of the hosts that requests are sent to, and is exchanged at one.
    fn check_network(&self, origin: &str) -> Result<(), ManifestError> {
        let refuse = |problem: String| Err(ManifestError::at(origin, problem));
        if self.tcp.iter().any(|row| row.host.is_any()) {
            return refuse(
                "[[tcp]] `host = \"*\"` is every host: name the hosts that the tool needs"
                    .to_owned(),
            );
        }
        for row in &self.secret {
            let name = row.name.as_str();
            if !self.http.iter().any(|http| http.host.covers(&row.host)) {
                return refuse(format!(
                    "[[secret]] `host = \"{}\"` of {name:?} is in no [[http]] row: declare the \
                     requests it is for",
                    row.host
                ));
            }
            let usage = row.usage().map_err(|problem| {
                ManifestError::at(origin, format!("[[secret]] {name:?}: {problem}"))
            })?;
            let SecretUse::ClientCredentials { token_url: url, .. } = usage else {
                continue;
            };
            let asked = |row: &HttpRow| {
                row.covers("POST", url.scheme(), url.host(), url.port(), url.path())
            };
            if !self.http.iter().any(asked) {
                return refuse(format!(
                    "[[secret]] `token-url = \"{url}\"` of {name:?} is in no [[http]] row: declare \
                     the host with its port and the method POST"
                ));
            }
        }
        Ok(())
    }

    /// Refuses a second row that asks for the same requests or connections, whatever reason it has
    /// and in whatever order it lists them.
    fn check_repeated_network(&self, origin: &str) -> Result<(), ManifestError> {
        let refuse = |table: &str, host: &HostPattern| {
            let problem = format!(
                "[[{table}]] `host = \"{host}\"` appears twice with the same keys: keep one row"
            );
            Err(ManifestError::at(origin, problem))
        };
        for (index, row) in self.http.iter().enumerate() {
            if self
                .http
                .iter()
                .take(index)
                .any(|other| other.asks_the_same(row))
            {
                return refuse("http", &row.host);
            }
        }
        for (index, row) in self.tcp.iter().enumerate() {
            let same = |other: &TcpRow| {
                other.host == row.host
                    && other.ports.are_within(&row.ports)
                    && row.ports.are_within(&other.ports)
            };
            if self.tcp.iter().take(index).any(same) {
                return refuse("tcp", &row.host);
            }
        }
        Ok(())
    }

    /// Refuses a character that could draw on a terminal, forge a line or hide a word from a
    /// reviewer, in any text of the manifest: reasons, paths, hosts, names.
    fn check_text(&self, origin: &str) -> Result<(), ManifestError> {
        let whole =
            serde_json::to_value(self).map_err(|error| ManifestError::from_json(&error, origin))?;
        let sections = whole.as_object().into_iter().flatten();
        for (section, value) in sections {
            let (place, rows) = match value {
                Value::Array(rows) => (format!("[[{section}]]"), rows.as_slice()),
                other => (format!("[{section}]"), std::slice::from_ref(other)),
            };
            if let Some((key, c)) = rows.iter().find_map(hidden) {
                let key = ForeignText::line(&key);
                let problem = format!(
                    "{place} `{key}` holds the character U+{:04X}, which a reviewer would not see \
                     as it is: write it without control, invisible and direction characters",
                    u32::from(c)
                );
                return Err(ManifestError::at(origin, problem));
            }
        }
        Ok(())
    }

    /// Checks that involve more than one key.
    fn checked(self, origin: &str) -> Result<Self, ManifestError> {
        let at = |problem: String| ManifestError::at(origin, problem);
        let refuse = |problem: String| Err(at(problem));
        if self.schema != SCHEMA {
            return refuse(format!(
                "`schema = {}` is unknown to this host: expected `schema = {SCHEMA}`",
                self.schema
            ));
        }
        if self != Self::empty() {
            ToolName::check(&self.tool.name)
                .map_err(|problem| at(format!("[tool] `name`: {problem}")))?;
        }
        self.check_text(origin)?;
        twice(
            "[[fs]] `path`",
            self.fs.iter().map(|row| row.path.as_str()),
            origin,
        )?;
        twice(
            "[[env]] `name`",
            self.env.iter().map(|row| row.name.as_str()),
            origin,
        )?;
        twice(
            "[[secret]] `name`",
            self.secret.iter().map(|row| row.name.as_str()),
            origin,
        )?;
        twice(
            "[[call]] `name`",
            self.call.iter().map(|row| row.name.as_str()),
            origin,
        )?;
        self.check_repeated_network(origin)?;
        self.check_network(origin)?;
        twice(
            "[[unused]] `interface`",
            self.unused.iter().map(|row| row.interface.as_str()),
            origin,
        )?;
        for row in &self.fs {
            let scratch = GuestPath::scratch();
            if scratch.contains(&row.path)
                && (row.path != scratch || row.access != Access::ReadWrite)
            {
                return refuse(format!(
                    "[[fs]] `path = \"{}\"` ({}): {scratch} is empty at the start of every call, \
                     so ask for {scratch} itself and read-write",
                    row.path, row.access
                ));
            }
        }
        for row in &self.env {
            if row.name.is_empty() || row.name.contains(['=', '\0']) {
                return refuse(format!(
                    "[[env]] `name = {:?}` is not the name of a variable",
                    row.name
                ));
            }
        }
        for row in &self.call {
            ToolName::check(&row.name)
                .map_err(|problem| at(format!("[[call]] `name`: {problem}")))?;
        }
        Ok(self)
    }
}

/// Returns the key of the first text below `value` that holds a hiding character, and the
/// character.
fn hidden(value: &Value) -> Option<(String, char)> {
    match value {
        Value::String(text) => ForeignText::line(text).hidden().map(|c| (String::new(), c)),
        Value::Array(values) => values.iter().find_map(hidden),
        Value::Object(values) => values.iter().find_map(|(key, value)| {
            let (inner, c) = hidden(value)?;
            Some((
                if inner.is_empty() {
                    key.clone()
                } else {
                    format!("{key}.{inner}")
                },
                c,
            ))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn check_size(len: usize, origin: &str) -> Result<(), ManifestError> {
    if len > MAX_MANIFEST {
        let problem = format!("the manifest has {len} bytes: at most {MAX_MANIFEST} are read");
        return Err(ManifestError::at(origin, problem));
    }
    Ok(())
}

/// Refuses a second row of the same name, because one of the two would silently not count.
fn twice<'a>(
    key: &str,
    values: impl Iterator<Item = &'a str>,
    origin: &str,
) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value) {
            return Err(ManifestError::at(
                origin,
                format!("{key} = {value:?} appears twice: keep one row"),
            ));
        }
    }
    Ok(())
}
