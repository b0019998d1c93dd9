//! `cofferdam inspect`: everything about an agent.

use std::path::Path;

use clap::Args;
use cofferdam_capability::Count;
use cofferdam_server::{AgentEntry, DeploymentEntry, MountEntry, RoomEntry};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Cell, Format};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Name or id of the agent; may be left out when there is only one
    pub(crate) agent: Option<String>,
    #[command(flatten)]
    pub(crate) listing: Listing,
}

pub(crate) async fn run(inspect: &Inspect, data: &Path) -> Result<(), Failure> {
    let agent = connect(data).await?.agent(inspect.agent.as_deref()).await?;
    if inspect.listing.format == Format::Json {
        return console::json(&agent);
    }
    let status = agent.status_line();
    let AgentEntry {
        id,
        name,
        model,
        desired,
        tools,
        image,
        image_digest,
        deployment,
        room,
        created_at,
        ..
    } = agent;
    let tree = data.join("agents").join(&id);
    let mut fields = vec![
        ("id", Cell::from(id)),
        ("status", Cell::from(status)),
        ("wanted", Cell::from(desired)),
        ("model", Cell::from(model)),
        ("tools", Cell::lines(tools)),
        ("image", Cell::from(image)),
        ("digest", Cell::from(image_digest)),
        ("tree", Cell::from(tree.display().to_string())),
        ("created", Cell::from(console::when(created_at))),
    ];
    fields.extend(room.map(|room| ("files", Cell::from(files(&room)))));
    fields.extend(choices(deployment));
    console::fields(&name, fields);
    Ok(())
}

fn files(room: &RoomEntry) -> String {
    format!(
        "{} of {}, {} of {} entries",
        console::size(room.bytes),
        console::size(room.max_bytes),
        room.entries,
        Count(room.max_entries)
    )
}

/// The operator's choices, as far as there are some.
fn choices(deployment: DeploymentEntry) -> Vec<(&'static str, Cell)> {
    let DeploymentEntry {
        model,
        envs,
        configs,
        mounts,
        labels,
    } = deployment;
    let pairs = |pairs: std::collections::BTreeMap<String, String>| {
        let pair = |(key, value)| format!("{key}={value}");
        pairs.into_iter().map(pair).collect::<Vec<_>>()
    };
    let mount = |mount: MountEntry| {
        let access = if mount.read_only { "ro" } else { "rw" };
        let description = match mount.description.as_str() {
            "" => String::new(),
            words => format!(":{words}"),
        };
        format!("{}:{}{description}:{access}", mount.host, mount.target)
    };
    let model = Some(model).filter(|model| !model.is_empty());
    let rows = [
        ("chosen model", model.into_iter().collect::<Vec<_>>()),
        ("variables", envs),
        ("settings", pairs(configs)),
        ("mounts", mounts.into_iter().map(mount).collect()),
        ("labels", pairs(labels)),
    ];
    let shown = rows.into_iter().filter(|(_, lines)| !lines.is_empty());
    shown
        .map(|(name, lines)| (name, Cell::lines(lines)))
        .collect()
}
