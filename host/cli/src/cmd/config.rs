//! `cofferdam config show`: what holds, and where it came from.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use crate::args::Listing;
use crate::config::{Config, unknown_agents, unknown_grants};
use crate::console::{self, Format};
use crate::error::Failure;

/// `cofferdam config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every value that holds, and where it came from.
    Show(Listing),
}

pub(crate) async fn run(
    command: &ConfigCommand,
    config: &Config,
    data: &Path,
) -> Result<(), Failure> {
    let ConfigCommand::Show(Listing { format }) = command;
    tell_unknown(config, data).await;
    let settings = config.settings(data);
    if *format == Format::Json {
        return console::json(&json!({
            "data_dir": data.to_string_lossy(),
            "config": config.file().map(Path::to_string_lossy),
            "settings": settings,
            "agent": config.agents.rows,
            "grant": config.grants.rows,
        }));
    }
    let rows = settings.into_iter().map(|setting| {
        let shown = setting.shown();
        vec![setting.key, shown, setting.origin]
    });
    console::table(&["setting", "value", "from"], rows.collect());
    console::line("");
    console::line(format!("data directory: {}", data.display()));
    console::line(match config.file() {
        Some(file) => format!("configuration: {}", file.display()),
        None => "configuration: none, so everything is as by default".to_owned(),
    });
    Ok(())
}

/// Tells the operator which rows hold for nothing, by the agents of the data directory.
pub(crate) async fn tell_unknown(config: &Config, data: &Path) {
    if config.grants.rows.is_empty() && config.agents.rows.is_empty() {
        return;
    }
    match cofferdam_agent::agents_on_disk(data).await {
        Ok(kept) => unknown_agents(&config.agents, &kept)
            .into_iter()
            .chain(unknown_grants(&config.grants, &kept))
            .for_each(|sentence| console::note(&format!("note: {sentence}"))),
        Err(error) => console::note(&format!(
            "note: could not check [[agent]] and [[grant]] rows against the agents: {error}"
        )),
    }
}
