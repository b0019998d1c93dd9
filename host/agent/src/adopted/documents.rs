//! The documents of a tree that another program has made.

use std::path::{Component, Path};

use cofferdam_image::agentfile::CONTEXT_MAX_BYTES;
use cofferdam_tool::Toolbox;
use serde_json::{Value, json};

use crate::agent_yaml::ContextYaml;
use crate::documents::{self, Document};
use crate::error::AgentError;
use crate::workspace::Workspace;

/// The directory of documents.
const CONTEXT: &str = "etc/context";

/// Documents in it that are looked at where no list names them: an agent has a handful.
const MAX_DOCUMENTS: usize = 256;

/// All documents together, in bytes (4 MiB): far more than models read.
const MAX_BYTES: usize = 4 << 20;

/// Documents that tell what the sandbox is. Those of an executor tell of paths of its machine,
/// which no tool sees here.
const OF_THE_SANDBOX: [&str; 2] = ["WORKSPACE", "MOUNTS"];

/// The document about the agent itself.
const AGENT: &str = "AGENT";

/// The documents that `etc/agent.yaml` lists, in its order. Its older shape lists none: there all
/// files of the directory are meant.
pub(super) struct Listed(Vec<Document>);

impl Listed {
    pub(super) fn read(workspace: &Workspace, rows: &[ContextYaml]) -> Result<Self, AgentError> {
        let scanned;
        let rows = if rows.is_empty() {
            scanned = scan(workspace)?;
            &scanned
        } else {
            rows
        };
        let mut documents = Vec::new();
        let mut bytes = 0;
        for row in rows {
            let wrong = |problem: String| AgentError::Tree {
                path: workspace.path().join(row.file.trim_start_matches('/')),
                source: std::io::Error::other(problem),
            };
            let file = row.file.trim_start_matches('/');
            let is_below = |part: Component<'_>| matches!(part, Component::Normal(_));
            if file.is_empty() || !Path::new(file).components().all(is_below) {
                return Err(wrong(format!(
                    "context {} lies at no path of the tree, such as /{CONTEXT}/SOUL.md",
                    row.name
                )));
            }
            let text = workspace.read_text(file, CONTEXT_MAX_BYTES)?;
            bytes += text.len();
            if bytes > MAX_BYTES {
                return Err(wrong(format!(
                    "the documents of the agent have more than {MAX_BYTES} bytes together: \
                     shorten them"
                )));
            }
            documents.push(Document {
                name: row.name.clone(),
                description: row.description.clone(),
                text,
            });
        }
        Ok(Self(documents))
    }

    /// The documents of the author, as the config of an image has them.
    pub(super) fn contexts(&self) -> Vec<Value> {
        let is_authors = |document: &&Document| {
            document.name != AGENT && !OF_THE_SANDBOX.contains(&document.name.as_str())
        };
        let row = |document: &Document| {
            json!({
                "name": document.name,
                "description": document.description,
                "content": document.text,
            })
        };
        self.0.iter().filter(is_authors).map(row).collect()
    }

    /// The system prompt: these documents in their order. Those about the sandbox are this host's,
    /// from `texts`, and the one about the agent ends with what its tools reach.
    pub(super) fn prompt(self, texts: &[(String, Vec<u8>)], toolbox: &Toolbox) -> String {
        let own = |name: &str| {
            let file = format!("{CONTEXT}/{name}.md");
            let (_, text) = texts.iter().find(|(other, _)| *other == file)?;
            Some(Document {
                name: name.to_owned(),
                description: String::new(),
                text: String::from_utf8_lossy(text).into_owned(),
            })
        };
        let mut documents = Vec::new();
        for document in self.0 {
            if OF_THE_SANDBOX.contains(&document.name.as_str()) {
                documents.extend(own(&document.name));
            } else if document.name == AGENT {
                let text = format!("{}\n{}", document.text, documents::access(toolbox));
                documents.push(Document { text, ..document });
            } else {
                documents.push(document);
            }
        }
        // Those that are not listed have their usual places, after one another.
        let mut place = 0;
        for name in [AGENT].iter().chain(&OF_THE_SANDBOX) {
            let listed = documents.iter().position(|other| other.name == *name);
            if let Some(listed) = listed {
                place = listed + 1;
            } else if let Some(document) = own(name) {
                documents.insert(place, document);
                place += 1;
            }
        }
        documents::system_prompt(&documents)
    }
}

/// The documents in the directory: those that executors write first, then the others by name.
fn scan(workspace: &Workspace) -> Result<Vec<ContextYaml>, AgentError> {
    let mut names = workspace.names(CONTEXT, MAX_DOCUMENTS)?;
    names.retain(|name| name.ends_with(".md"));
    let order = |name: &str| {
        let first = [AGENT].iter().chain(&OF_THE_SANDBOX);
        first
            .enumerate()
            .find(|(_, first)| name.strip_suffix(".md") == Some(first))
            .map_or(usize::MAX, |(place, _)| place)
    };
    names.sort_by(|a, b| (order(a), a).cmp(&(order(b), b)));
    let row = |name: &String| ContextYaml {
        name: name.trim_end_matches(".md").to_owned(),
        file: format!("/{CONTEXT}/{name}"),
        description: String::new(),
    };
    Ok(names.iter().map(row).collect())
}
