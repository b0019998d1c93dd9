//! `cofferdam review`: what a tool or an agent could do, what has changed, what was used, and the
//! decisions about it.

mod decide;
mod diff;
mod format;
mod kept;
mod key;
mod markdown;
mod page;
mod running;
mod since;
mod trail;
mod travel;
mod version;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::decide::{Approve, Reject, Revoke};
use self::diff::Diff;
use self::kept::{Export, Ls, Remove};
use self::key::Key;
use self::page::Page;
use self::travel::{Attach, Import};
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

/// Lines to begin with, for the help.
const EXAMPLES: &str = "\
Examples:
  cofferdam review fetch:2                 what this tool could do
  cofferdam review diff fetch:1 fetch:2    what it may do that the older one may not
  cofferdam review approve fetch:2 --reason 'fetches pages, keeps nothing'";

/// `cofferdam review`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = EXAMPLES
)]
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
    /// Sign that a tool may run as it is, or with less.
    Approve(Approve),
    /// Sign that a tool may not run, whatever it is granted.
    Reject(Reject),
    /// Take back a decision of your own.
    Revoke(Revoke),
    /// List the decisions on this host, and if they count; or the tools of an agent, and if they
    /// are reviewed.
    Ls(Ls),
    /// Write decisions to a file, for another host.
    Export(Export),
    /// Put decisions beside the image that they are about, so that they travel with it.
    Attach(Attach),
    /// Take decisions that others have made, from a file or from beside an image.
    Import(Import),
    /// Remove decisions from this host.
    Rm(Remove),
    /// Look after the keys of reviewers.
    #[command(subcommand)]
    Key(Key),
}

pub(crate) async fn run(review: Review, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let data = DataDir::open(data)?;
    let Some(command) = review.command else {
        return review.page.run(config, &data).await;
    };
    match command {
        Reviewing::Diff(diff) => diff::run(diff, config, &data).await,
        Reviewing::Approve(approve) => approve.run(config, &data).await,
        Reviewing::Reject(reject) => reject.run(config, &data).await,
        Reviewing::Revoke(revoke) => revoke.run(config, &data),
        Reviewing::Ls(ls) => ls.run(&data).await,
        Reviewing::Export(export) => export.run(&data),
        Reviewing::Attach(attach) => attach.run(config, &data).await,
        Reviewing::Import(import) => import.run(config, &data).await,
        Reviewing::Rm(remove) => remove.run(&data),
        Reviewing::Key(key) => key.run(&data),
    }
}
