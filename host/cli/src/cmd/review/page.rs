//! `cofferdam review REF`: one tool, for a reviewer.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;

use super::format::ReviewFormat;
use super::since;
use crate::args::Registries;
use crate::config::Config;
use crate::error::Failure;
use crate::past::past;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Page {
    /// A component's file, an image of a tool (its name on this machine, a registry's, its digest),
    /// or a capabilities.toml
    #[arg(value_name = "REF|PATH", required = true)]
    pub(super) tool: Option<String>,

    /// Hold what it may do against what its calls did, by the audit trail: those since a duration
    /// such as 30d, or a time such as 2026-11-30T11:00:00Z
    #[arg(long, value_name = "TIME", value_parser = past)]
    pub(super) since: Option<SystemTime>,

    /// Print a smaller capabilities.toml: without what those calls never used [default: all calls
    /// of the audit trail]
    #[arg(long)]
    pub(super) narrow: bool,

    /// Take the calls of this agent's tools alone
    #[arg(long, value_name = "NAME")]
    pub(super) agent: Option<String>,

    /// A capabilities.toml to use instead of the manifest in the component; --narrow keeps its
    /// comments and its order
    #[arg(long, value_name = "FILE")]
    pub(super) capabilities: Option<PathBuf>,

    #[command(flatten)]
    pub(super) reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: ReviewFormat,
}

pub(super) async fn run(page: Page, config: &Config, data: &DataDir) -> Result<(), Failure> {
    if page.since.is_none() && !page.narrow {
        return Err(Failure::usage("there is nothing to hold it against")
            .hint("add --since 30d or --narrow, or compare two versions with `review diff`"));
    }
    since::run(page, config, data).await
}
