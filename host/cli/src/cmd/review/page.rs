//! `cofferdam review REF`: one tool, for a reviewer.

use clap::Args;

use super::format::ReviewFormat;
use super::since::{self, Since};
use crate::args::Registries;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Page {
    /// A component's file, an image of a tool (its name on this machine, a registry's, its digest),
    /// or a capabilities.toml
    #[arg(value_name = "REF|PATH", required = true)]
    tool: Option<String>,

    #[command(flatten)]
    since: Since,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

pub(super) async fn run(page: Page, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Page {
        tool,
        since,
        reach,
        format,
    } = page;
    if !since.is_asked() {
        return Err(Failure::usage("there is nothing to hold it against")
            .hint("add --since 30d or --narrow, or compare two versions with `review diff`"));
    }
    let tool = tool.unwrap_or_default();
    since::run(since, &tool, reach, format, config, data).await
}
