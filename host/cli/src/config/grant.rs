//! `[[grant]]`: what a tool of an agent gets beyond what its manifest gets by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cofferdam_agent::{Decisions, Deployment, RoomRules, ToolDecision, Withheld};
use cofferdam_capability::{
    Access, Decision, HostOffer, Limits, LimitsRequest, RetryRequest, SecretName, TcpOffer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::network;
use super::place::{self, Key, Source};
use super::setting::{Setting, amount};
use super::written::{is_empty, names};
use crate::directory::{self, DirectoryError};
use crate::error::Failure;

/// `[[grant]]`: what a tool of an agent gets beyond what its manifest gets by itself, or less.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct GrantRow {
    /// The agent's name.
    pub(crate) agent: String,
    /// The tool, by the name of its BIN.
    pub(crate) tool: String,
    /// The most access to the agent's workspace.
    #[serde(default)]
    pub(crate) workspace: WorkspaceAccess,
    /// Further directories, `HOST:GUEST[:ro|rw]`, relative to the file.
    #[serde(default)]
    #[schemars(inner(regex(pattern = "^.+:/")))]
    pub(crate) dirs: Vec<String>,
    /// Values of variables that its manifest declares. They may be secret, so the names alone are
    /// shown.
    #[serde(default, serialize_with = "names")]
    pub(crate) env: BTreeMap<String, String>,
    /// Limits instead of the manifest's and the defaults.
    #[serde(default, serialize_with = "amounts")]
    pub(crate) limits: LimitsRequest,
    /// Hosts that it may send requests to, as far as its manifest declares them.
    #[serde(default)]
    pub(crate) http: Vec<HostOffer>,
    /// Hosts and ports that it may be connected to over TCP, as far as its manifest declares them.
    #[serde(default)]
    pub(crate) tcp: Vec<TcpOffer>,
    /// Secrets that its manifest declares, by name. `cofferdam secret set` sets the values.
    #[serde(default)]
    pub(crate) secrets: Vec<SecretName>,
    /// Calls that failed and are made again; here alone also those that may have changed something.
    #[serde(default)]
    pub(crate) retry: RetryRequest,
}

/// The first mistake in the rows of a file.
pub(super) struct GrantMistake {
    pub(super) row: usize,
    pub(super) key: &'static str,
    pub(super) problem: String,
}

impl GrantRow {
    /// The first row that repeats another one, or asks for more than the ceiling.
    pub(super) fn mistake(rows: &[Self], ceiling: &Limits) -> Option<GrantMistake> {
        for (index, row) in rows.iter().enumerate() {
            let Self { agent, tool, .. } = row;
            let same = |other: &Self| other.agent == *agent && other.tool == *tool;
            if rows.iter().skip(index + 1).any(same) {
                return Some(GrantMistake {
                    row: index,
                    key: "tool",
                    problem: format!("[[grant]] for {tool} of {agent} appears twice: keep one row"),
                });
            }
            if let Some((name, asked, most)) = row.limits.above(ceiling) {
                return Some(GrantMistake {
                    row: index,
                    key: "limits",
                    problem: format!(
                        "[[grant]] for {tool}: `{name}` = {asked} is above the ceiling of {most}"
                    ),
                });
            }
        }
        None
    }
}

/// The most that a tool gets of its agent's workspace; its manifest may ask for less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WorkspaceAccess {
    /// Read and write.
    #[default]
    Rw,
    /// Read.
    Ro,
    /// The tool does not see it.
    None,
}

fn amounts<S: Serializer>(request: &LimitsRequest, serializer: S) -> Result<S::Ok, S::Error> {
    limits(request).serialize(serializer)
}

impl WorkspaceAccess {
    fn access(self) -> Option<Access> {
        match self {
            Self::Rw => Some(Access::ReadWrite),
            Self::Ro => Some(Access::ReadOnly),
            Self::None => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Rw => "rw",
            Self::Ro => "ro",
            Self::None => "none",
        }
    }
}

/// All rows, and the file they are from.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) rows: Vec<GrantRow>,
    source: Option<Arc<Source>>,
}

/// A secret that a grant names.
#[derive(Debug, Clone)]
pub(crate) struct NamedSecret<'a> {
    /// File and line of the grant, for messages.
    pub(crate) place: String,
    pub(crate) grant: &'a GrantRow,
    pub(crate) name: &'a SecretName,
}

