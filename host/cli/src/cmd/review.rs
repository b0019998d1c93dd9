//! `cofferdam review`: what a tool or an agent could do, what has changed, and the decisions about
//! it.

mod decide;
mod kept;
mod key;

use std::path::PathBuf;

use clap::Subcommand;

use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

use self::decide::{Approve, Reject, Revoke};
use self::kept::{Export, Import, Ls, Remove};
use self::key::Key;

/// `cofferdam review`.
#[derive(Debug, Subcommand)]
pub(crate) enum Review {
    /// Sign that a tool may run as it is, or with less.
    Approve(Approve),
    /// Sign that a tool may not run, whatever it is granted.
    Reject(Reject),
    /// Take back a decision of your own.
    Revoke(Revoke),
    /// List the decisions on this host, and if they count.
    Ls(Ls),
    /// Write decisions to a file, for another host.
    Export(Export),
    /// Take decisions that others have made.
    Import(Import),
    /// Remove decisions from this host.
    Rm(Remove),
    /// Look after the keys of reviewers.
    #[command(subcommand)]
    Key(Key),
}

pub(crate) async fn run(review: Review, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let data = DataDir::open(data)?;
    match review {
        Review::Approve(approve) => approve.run(config, &data).await,
        Review::Reject(reject) => reject.run(config, &data).await,
        Review::Revoke(revoke) => revoke.run(&data),
        Review::Ls(ls) => ls.run(&data),
        Review::Export(export) => export.run(&data),
        Review::Import(import) => import.run(&data),
        Review::Rm(remove) => remove.run(&data),
        Review::Key(key) => key.run(&data),
    }
}
