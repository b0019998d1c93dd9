//! `cofferdam run`: an agent made from an Agentfile, and started.

use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_agent::NewAgent;
use cofferdam_server::{AgentEntry, CreationEvent};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::deployment_args::DeploymentArgs;
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The Agentfile, or the directory that it lies in
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// Name of the agent [default: the one in its Agentfile]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Put it in the place of an agent of its name, which works until the new one does; workspace
    /// and sessions stay
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) choices: DeploymentArgs,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) async fn run(run: Run, data: &Path) -> Result<(), Failure> {
    let Run {
        path,
        name,
        replace,
        choices,
        listing: Listing { format },
    } = run;
    let new = NewAgent {
        name,
        file: agentfile(&path)?,
        deployment: choices.deployment()?,
        replace,
    };
    let mut creation = connect(data).await?.create_agent(new).await?;
    while let Some(event) = creation.next().await? {
        match event {
            CreationEvent::Step { status, message } => {
                console::note(&format!("{status}: {message}"));
            }
            CreationEvent::Created(agent) => return created(&agent, format),
        }
    }
    Err(Failure::work("the host ended before the agent was made")
        .hint("look at its log, and try again"))
}

fn created(agent: &AgentEntry, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return console::json(agent);
    }
    console::line(&agent.name);
    console::note(&format!("next: cofferdam chat {}", agent.name));
    Ok(())
}

/// The absolute path of the Agentfile that was meant, which the host reads.
fn agentfile(path: &Path) -> Result<PathBuf, Failure> {
    let wrong =
        |error: std::io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let file = if std::fs::metadata(path).map_err(wrong)?.is_dir() {
        path.join("Agentfile")
    } else {
        path.to_owned()
    };
    std::path::absolute(file).map_err(wrong)
}
