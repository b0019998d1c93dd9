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

use std::path::Path;

use cofferdam_server::{Client, ClientError};

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

/// Connects to the host that works in `data`. Where none answers, the error says what is the matter with it.
async fn connect(data: &Path) -> Result<Client, Failure> {
    let socket = paths::socket(data);
    Client::connect(&socket).await.map_err(|error| match error {
        ClientError::Unreached => unreached(data, &socket),
        other => other.into(),
    })
}

fn unreached(data: &Path, socket: &Path) -> Failure {
    let socket = socket.display();
    Failure::work(match paths::holder(data) {
        Some(process) => format!(
            "the host (process {process}) takes no commands on {socket}: it is starting or ending, or does not run; try \
             again, or look at that process"
        ),
        None => format!("no host answers on {socket}: start one with `cofferdam serve`"),
    })
}