impl Grants {
    /// Every secret that a row names.
    pub(super) fn secrets(&self) -> impl Iterator<Item = NamedSecret<'_>> {
        let rows = self.rows.iter().enumerate();
        rows.flat_map(|(index, grant)| {
            let origin = place::origin(self.source.as_deref(), Key::Row("grant", index, "secrets"));
            let place = format!("{origin}: [[grant]] for {} of {}", grant.tool, grant.agent);
            grant.secrets.iter().map(move |name| NamedSecret {
                place: place.clone(),
                grant,
                name,
            })
        })
    }

    pub(super) fn new(rows: Vec<GrantRow>, source: Option<Arc<Source>>) -> Self {
        Self { rows, source }
    }

    /// Every decision of the file; `agents` are the choices for agents, and `room` is what their
    /// files have. Opens the directories that it offers; a tool whose directory cannot be opened is
    /// added to `withheld`, so that no other tool is kept waiting for it.
    pub(crate) fn decisions(
        &self,
        agents: BTreeMap<String, Deployment>,
        room: RoomRules,
        withheld: &mut Withheld,
    ) -> Decisions {
        let mut decisions = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            match self.decision(index, row) {
                Ok(decision) => decisions.push(((row.agent.clone(), row.tool.clone()), decision)),
                Err(failure) => {
                    let reason = failure.sentence();
                    withheld
                        .entry((row.agent.clone(), row.tool.clone()))
                        .or_insert(reason);
                }
            }
        }
        Decisions::new(decisions, agents, room)
    }

    fn decision(&self, index: usize, row: &GrantRow) -> Result<ToolDecision, Failure> {
        let GrantRow {
            agent: _,
            tool: _,
            workspace,
            dirs,
            env,
            limits,
            http,
            tcp,
            secrets,
            retry,
        } = row.clone();
        let base = self.directory();
        let offer = |written: &String| {
            directory::offer(written, base).map_err(|problem| self.dirs(index, problem))
        };
        let offers = dirs.iter().map(offer).collect::<Result<_, _>>()?;
        let env = env.into_iter().collect();
        let decision = Decision {
            offers,
            env,
            limits,
            http,
            tcp,
            secrets,
        };
        Ok(ToolDecision {
            decision,
            workspace: workspace.access(),
            retry,
        })
    }

    /// Refuses directories that are not written as they should be, whether they are there or not.
    pub(super) fn check_dirs(&self) -> Result<(), Failure> {
        let written = |(index, row): (usize, &GrantRow)| {
            row.dirs
                .iter()
                .try_for_each(|written| match directory::parse(written) {
                    Ok(_) => Ok(()),
                    Err(problem) => Err(self.dirs(index, problem)),
                })
        };
        self.rows.iter().enumerate().try_for_each(written)
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.source.as_ref().map(|source| source.path.as_path())
    }

    /// The directory of the file; the host's own place without one.
    fn directory(&self) -> &Path {
        self.file().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    fn dirs(&self, index: usize, problem: DirectoryError) -> Failure {
        let row = self
            .rows
            .get(index)
            .map(|row| format!("{} of {}", row.tool, row.agent))
            .unwrap_or_default();
        Failure::usage(format!(
            "{}: [[grant]] for {row}: `dirs`: {problem}",
            self.origin(Key::Row("grant", index, "dirs"))
        ))
    }

    /// The place where an operator writes what an agent's tool is to get: its row, if there is one.
    pub(crate) fn place(&self, agent: &str, tool: &str) -> Option<String> {
        let index = self
            .rows
            .iter()
            .position(|row| row.agent == agent && row.tool == tool)?;
        Some(self.origin(Key::Row("grant", index, "tool")))
    }

    /// Returns true if the row for an agent's tool has this key.
    pub(crate) fn has(&self, agent: &str, tool: &str, key: &'static str) -> bool {
        let of_tool = |row: &GrantRow| row.agent == agent && row.tool == tool;
        let written = |index| self.source.as_ref()?.place(Key::Row("grant", index, key));
        let index = self.rows.iter().position(of_tool);
        index.and_then(written).is_some()
    }

    /// The settings that each row gives, with the place where it is written. Of variables the names
    /// alone. The access to the workspace holds also where it is left out.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let names: Vec<_> = row.env.keys().collect();
            let given = [
                ("workspace", row.workspace.word().into()),
                ("dirs", network::list(&row.dirs)),
                ("env", network::list(&names)),
                ("limits", limits(&row.limits)),
                ("http", network::list(&row.http)),
                ("tcp", network::list(&row.tcp)),
                ("secrets", network::list(&row.secrets)),
                ("retry", retry(&row.retry)),
            ];
            settings.extend(given.into_iter().filter(|(_, value)| !is_empty(value)).map(
                |(key, value)| Setting {
                    origin: self.origin(Key::Row("grant", index, key)),
                    key: format!("grant.{}.{}.{key}", row.agent, row.tool),
                    value,
                    note: None,
                },
            ));
        }
        settings
    }

    pub(super) fn origin(&self, key: Key) -> String {
        place::origin(self.source.as_deref(), key)
    }
}

/// Retries by their keys.
fn retry(retry: &RetryRequest) -> Value {
    serde_json::to_value(retry).unwrap_or_default()
}

/// Limits by their keys.
fn limits(limits: &LimitsRequest) -> Value {
    let rows = limits.rows().into_iter();
    rows.map(|row| (row.name.to_owned(), amount(&row.value)))
        .collect()
}
