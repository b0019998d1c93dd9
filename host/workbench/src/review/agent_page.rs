//! Everything that the page of a review says about the tools of an agent together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cofferdam_capability::{
    CallBound, CallRow, Digest, Flow, FlowDirectory, FlowSource, FlowTool, GuestPath, Manifest,
    flows,
};
use serde::Serialize;

use super::flow_words::way;
use super::rule::{self, Finding};
use super::tool_page::ToolPage;

/// The tools of an agent, and what they can do together.
#[derive(Debug, Clone, Serialize)]
pub struct AgentPage {
    /// Its tools, in the order of its Agentfile.
    pub tools: Vec<AgentTool>,
    /// Everything that stands out.
    pub findings: Vec<AgentFinding>,
    /// The tools that call others.
    pub calls: Vec<CallLine>,
    /// Secrets, and the hosts that they are sent to.
    pub secrets: Vec<SecretLine>,
    /// The ways of data to hosts, if everything that the tools ask for is granted.
    pub flows: FlowPage,
}

/// A tool of an agent.
#[derive(Debug, Clone, Serialize)]
pub struct AgentTool {
    /// The name of the BIN.
    pub bin: String,
    /// The image, as the Agentfile names it.
    pub image: String,
    /// The digest of the image, by which its tool can be reviewed; none where it cannot be had.
    pub image_digest: Option<Digest>,
    /// Its own page; none where it cannot be read.
    pub page: Option<ToolPage>,
    /// The reason why it cannot be read.
    pub unknown: Option<String>,
}

/// Something about tools of an agent that stands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentFinding {
    /// The names of the BINs.
    pub tools: Vec<String>,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// A call that a tool may make of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallLine {
    /// The caller.
    pub from: String,
    /// The called tool.
    pub to: String,
    /// True if the agent has it.
    pub is_there: bool,
    /// The part of its grant that the call may use, in words.
    pub may_use: String,
}

/// A secret, and the host that it is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretLine {
    /// The secret.
    pub secret: String,
    /// The host.
    pub host: String,
    /// The tool that asks for it.
    pub tool: String,
}

/// The ways of data to hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FlowPage {
    /// Every pair of a source and a host with a way between.
    Followed(Vec<FlowLine>),
    /// Nobody can say: any data may get to any host.
    Unknown {
        /// The reason.
        unknown: String,
    },
}

/// Data that can reach a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowLine {
    /// The beginning of the data: a directory, or `variable NAME`.
    pub source: String,
    /// The host, or the pattern of hosts.
    pub host: String,
    /// True if the data gets there only when the model passes it on.
    pub through_model: bool,
    /// A shortest way, in words.
    pub way: String,
}

impl AgentPage {
    /// Joins the pages of an agent's tools. The names of its BINs are those of the tools.
    pub fn of(tools: Vec<AgentTool>) -> Self {
        let pages = || {
            let known = tools.iter();
            known.filter_map(|tool| Some((tool.bin.as_str(), tool.page.as_ref()?)))
        };
        let mut findings: Vec<AgentFinding> = Vec::new();
        let mut calls = Vec::new();
        let mut secrets = Vec::new();
        for (bin, page) in pages() {
            for finding in &page.findings {
                add(&mut findings, bin, finding);
            }
            for row in &page.rows.call {
                let mut called = pages().filter(|(name, _)| *name == row.name);
                let called = called.next();
                if called.is_some_and(|(_, page)| has_network(&page.rows)) {
                    let what = format!("[[call]] {}", row.name);
                    add(&mut findings, bin, &rule::CALL_AND_NETWORK.finds(what));
                }
                calls.push(CallLine {
                    from: bin.to_owned(),
                    to: row.name.clone(),
                    is_there: tools.iter().any(|tool| tool.bin == row.name),
                    may_use: may_use(row),
                });
            }
            secrets.extend(page.rows.secret.iter().map(|row| SecretLine {
                secret: row.name.to_string(),
                host: row.host.to_string(),
                tool: bin.to_owned(),
            }));
        }
        let facts: Vec<_> = pages().map(|(bin, page)| asked(bin, &page.rows)).collect();
        let flows = match tools.iter().find(|tool| tool.page.is_none()) {
            Some(tool) => FlowPage::Unknown {
                unknown: format!("BIN {} cannot be read", tool.bin),
            },
            None => match flows(&facts) {
                Ok(flows) => FlowPage::Followed(flows.iter().map(line).collect()),
                Err(error) => FlowPage::Unknown {
                    unknown: error.to_string(),
                },
            },
        };
        Self {
            tools,
            findings,
            calls,
            secrets,
            flows,
        }
    }
}

/// Adds a finding. The same one about several tools is one.
fn add(findings: &mut Vec<AgentFinding>, bin: &str, finding: &Finding) {
    match findings.iter_mut().find(|known| known.finding == *finding) {
        Some(known) => known.tools.push(bin.to_owned()),
        None => findings.push(AgentFinding {
            tools: vec![bin.to_owned()],
            finding: finding.clone(),
        }),
    }
}

/// The facts of a tool that is granted everything that it asks for. Directories of one name are one
/// directory.
fn asked(bin: &str, manifest: &Manifest) -> FlowTool {
    let scratch = GuestPath::scratch();
    let directories = manifest.fs.iter().filter(|row| row.path != scratch);
    let http = manifest.http.iter().map(|row| row.host.clone());
    let tcp = manifest.tcp.iter().map(|row| row.host.clone());
    let calls = manifest.call.iter();
    let calls: BTreeMap<String, CallBound> =
        calls.map(|row| (row.name.clone(), row.bound())).collect();
    FlowTool {
        name: bin.to_owned(),
        directories: directories
            .map(|row| FlowDirectory {
                guest: row.path.clone(),
                place: PathBuf::from(row.path.as_str()),
                access: row.access,
            })
            .collect(),
        variables: manifest.env.iter().map(|row| row.name.clone()).collect(),
        hosts: http.chain(tcp).collect(),
        calls,
    }
}

fn has_network(manifest: &Manifest) -> bool {
    !manifest.http.is_empty() || !manifest.tcp.is_empty()
}

fn may_use(row: &CallRow) -> String {
    let list = |items: Vec<String>| {
        if items.is_empty() {
            return "none".to_owned();
        }
        items.join(", ")
    };
    let mut words = Vec::new();
    if let Some(directories) = &row.directories {
        let names = directories.iter().map(ToString::to_string).collect();
        words.push(format!("directories {}", list(names)));
    }
    words.extend(row.access.map(|access| access.to_string()));
    if let Some(hosts) = &row.hosts {
        let names = hosts.iter().map(ToString::to_string).collect();
        words.push(format!("hosts {}", list(names)));
    }
    if words.is_empty() {
        return "everything that it was granted".to_owned();
    }
    words.join("; ")
}

fn line(flow: &Flow) -> FlowLine {
    FlowLine {
        source: match &flow.source {
            FlowSource::Directory(path) => path.display().to_string(),
            FlowSource::Variable(name) => format!("variable {name}"),
        },
        host: flow.host.clone(),
        through_model: flow.through_model,
        way: way(&flow.steps),
    }
}
