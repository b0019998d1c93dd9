//! `cofferdam mcp`: tools for editors and desktop assistants.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::Mcp;
use crate::config::Config;
use crate::edge::listen;
use crate::error::Failure;
use crate::mcp::door::Door;
use crate::mcp::files::Files;
use crate::mcp::named::Named;
use crate::mcp::{agent, call::Callee, http, stdio};
use crate::offers::{self, Offers};
use crate::paths::DataDir;
use crate::signals::Ending;
use crate::token::Token;
use crate::{console, descriptors, guard, host};

pub(crate) async fn run(mcp: Mcp, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let Mcp { tools, reach, agent, listen, reload, offers } = mcp;
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let opening = async {
        match agent {
            Some(name) => agent::door(&data, name).await,
            None => {
                let named = Tools { written: &tools, plain_http: reach.plain_http, reload };
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
        return stdio::serve(door, stop).await;
    };
    let token = Token::load(&DataDir::open(data)?)?;
    let listener = listen::tcp(address).await?;
    let address = listener.local_addr().map_err(Failure::work)?;
    console::note(&format!(
        "listening on http://{address}{}; clients send the token in {}",
        http::PATH,
        token.origin()
    ));
    http::serve(door, listener, token, stop).await
}

/// The tools that the command line names.
struct Tools<'a> {
    written: &'a [String],
    plain_http: bool,
    /// Serve what changes in files as it is then.
    reload: bool,
}

/// The server of tools that this process runs itself.
async fn here(tools: &Tools<'_>, given: &Offers, config: &Config, data: &DataDir) -> Result<Door, Failure> {
    descriptors::suffice(descriptors::raise(), config)?;
    let (reach, decision) = offers::read(given)?;
    let mut guarded = guard::always(config, data)?;
    guard::secrets(&mut guarded, &given.secret)?;
    let runner = Arc::new(host::runner_with(config, data, reach, guarded)?);
    let named = Named::load(&runner, tools.written, tools.plain_http, data).await?;
    // From before they are read, so that no change is missed.
    let seen = named.stamps();
    let (files, shelf) = Files::open(Arc::clone(&runner), named, decision).await?;
    let (sender, shelf) = watch::channel(Arc::new(shelf));
    let door = Door::new(shelf, Callee::Runner(runner));
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
