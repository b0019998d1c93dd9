//! What a table of cases says. The format is told in `README.md` beside the tables.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// `tests/tool/differential/TOOL.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Table {
    /// The tool, where the file has another name: a tool may have several tables.
    pub(super) tool: Option<String>,
    /// The native program and arguments that go before those of every case. Empty: there is none.
    pub(super) native: Vec<String>,
    /// The Debian package that brings the native program, where it is not essential there.
    pub(super) package: Option<String>,
    /// Why there is no native program to compare with.
    pub(super) no_native: Option<String>,
    /// Files that every case has, besides its own.
    #[serde(default)]
    pub(super) files: Files,
    /// What an HTTP server of the test's own answers, by path. `{web}` in arguments is its address.
    #[serde(default)]
    pub(super) web: BTreeMap<String, Answer>,
    #[serde(default)]
    pub(super) cases: Vec<Case>,
}

/// One call of both programs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) stdin: Bytes,
    #[serde(default)]
    pub(super) files: Files,
    /// Variables: the native program gets them, and ours those that its manifest declares.
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    /// Limits of the call in the sandbox, by their keys in `[limits]`: fuel, memory, wall.
    #[serde(default)]
    pub(super) limits: BTreeMap<String, Limit>,
    /// What differs from call to call (times, random names), as a pattern: it is taken for the same
    /// everywhere.
    pub(super) mask: Option<String>,
    /// So many bytes of standard output are compared, and not how the programs end: some do not end
    /// by themselves.
    pub(super) first: Option<usize>,
    /// Whether modification times of files are compared.
    #[serde(default)]
    pub(super) times: bool,
    /// The output of a newer version of the native program, where that of this machine is older and
    /// says something else. It stands in for the native program, which is not run.
    pub(super) newer: Option<String>,
    /// Why the two legitimately differ. It is then checked that they still do.
    pub(super) differs: Option<String>,
}

/// By path below the working directory; a name that ends in `/` is an empty directory and has no
/// content.
pub(super) type Files = BTreeMap<String, Option<File>>;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum File {
    Text(String),
    Other(OtherFile),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct OtherFile {
    /// Its content.
    text: Option<String>,
    /// Its content, if it is no text.
    base64: Option<String>,
    /// Makes it a symbolic link with this target.
    pub(super) link: Option<String>,
    /// When it was modified, in seconds of Unix time.
    pub(super) modified: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Bytes {
    Text(String),
    Base64 { base64: String },
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Limit {
    Number(u64),
    Text(String),
}

/// A response of the test's own server.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Answer {
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
}

fn ok() -> u16 {
    200
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Bytes {
    pub(super) fn get(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64 { base64 } => decode(base64),
        }
    }
}

impl File {
    pub(super) fn content(&self) -> Vec<u8> {
        match self {
            Self::Text(text)
            | Self::Other(OtherFile {
                text: Some(text), ..
            }) => text.clone().into_bytes(),
            Self::Other(OtherFile {
                base64: Some(base64),
                ..
            }) => decode(base64),
            Self::Other(_) => Vec::new(),
        }
    }

    pub(super) fn other(&self) -> Option<&OtherFile> {
        match self {
            Self::Text(_) => None,
            Self::Other(other) => Some(other),
        }
    }
}

impl Limit {
    /// As the command line takes it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn decode(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).expect("base64 in a table")
}
