//! One file for each command.

mod chat;
pub(crate) mod compile;
mod config;
mod image;
mod mcp;
mod ps;
mod selftest;
mod serve;
mod sessions;
pub(crate) mod tool;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::error::Failure;
use crate::paths;

pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let data = paths::data_dir(cli.data_dir)?;
    let config = || Config::load(cli.config.as_deref(), &data);
    match cli.command {
        Command::Serve(serve) => serve::run(serve, config()?, data).await,
        Command::Chat(chat) => chat::run(chat, &data).await,
        Command::Ps(listing) => ps::run(&listing, &data).await,
        Command::Sessions(sessions) => sessions::run(sessions, &data).await,
        Command::Tool(tool) => tool::run(tool, &config()?, data).await,
        Command::Mcp(mcp) => mcp::run(mcp, &config()?, data).await,
        Command::Selftest(selftest) => selftest::run(selftest).await,
        Command::Image(image) => image::run(&image, data).await,
        Command::Config(crate::cli::Config::Show(listing)) => config::show(&config()?, &data, listing.format),
    }
}
