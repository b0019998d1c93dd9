//! `cofferdam mcp`: tools for editors and desktop assistants.

mod files;
mod named;
mod opening;
mod pinned_manifests;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use cofferdam_server::mcp::{McpServer, Served, agent, http, stdio};
use cofferdam_tool::Runner;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
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
use opening::Opening;

/// Names of tools that were called and are not loaded, for the task that loads them.
const MAX_WANTED: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Components, directories with components (*.wasm), and images: what they were when this was
    /// started
    #[arg(value_name = "REF|PATH", conflicts_with = "agent")]
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
    if tools.is_empty() && agent.is_none() {
        return Err(Failure::usage(
            "nothing to serve: name a component's file, a directory with components (*.wasm) or an \
             image (REF|PATH), or with --agent NAME an agent of the running host",
        ));
    }
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let opening = async {
        match agent {
            Some(name) => {
                let door = agent::door(&connect(&data).await?, name).await?;
                Ok(HttpDoor {
                    door,
                    tools: None,
                    runner: None,
                })
            }
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
    let HttpDoor {
        door,
        mut tools,
        runner,
    } = tokio::select! {
        door = opening => door?,
        // Images are fetched, and nobody waits for them any more.
        () = stop.cancelled() => return Ok(()),
    };
    let served = tokio::select! {
        served = serve(door, listen, data, &stop) => served?,
        failure = failed(&mut tools) => return Err(failure),
    };
    // Without a client this only shows that the tools can be served.
    if let (Served::Nobody, Some(tools)) = (served, tools)
        && !stop.is_cancelled()
    {
        tokio::select! {
            tools = tools => tools.map_err(Failure::work)??,
            () = stop.cancelled() => {}
        }
    }
    if let Some(runner) = runner {
        host::finish_record(&runner).await;
    }
    Ok(())
}

/// A server, with the task that loads its tools. The task ends with the first thing that is wrong,
/// or when all of them are loaded.
struct HttpDoor {
    door: McpServer,
    tools: Option<JoinHandle<Result<(), Failure>>>,
    /// Runs the tools, unless a host does.
    runner: Option<Arc<Runner>>,
}

/// Waits for ever, unless the tools cannot be served.
async fn failed(tools: &mut Option<JoinHandle<Result<(), Failure>>>) -> Failure {
    if let Some(loading) = tools {
        let ended = loading.await;
        *tools = None;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => return failure,
            Err(error) => return Failure::work(error),
        }
    }
    std::future::pending().await
}

async fn serve(
    door: McpServer,
    listen: Option<std::net::SocketAddr>,
    data: PathBuf,
    stop: &CancellationToken,
) -> Result<Served, Failure> {
    let Some(address) = listen else {
        if std::io::stdin().is_terminal() {
            console::note(
                "this speaks MCP on standard input and output: clients start it, see their \
                 configuration in README.md",
            );
        }
        return Ok(stdio::serve(door, stop.clone()).await?);
    };
    let token = token::load(&DataDir::open(data)?)?;
    let listener = cofferdam_server::tcp(address, None).await?;
    let address = listener.local_addr().map_err(Failure::work)?;
    console::note(&format!(
        "listening on http://{address}{}; clients send the token in {}",
        http::PATH,
        token.origin()
    ));
    http::serve(door, address, listener, token, stop.clone()).await;
    Ok(Served::Client)
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
) -> Result<HttpDoor, Failure> {
    descriptors::suffice(descriptors::raise(), config)?;
    let (options, decision) = offers::read(given)?;
    let mut guarded = guard::always(config, data)?;
    guard::secrets(&mut guarded, &given.secret)?;
    let runner = Arc::new(host::runner_with(config, data, options, guarded)?);
    let named = Named::find(tools.written, tools.plain_http, config, data).await?;
    // From before they are read, so that no change is missed.
    let seen = named.stamps();
    if !tools.reload {
        named.check_directories()?;
    }
    let mut files = Files::new(Arc::clone(&runner), named, decision);
    let (opening, list) = Opening::begin(&mut files).await?;
    let announced = list.names();
    console::note(&format!("serving {announced}"));
    let (sender, list) = watch::channel(Arc::new(list));
    let (wanted, wants) = mpsc::channel(MAX_WANTED);
    let door = McpServer::of_runner(list, Arc::clone(&runner), wanted);
    let reload = tools.reload;
    let tools = tokio::spawn(async move {
        opening.finish(&files, &sender, wants).await?;
        let names = sender.borrow().names();
        if names != announced {
            console::note(&format!("serving {names}"));
        }
        if reload {
            tokio::spawn(files.watch(seen, sender));
        } else {
            tokio::spawn(files.tell_changes(seen, sender));
        }
        Ok(())
    });
    Ok(HttpDoor {
        door,
        tools: Some(tools),
        runner: Some(runner),
    })
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
