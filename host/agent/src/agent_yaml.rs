//! `etc/agent.yaml`: the resolved configuration of an agent, for runtimes that read one.
//!
//! It is written in the newer of two shapes and read in both. No value of a variable, no path of
//! the machine, no address and no key is in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_saphyr::Options;
use serde_saphyr::options::DuplicateKeyPolicy;

/// The largest file that is read, in bytes (1 MiB): as large as an Agentfile.
pub const AGENT_YAML_MAX_BYTES: u64 = 1 << 20;

/// Nodes of a file that is read: an agent has a few tools with six keys each, and a few settings.
const MAX_NODES: usize = 65_536;

/// Collections inside one another. The shapes have three.
const MAX_DEPTH: usize = 8;

/// The configuration of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentYaml {
    /// The agent's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its model, `provider/name`.
    pub model: String,
    /// The directory in which tools resolve relative paths.
    pub workspace: String,
    /// The image that it was made from; both parts are empty for an Agentfile.
    pub image: Pinned,
    /// The loop that runs it.
    pub runtime: RuntimeYaml,
    /// Settings, by key.
    pub configs: BTreeMap<String, String>,
    /// Capabilities that its author asked for.
    pub capabilities: Vec<Described>,
    /// Variables, without values.
    pub envs: Vec<EnvYaml>,
    /// Directories of the machine, by the path that tools see.
    pub mounts: Vec<MountYaml>,
    /// The documents of its prompt, in their order.
    pub context: Vec<ContextYaml>,
    /// Its tools.
    pub tools: Vec<ToolYaml>,
    /// Arguments of the loop.
    pub exec: Vec<String>,
}

/// A reference, and what it meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pinned {
    /// The reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `sha256:` and 64 digits; empty where it is not known.
    pub digest: String,
}

/// The loop that runs an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeYaml {
    /// The reference.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `sha256:` and 64 digits; empty where it is not known.
    pub digest: String,
    /// Its program in the agent's tree; empty for a loop that is none.
    pub binary: String,
}

/// A name, and what it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Described {
    /// The name.
    pub name: String,
    /// Its purpose.
    pub description: String,
}

/// A variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvYaml {
    /// Its name.
    pub key: String,
    /// Its purpose.
    pub description: String,
}

/// A mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MountYaml {
    /// The path that tools see.
    pub target: String,
    /// Its purpose.
    pub description: String,
    /// True if no tool may change anything in it.
    pub read_only: bool,
}

/// A document of the prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextYaml {
    /// Its name.
    pub name: String,
    /// Its file in the agent's tree, such as `/etc/context/SOUL.md`.
    pub file: String,
    /// Its purpose.
    pub description: String,
}

/// A tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToolYaml {
    /// The name of its BIN.
    pub name: String,
    /// Its purpose.
    pub description: String,
    /// Its component in the agent's tree, such as `/usr/bin/wc`.
    pub binary: String,
    /// The reference that its Agentfile names.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The digest of its component.
    pub digest: String,
    /// The file in the agent's tree that says how to call it; empty without one.
    pub usage: String,
}

/// A file that is no configuration of an agent.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct AgentYamlError {
    path: String,
    problem: String,
}

impl AgentYamlError {
    /// The problem with the file at `path`.
    pub(crate) fn new(path: &Path, problem: String) -> Self {
        Self {
            path: path.display().to_string(),
            problem,
        }
    }
}

/// Both shapes: the keys of the newer one, and those that only the older one has.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    id: String,
    name: String,
    model: String,
    workspace: Option<String>,
    image: Option<Pinned>,
    runtime: Option<RuntimeYaml>,
    configs: BTreeMap<String, Scalar>,
    capabilities: Vec<Described>,
    envs: Vec<EnvYaml>,
    mounts: Vec<MountYaml>,
    context: Vec<ContextYaml>,
    tools: Vec<ToolYaml>,
    exec: Vec<String>,
    /// The older shape: the address of its loop, which is another one at each start.
    addr: Option<String>,
    /// The older shape.
    provenance: Option<Provenance>,
    /// The older shape: the whole specification once more, as its author wrote it.
    source: Option<IgnoredAny>,
}

/// The origin of an agent of the older shape.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Provenance {
    image_digest: String,
    runtime_ref: String,
    runtime_digest: String,
}

/// The value of a setting. Some writers leave out the quotes of a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

impl AgentYaml {
    /// Reads a text in either shape. `path` is its name in messages.
    ///
    /// # Errors
    ///
    /// It is too large or too deep, no YAML, has another key or a key twice, or lacks a name or a
    /// model.
    pub fn read(text: &str, path: &Path) -> Result<Self, AgentYamlError> {
        let wrong = |problem: String| AgentYamlError::new(path, problem);
        if text.len() as u64 > AGENT_YAML_MAX_BYTES {
            return Err(wrong(format!(
                "it has {} bytes: at most {AGENT_YAML_MAX_BYTES} are read",
                text.len()
            )));
        }
        let written: Written = serde_saphyr::from_str_with_options(text, options())
            .map_err(|error| wrong(first_line(&error.to_string())))?;
        let read = Self::from(written);
        for (key, value) in [("name", &read.name), ("model", &read.model)] {
            if value.is_empty() {
                return Err(wrong(format!("it has no `{key}`")));
            }
        }
        Ok(read)
    }

