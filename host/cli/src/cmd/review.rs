//! `cofferdam review`: what a tool or an agent could do, what has changed, and the decisions about
//! it.

pub(crate) mod page;

use std::path::PathBuf;

use clap::Args;

use self::page::Page;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Review {
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(review: Review, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let data = DataDir::open(data)?;
    let Review { page } = review;
    page.run(config, &data).await
}
