//! The directories that agents were made from, whose Agentfiles and components no tool may replace.

use std::path::Path;

use cofferdam_capability::Guarded;
use cofferdam_image::ToolSource;
use cofferdam_image::agentfile::{self, Agentfile, NamedFiles};
use cofferdam_store::AgentHome;
use cofferdam_tool::Runner;

use crate::error::AgentError;
use crate::kept::WRITTEN;

/// The same runner, whose tools may not replace the Agentfiles and components of these agents
/// either. Their trees lie in the directory `trees`.
pub(crate) fn guarded(
    runner: &Runner,
    trees: &Path,
    agents: &[AgentHome],
) -> Result<Runner, AgentError> {
    let guard = |guarded: &mut Guarded| {
        // An agent that was made from an image has none.
        for agent in agents.iter().filter(|agent| !agent.home.is_empty()) {
            let home = Path::new(&agent.home);
            guarded.add(&home.join("Agentfile"), "an Agentfile")?;
            // One that cannot be read is reported when its agent is restored.
            let kept = trees.join(&agent.id).join(WRITTEN);
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

/// The same runner, whose tools may not replace what a new agent is made from either.
pub(crate) fn guarded_draft(
    runner: &Runner,
    home: &Path,
    agentfile: &Agentfile,
) -> Result<Runner, AgentError> {
    let guard = |guarded: &mut Guarded| {
        guarded.add(&home.join("Agentfile"), "an Agentfile")?;
        add(guarded, home, agentfile)
    };
    runner.guarding(guard).map_err(|source| AgentError::Tree {
        path: home.to_owned(),
        source,
    })
}

/// Guards the files and components of an Agentfile in `home`.
fn add(guarded: &mut Guarded, home: &Path, agentfile: &Agentfile) -> std::io::Result<()> {
    for file in agentfile
        .contexts
        .iter()
        .filter_map(|context| context.file.as_ref())
    {
        guarded.add(&home.join(file), "a file of an Agentfile")?;
    }
    for add in &agentfile.adds {
        guarded.add(&home.join(&add.source), "a file of an Agentfile")?;
    }
    for bin in &agentfile.bins {
        if let ToolSource::Path(path) = &bin.source {
            guarded.add(&home.join(path), "a component")?;
        }
    }
    Ok(())
}
