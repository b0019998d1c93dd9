//! `cofferdam config show`: what holds, and where it came from.

use std::path::Path;

use clap::Subcommand;

use crate::args::Listing;
use crate::config::{Config, unknown_grants};
use crate::console::{self, Format};
use crate::error::Failure;

/// `cofferdam config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every value that holds, and where it came from.
    Show(Listing),
}

pub(crate) fn run(command: &ConfigCommand, config: &Config, data: &Path) -> Result<(), Failure> {
    let ConfigCommand::Show(Listing { format }) = command;
    tell_unknown_grants(config, data);
    let settings = config.settings();
    if *format == Format::Json {
        return console::json(
            &serde_json::json!({ "settings": settings, "grant": config.grants.rows }),
        );
    }
    let rows = settings
        .into_iter()
        .map(|setting| vec![setting.key, setting.value, setting.origin]);
    console::table(&["setting", "value", "from"], rows.collect());
    for row in &config.grants.rows {
        console::line(format!("grant: {} of agent {}", row.tool, row.agent));
    }
    Ok(())
}

/// Tells the operator which grants hold for nothing, by the agents of the data directory.
pub(super) fn tell_unknown_grants(config: &Config, data: &Path) {
    if config.grants.rows.is_empty() {
        return;
    }
    match cofferdam_agent::agents_on_disk(data) {
        Ok(kept) => unknown_grants(&config.grants, &kept)
            .iter()
            .for_each(|sentence| console::note(&format!("note: {sentence}"))),
        Err(error) => console::note(&format!(
            "note: nobody can say whether every [[grant]] is for a tool: {error}"
        )),
    }
}
