//! `cofferdam mcp`: tools for editors and desktop assistants.

mod decided;
mod files;
mod named;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use cofferdam_server::mcp::{McpServer, agent, http, stdio};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::args::Registries;
use crate::config::Config;
use crate::connect::connect;
use crate::error::Failure;
use crate::offers::{self, Offers};
use crate::paths::DataDir;
use crate::signals::Ending;
use crate::{console, descriptors, guard, host, token};
use files::Files;
use named::Named;

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Components, directories with components (*.wasm), and images: what they were when this was
    /// started
    #[arg(
        value_name = "REF|PATH",
        required_unless_present = "agent",
        conflicts_with = "agent"
    )]
    pub(crate) tools: Vec<String>,

    #[command(flatten)]
    pub(crate) registries: Registries,

    /// Serve what changes in files and directories as it is then, as far as it asks for no more
    /// than at the start
    #[arg(long, conflicts_with = "agent")]
    pub(crate) reload: bool,

    /// Serve the tools of this agent of the running host, under the grants they have there
    #[arg(long, value_name = "NAME", conflicts_with_all = ["Offers", "Registries"])]
    pub(crate) agent: Option<String>,

    /// Serve Streamable HTTP on this loopback address instead of standard input and output; port 0
    /// takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,

    #[command(flatten)]
    pub(crate) offers: Offers,
}

pub(crate) async fn run(mcp: Mcp, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let Mcp {
        tools,
        registries,
        agent,
        listen,
        reload,
        offers,
    } = mcp;
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let opening = async {
        match agent {
            Some(name) => Ok(agent::door(&connect(&data).await?, name).await?),
            None => {
                let named = Tools {
                    written: &tools,
                    plain_http: registries.plain_http,
                    reload,
                };
                here(&named, &offers, config, &DataDir::open(data.clone())?).await
            }
        }
    };
    let door = tokio::select! {
        door = opening => door?,
        // Tools are compiled the first time, and nobody waits for them any more.
        () = stop.cancelled() => return Ok(()),
    };
    let Some(address) = listen else {
        if std::io::stdin().is_terminal() {
            console::note(
                "this speaks MCP on standard input and output: clients start it, see their \
                 configuration in README.md",
            );
        }
        return Ok(stdio::serve(door, stop).await?);
    };
    let token = token::load(&DataDir::open(data)?)?;
    let listener = cofferdam_server::tcp(address).await?;
    let address = listener.local_addr().map_err(Failure::work)?;
    console::note(&format!(
        "listening on http://{address}{}; clients send the token in {}",
        http::PATH,
        token.origin()
    ));
    http::serve(door, address, listener, token, stop).await;
    Ok(())
}

/// The tools that the command line names.
struct Tools<'a> {
    written: &'a [String],
    plain_http: bool,
    /// Serve what changes in files as it is then.
    reload: bool,
}

/// The server of tools that this process runs itself.
async fn here(
    tools: &Tools<'_>,
    given: &Offers,
    config: &Config,
    data: &DataDir,
) -> Result<McpServer, Failure> {
    descriptors::suffice(descriptors::raise(), config)?;
    let (reach, decision) = offers::read(given)?;
    let mut guarded = guard::always(config, data)?;
    guard::secrets(&mut guarded, &given.secret)?;
    let runner = Arc::new(host::runner_with(config, data, reach, guarded)?);
    let named = Named::load(&runner, tools.written, tools.plain_http, data).await?;
    // From before they are read, so that no change is missed.
    let seen = named.stamps();
    let (files, list) = Files::open(Arc::clone(&runner), named, decision).await?;
    let (sender, list) = watch::channel(Arc::new(list));
    let door = McpServer::of_runner(list, runner);
    console::note(&format!("serving {}", door.names()));
    if tools.reload {
        tokio::spawn(files.watch(seen, sender));
    } else {
        tokio::spawn(files.tell_changes(seen, sender));
    }
    Ok(door)
}

fn stop_on_signals(stop: &CancellationToken) -> Result<(), Failure> {
    let mut signals = Ending::new()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        signals.asked().await;
        stop.cancel();
    });
    Ok(())
}
