//! Tools of this host that an agent holds by a `CAPABILITY` of its Agentfile: its notes, and what
//! it was given. They go the way of every other call.

mod answer;
mod kind;
mod source;

use std::sync::Arc;

use cofferdam_call::Descriptor;
use cofferdam_capability::ToolName;
use cofferdam_image::agentfile::Agentfile;
use cofferdam_tool::{Effect, HostAnswer, HostTool};
use serde_json::Value;

use self::kind::{KINDS, Kind};
use self::source::Source;
use crate::mounts::Mounts;
use crate::notes::Notes;
use crate::resolved;

/// A tool of this host, for one agent.
#[derive(Debug)]
struct Injected {
    name: ToolName,
    kind: Kind,
    source: Arc<Source>,
}

/// The names of the capabilities that this host has.
pub fn capabilities() -> [&'static str; KINDS.len()] {
    KINDS.map(|(name, _)| name)
}

/// The tools that an agent holds. Capabilities with other names are those of other hosts.
pub(crate) fn tools(
    agentfile: &Agentfile,
    mounts: &Mounts,
    notes: &Notes,
) -> Vec<Arc<dyn HostTool>> {
    let source = Arc::new(Source {
        contexts: agentfile.contexts.clone(),
        variables: agentfile.envs.clone(),
        mounts: mounts.iter().map(resolved::mount).collect(),
        notes: notes.clone(),
    });
    // Both spellings name one tool, which is there once.
    let holds = |name: &str| {
        let mut held = agentfile.capabilities.iter();
        held.any(|held| held.replace('-', "_") == name)
    };
    let held = KINDS.iter().filter(|(name, _)| holds(name));
    held.map(|(name, kind)| {
        Arc::new(Injected {
            name: ToolName::made_of(name),
            kind: *kind,
            source: Arc::clone(&source),
        }) as Arc<dyn HostTool>
    })
    .collect()
}

impl HostTool for Injected {
    fn descriptor(&self) -> Descriptor {
        Descriptor {
            name: self.name.clone(),
            description: self.kind.description().to_owned(),
            input_schema: self.kind.schema(),
            output_schema: None,
        }
    }

    fn effect(&self) -> Effect {
        self.kind.effect()
    }

    fn call(&self, input: Value) -> HostAnswer<'_> {
        Box::pin(answer::answer(self.kind, &self.source, input))
    }
}