    /// The text of the newer shape.
    pub(crate) fn text(&self) -> Result<String, serde_saphyr::ser::Error> {
        serde_saphyr::to_string(self)
    }
}

/// The sentence of an error, without the text around the place.
fn first_line(error: &str) -> String {
    let line = error.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

/// Nothing is repeated by reference, and nothing is large.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
    }
}

impl From<Written> for AgentYaml {
    fn from(written: Written) -> Self {
        let Written {
            id,
            name,
            model,
            workspace,
            image,
            runtime,
            configs,
            capabilities,
            envs,
            mounts,
            context,
            tools,
            exec,
            addr: _,
            provenance,
            source: _,
        } = written;
        let Provenance {
            image_digest,
            runtime_ref,
            runtime_digest,
        } = provenance.unwrap_or_default();
        Self {
            id,
            name,
            model,
            workspace: workspace.unwrap_or_else(|| "/workspace".to_owned()),
            image: image.unwrap_or(Pinned {
                reference: String::new(),
                digest: image_digest,
            }),
            runtime: runtime.unwrap_or(RuntimeYaml {
                reference: runtime_ref,
                digest: runtime_digest,
                binary: String::new(),
            }),
            configs: configs
                .into_iter()
                .map(|(key, value)| (key, value.to_string()))
                .collect(),
            capabilities,
            envs,
            mounts,
            context,
            tools,
            exec,
        }
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWER: &str = r#"id: 9f0c
name: otter
model: builtin/commands
workspace: /workspace
image:
  ref: example.org/otter:1
  digest: sha256:aa
runtime:
  ref: cofferdam:0.1.0
  digest: ""
  binary: ""
configs:
  max-tokens: "100"
capabilities:
  - name: note_save
    description: ""
envs:
  - key: TEAM
    description: who it is
mounts:
  - target: /workspace/notes
    description: the notes
    read_only: true
context:
  - name: AGENT
    file: /etc/context/AGENT.md
    description: ""
tools:
  - name: wc
    description: counts
    binary: /usr/bin/wc
    ref: ./wc.wasm
    digest: sha256:bb
    usage: /etc/data/bins/wc/USAGE.md
exec:
  - serve
"#;

    const OLDER: &str = r#"id: 9f0c
source:
  agent:
    name: otter
    contexts: [{name: SOUL, content: "be kind"}]
name: otter
model: anthropic/claude
addr: 127.0.0.1:4000
exec: [serve]
provenance:
  image_digest: sha256:aa
  runtime_ref: example.org/runtime:1
  runtime_digest: sha256:cc
tools:
- name: wc
  description: counts
  binary: /srv/agents/9f0c/usr/bin/wc
  ref: example.org/wc
  digest: sha256:bb
"#;

    fn read(text: &str) -> Result<AgentYaml, String> {
        AgentYaml::read(text, Path::new("agent.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_newer_shape_is_read_as_it_is_written() {
        let yaml = read(NEWER).unwrap();
        assert_eq!(yaml.tools[0].usage, "/etc/data/bins/wc/USAGE.md");
        assert!(yaml.mounts[0].read_only);
        let written = yaml.text().unwrap();
        assert_eq!(read(&written).unwrap(), yaml, "{written}");
        let keys = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with([' ', '-']));
            let keys = lines.filter_map(|line| line.split_once(':'));
            keys.map(|(key, _)| key.to_owned()).collect()
        };
        assert_eq!(keys(&written), keys(NEWER));
    }

    #[test]
    fn the_older_shape_is_read() {
        let yaml = read(OLDER).unwrap();
        assert_eq!(yaml.image.digest, "sha256:aa");
        assert_eq!(yaml.runtime.reference, "example.org/runtime:1");
        assert_eq!(yaml.workspace, "/workspace");
        assert_eq!(yaml.tools[0].digest, "sha256:bb");
        // Some writers leave out the quotes of a number.
        let yaml = read("name: a\nmodel: a/b\nconfigs: {max-tokens: 100, x: true}\n").unwrap();
        assert_eq!(yaml.configs["max-tokens"], "100");
        assert_eq!(yaml.configs["x"], "true");
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for (text, says) in [
            (String::new(), "no `name`"),
            ("name: a\n".to_owned(), "no `model`"),
            (format!("{NEWER}api-key: x\n"), "api-key"),
            (format!("{NEWER}name: b\n"), "name"),
            ("name: &a x\nmodel: *a\n".to_owned(), ""),
            ("[".repeat(10_000), ""),
            (format!("source: {}\n", "{a: ".repeat(50)), ""),
            ("x".repeat(2 << 20), "at most"),
            (
                format!("name: a\nmodel: b/c\nexec: [{}]", "a, ".repeat(70_000)),
                "",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
