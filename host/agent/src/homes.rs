//! The directories that agents were made from, whose Agentfiles and components no tool may replace.

use std::path::Path;

use cofferdam_capability::Guarded;
use cofferdam_image::agentfile::{self, NamedFiles};
use cofferdam_store::KnownAgent;
use cofferdam_tool::Runner;

use crate::error::AgentError;

/// The same runner, whose tools may not replace the Agentfiles and components of these agents
/// either. Their trees lie in the directory `trees`.
pub(crate) fn guarded(
    runner: &Runner,
    trees: &Path,
    agents: &[KnownAgent],
) -> Result<Runner, AgentError> {
    let guard = |guarded: &mut Guarded| {
        for agent in agents {
            let home = Path::new(&agent.home);
            guarded.add(&home.join("Agentfile"), "an Agentfile")?;
            // One that cannot be read is reported when its agent is restored.
            let kept = trees.join(&agent.id).join("etc/Agentfile");
            let Ok(NamedFiles { data, components }) = agentfile::named_files(&kept) else {
                continue;
            };
            for file in data {
                guarded.add(&home.join(file), "a file of an Agentfile")?;
            }
            for component in components {
                guarded.add(&home.join(component), "a component")?;
            }
        }
        Ok(())
    };
    runner.guarding(guard).map_err(|source| AgentError::Tree {
        path: trees.to_owned(),
        source,
    })
}
