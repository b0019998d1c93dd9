//! `cofferdam audit`: the audit trail, read and proven from its files alone.

pub(crate) mod directory;
mod filter;
mod ls;
mod metering;
mod verify;

use std::path::Path;

use clap::Subcommand;

use self::ls::Ls;
use self::verify::Verify;
use crate::error::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List calls of tools, allowed or not, the oldest first. No host has to run.
    Ls(Ls),
    /// Prove that a trail is as it was written, or show the first place at which it is not. A copy
    /// of the directory on another machine will do.
    Verify(Verify),
}

pub(crate) async fn run(audit: Audit, data: &Path) -> Result<(), Failure> {
    match audit {
        Audit::Ls(ls) => ls::run(ls, data).await,
        Audit::Verify(verify) => verify::run(&verify, data),
    }
}
