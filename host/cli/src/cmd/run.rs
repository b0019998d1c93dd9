//! `cofferdam run`: an agent made from an image, or from an Agentfile that becomes one, and
//! started.

use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_agent::{AgentSource, NewAgent};
use cofferdam_image::agentfile::Needed;
use cofferdam_image::{Recipe, Reference};
use cofferdam_server::{AgentEntry, CreationEvent};
use cofferdam_workbench::build;
use serde_json::json;

use super::image::build::{source, tell_remarks};
use crate::args::{Listing, Registries};
use crate::config::Config;
use crate::connect::connect;
use crate::console::{self, Format};
use crate::deployment_args::DeploymentArgs;
use crate::error::Failure;
use crate::paths::DataDir;
use crate::{host, progress};

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// An image, an Agentfile, or the directory that one lies in; `-` reads an Agentfile from
    /// standard input, whose files lie beneath this directory
    #[arg(value_name = "IMAGE|PATH|-")]
    pub(crate) source: String,

    /// Name of the agent [default: the one in its Agentfile]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Return when the host has begun to make it; `ps` shows how it goes on. If it cannot be made,
    /// it is kept with the reason, and tried again where that may help
    #[arg(long, short)]
    pub(crate) detach: bool,

    /// Put it in the place of an agent of its name, which works until the new one does; workspace
    /// and sessions stay
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) choices: DeploymentArgs,

    #[command(flatten)]
    pub(crate) reach: Registries,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) async fn run(
    run: Run,
    config: impl Fn() -> Result<Config, Failure>,
    data: &Path,
) -> Result<(), Failure> {
    let Run {
        source,
        name,
        detach,
        replace,
        choices,
        reach,
        listing: Listing { format },
    } = run;
    // Before anything is built for it.
    let host = connect(data).await?;
    let deployment = choices.deployment()?;
    let source = match path_of(&source) {
        Some(path) => {
            let needed = Needed {
                model: deployment.model.is_none(),
                ..Needed::AGENT
            };
            built(&path, needed, &reach, &config()?, data).await?
        }
        None => named(&source, &reach, config, data).await?,
    };
    let new = NewAgent {
        name,
        source,
        deployment,
        replace,
        keep: detach,
    };
    let mut creation = host.create_agent(new).await?;
    while let Some(event) = creation.next().await? {
        match event {
            CreationEvent::Step { agent, .. } if detach => {
                if format == Format::Json {
                    return console::json(&json!({ "name": agent }));
                }
                console::line(&agent);
                return Ok(());
            }
            CreationEvent::Step { message, .. } => console::note(&message),
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

/// Returns the path that was meant, if it was one: what is there, or is written as a path.
fn path_of(source: &str) -> Option<PathBuf> {
    let path = PathBuf::from(source);
    let is_written_so = source == "-" || source.starts_with(['.', '/']);
    (is_written_so || path.exists()).then_some(path)
}

/// The image of this name. The host pulls it if it is not here, unless only this command may: the
/// host speaks TLS to registries.
async fn named(
    reference: &str,
    reach: &Registries,
    config: impl Fn() -> Result<Config, Failure>,
    data: &Path,
) -> Result<AgentSource, Failure> {
    let reference: Reference = reference.parse().map_err(Failure::usage)?;
    if reach.plain_http {
        let images = host::images(
            &config()?,
            &DataDir::open(data.to_owned())?,
            true,
            progress::transfers(),
        )?;
        let image = images.agent(&reference).await?;
        for bin in &image.agentfile.bins {
            images.component(&image, bin).await?;
        }
    }
    Ok(AgentSource::Image {
        reference,
        home: PathBuf::new(),
    })
}

/// Builds the image of an Agentfile, and keeps it on this machine.
async fn built(
    path: &Path,
    needed: Needed,
    reach: &Registries,
    config: &Config,
    data: &Path,
) -> Result<AgentSource, Failure> {
    let source = source(path, None)?;
    let home = std::path::absolute(&source.home)
        .map_err(|error| Failure::usage(format!("{}: {error}", source.home.display())))?;
    let images = host::images(
        config,
        &DataDir::open(data.to_owned())?,
        reach.plain_http,
        progress::transfers(),
    )?;
    let recipe = Recipe {
        source,
        arguments: std::collections::BTreeMap::new(),
        names: Vec::new(),
        created: build::created(std::env::var_os("SOURCE_DATE_EPOCH").as_deref())?,
        needed,
    };
    let image = images.build_agent(recipe).await?;
    tell_remarks(&image.agentfile);
    let reference: Reference = image.reference.pinned(image.digest);
    Ok(AgentSource::Image { reference, home })
}
