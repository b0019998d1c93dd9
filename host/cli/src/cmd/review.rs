//! `cofferdam review`: the powers of a tool or an agent, what has changed, and what was used.

mod diff;
mod format;
mod markdown;
mod page;
mod since;
mod trail;
mod version;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::diff::Diff;
use self::page::Page;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Review {
    #[command(subcommand)]
    command: Option<Reviewing>,

    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Subcommand)]
enum Reviewing {
    /// Show what a newer version of a tool or an agent may do that an older one may not, and every
    /// other difference. Ends with 3 if anything is widened, for a CI job.
    Diff(Diff),
}

pub(crate) async fn run(review: Review, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let data = DataDir::open(data)?;
    match review.command {
        Some(Reviewing::Diff(diff)) => diff::run(diff, config, &data).await,
        None => page::run(review.page, config, &data).await,
    }
}
