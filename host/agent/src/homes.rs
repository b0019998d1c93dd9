//! The directories that agents were made from, whose Agentfiles and components no tool may replace.

use std::path::Path;

use cofferdam_capability::Guarded;
use cofferdam_image::ToolSource;
use cofferdam_store::KnownAgent;
use cofferdam_tool::Runner;

use crate::error::AgentError;
use crate::kept;

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
            let Ok(found) = kept::agentfile(&trees.join(&agent.id)) else {
                continue;
            };
            for file in found
                .contexts
                .iter()
                .filter_map(|context| context.file.as_ref())
            {
                guarded.add(&home.join(file), "a text of an Agentfile")?;
            }
            for add in &found.adds {
                guarded.add(&home.join(&add.source), "a file of an Agentfile")?;
            }
            for bin in found.bins {
                if let ToolSource::Path(path) = bin.source {
                    guarded.add(&home.join(path), "a component")?;
                }
            }
        }
        Ok(())
    };
    runner.guarding(guard).map_err(|source| AgentError::Tree {
        path: trees.to_owned(),
        source,
    })
}
