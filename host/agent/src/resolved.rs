//! `etc/agent.yaml` for an agent that was made.

use cofferdam_capability::Access;
use cofferdam_image::ToolSource;
use cofferdam_image::agentfile::{Agentfile, Bin};

use crate::agent_yaml::{
    AgentYaml, ContextYaml, Described, EnvYaml, MountYaml, Pinned, RuntimeYaml, ToolYaml,
};
use crate::component::Component;
use crate::documents::Document;
use crate::mounts::{Mounts, OpenMount};
use crate::workspace::usage_file;

/// The arguments of a loop whose Agentfile names none.
const EXEC: &str = "serve";

/// Everything that the file tells.
pub(crate) struct Resolved<'a> {
    pub(crate) id: &'a str,
    /// The Agentfile, with the operator's choices in it.
    pub(crate) agentfile: &'a Agentfile,
    pub(crate) image: Pinned,
    pub(crate) components: &'a [Component],
    pub(crate) mounts: &'a Mounts,
    pub(crate) documents: &'a [Document],
}

/// The configuration of an agent.
pub(crate) fn agent_yaml(resolved: Resolved<'_>) -> AgentYaml {
    let Resolved {
        id,
        agentfile,
        image,
        components,
        mounts,
        documents,
    } = resolved;
    let configs = agentfile.configs.iter();
    let exec = match agentfile.exec.as_slice() {
        [] => vec![EXEC.to_owned()],
        exec => exec.to_vec(),
    };
    AgentYaml {
        id: id.to_owned(),
        name: agentfile.name().to_owned(),
        model: agentfile.model().to_owned(),
        workspace: "/workspace".to_owned(),
        image,
        // This host's own loop runs every agent, whatever its author wrote it for. It is no image,
        // so its version stands for its digest.
        runtime: RuntimeYaml {
            reference: concat!("cofferdam:", env!("CARGO_PKG_VERSION")).to_owned(),
            ..RuntimeYaml::default()
        },
        configs: configs
            .filter_map(|config| Some((config.key.clone(), config.value.as_ref()?.to_string())))
            .collect(),
        capabilities: agentfile
            .capabilities
            .iter()
            .map(|name| Described {
                name: name.clone(),
                description: String::new(),
            })
            .collect(),
        envs: agentfile
            .envs
            .iter()
            .map(|variable| EnvYaml {
                key: variable.key.clone(),
                description: variable.description.clone().unwrap_or_default(),
            })
            .collect(),
        mounts: mounts.iter().map(mount).collect(),
        context: documents.iter().map(context).collect(),
        tools: agentfile
            .bins
            .iter()
            .zip(components)
            .map(|(bin, component)| tool(bin, component))
            .collect(),
        exec,
    }
}

pub(crate) fn mount(mount: &OpenMount) -> MountYaml {
    MountYaml {
        target: mount.target().to_string(),
        description: mount.description.clone(),
        read_only: mount.access() == Access::ReadOnly,
    }
}

fn context(document: &Document) -> ContextYaml {
    ContextYaml {
        name: document.name.clone(),
        file: format!("/etc/context/{}.md", document.name),
        description: document.description.clone(),
    }
}

fn tool(bin: &Bin, component: &Component) -> ToolYaml {
    let usage = component.usage.as_ref();
    ToolYaml {
        name: bin.name.clone(),
        description: bin.description.clone().unwrap_or_default(),
        binary: format!("/usr/bin/{}", bin.name),
        reference: reference(&bin.source),
        digest: component.digest().to_string(),
        usage: usage.map_or_else(String::new, |_| format!("/{}", usage_file(&bin.name))),
    }
}

/// The words of an Agentfile, without the place of a file on this machine.
fn reference(source: &ToolSource) -> String {
    match source {
        ToolSource::Image(reference) => reference.to_string(),
        ToolSource::Path(path) if path.is_relative() => path.display().to_string(),
        ToolSource::Path(path) => {
            let name = path.file_name().unwrap_or_default();
            format!("./{}", name.display())
        }
    }
}
