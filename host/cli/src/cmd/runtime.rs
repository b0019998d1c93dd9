//! `cofferdam runtime`: this host in the place of the runtime that an executor of openotters starts
//! for one agent.

mod argv;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use clap::{Args, Subcommand};
use cofferdam_agent::{AdoptedTree, Agent, AgentError, Agents, adopt, crashed};
use cofferdam_capability::SystemError;
use cofferdam_server::{ServerError, Serving};
use cofferdam_tool::Runner;

pub(crate) use self::argv::{AsTyped, as_typed};
use crate::config::Config;
use crate::error::Failure;
use crate::paths::{DataDir, Lock};
use crate::signals::Ending;
use crate::told_access::ToldAccess;
use crate::{console, descriptors, guard, host, providers};

/// The data directory in the tree of the agent, in the directory where runtimes keep their state.
const DATA: &str = "var/lib/cofferdam";

/// The longest time between a signal and the end of the process. Executors of the first generation
/// kill nothing that ignores them, and wait.
const END_WITHIN: Duration = Duration::from_millis(700);

/// Interval at which the host checks that the agent's tree is still there.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(crate) enum Runtime {
    /// Serve the agent of a tree that an executor of openotters has made, until SIGINT.
    Serve(RuntimeServe),
}

#[derive(Debug, Args)]
pub(crate) struct RuntimeServe {
    /// The agent's tree, with etc/agent.yaml in it; state is kept in its var/lib/cofferdam
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,

    /// The model, in place of the one in etc/agent.yaml
    #[arg(long, value_name = "PROVIDER/NAME")]
    pub(crate) model: Option<String>,

    /// The loopback address to serve on, to clients without a token; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) addr: SocketAddr,

    /// The agent's name, in place of the one in etc/agent.yaml
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

impl RuntimeServe {
    /// The data directory, unless another one is named.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join(DATA)
    }
}

pub(crate) async fn run(serve: RuntimeServe, config: Config, data: PathBuf) -> Result<(), Failure> {
    let RuntimeServe {
        root,
        model,
        addr,
        name,
    } = serve;
    // From the beginning: one that comes before the agent is ready must end it too.
    let mut signals = Ending::new()?;
    descriptors::suffice(descriptors::raise(), &config)?;
    let path = std::path::absolute(&root)
        .map_err(|error| Failure::usage(format!("--root {}: {error}", root.display())))?;
    let tree = Dir::open_ambient_dir(&path, ambient_authority()).map_err(|error| {
        let error = SystemError(&error);
        Failure::usage(format!("--root {}: {error}", path.display()))
    })?;
    let listener = cofferdam_server::tcp(addr, None)
        .await
        .map_err(not_opened)?;
    let address = listener.local_addr().map_err(Failure::work)?;
    let data = DataDir::open(data)?;
    let lock = data.lock()?;
    let tree = AdoptedTree {
        dir: tree,
        path,
        name,
        model,
        environment: environment(),
    };
    let Adopted { agents, runner } = tokio::select! {
        adopted = adopted(config, &data, tree) => adopted?,
        () = signals.asked() => return Ok(()),
    };
    let agent = agents.summary(None).map_err(Failure::work)?.id;
    let serving = Serving::drop_in(Arc::clone(&agents), &agent, address, listener).await?;
    console::note(&format!("listening on http://{address}, without a token"));
    let ended = tokio::select! {
        () = signals.asked() => Ok(()),
        gone = removed(&data, &lock, &agents) => Err(gone),
        () = crashed(&agents) => Err(Failure::work("the agent crashed: the lines above say where")),
    };
    // Whatever is not over by then has stored what it said.
    let _ = tokio::time::timeout(END_WITHIN, close(serving, &agents, &runner)).await;
    ended
}

/// The agent of a tree, and the runner of its tools.
struct Adopted {
    agents: Arc<Agents>,
    runner: Arc<Runner>,
}

/// Makes the agent of the tree.
async fn adopted(config: Config, data: &DataDir, tree: AdoptedTree) -> Result<Adopted, Failure> {
    let credentials = providers::checked(data.path())?;
    let mut guarded = guard::always(&config, data)?;
    for part in ["etc", "usr"] {
        guard::add(&mut guarded, &tree.path.join(part), "the agent's tree")?;
    }
    console::note(&format!(
        "making the agent of {} ready (a tool is compiled the first time)",
        tree.path.display()
    ));
    let config = Arc::new(config);
    let access = Arc::clone(&config);
    let told = ToldAccess::default();
    let on_ready = Box::new(move |agent: &Agent| told.tell(agent, &access));
    let parts = host::agents_config(&config, data, Vec::new(), guarded, credentials, on_ready)?;
    let runner = Arc::clone(&parts.runner);
    let agents = adopt(parts, tree).await.map_err(not_made)?;
    Ok(Adopted { agents, runner })
}

/// Ends the turns that run, and closes everything.
async fn close(serving: Serving, agents: &Agents, runner: &Runner) {
    serving.stop().await;
    if let Err(error) = serving.close().await {
        tracing::warn!("{error}");
    }
    host::finish_record(runner).await;
    agents.logs().finish();
    agents.store().close().await;
}

/// Waits until what the agent stores would be lost.
async fn removed(data: &DataDir, lock: &Lock, agents: &Agents) -> Failure {
    loop {
        tokio::time::sleep(LOOK).await;
        let checked = match data.check(lock) {
            Ok(()) => agents.check().await.map_err(Failure::work),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = checked {
            return failure.hint("this runtime ends");
        }
    }
}

/// The failure of an agent that cannot be made: mistakes in its tree are the user's.
fn not_made(error: AgentError) -> Failure {
    use AgentError as E;
    match error {
        E::Yaml(_)
        | E::Tree { .. }
        | E::Name(_)
        | E::Config { .. }
        | E::Deployment { .. }
        | E::Mount { .. }
        | E::Model { .. }
        | E::Bin { .. }
        | E::Tool { .. } => Failure::usage(error),
        _ => Failure::work(error),
    }
}

fn not_opened(error: ServerError) -> Failure {
    match error {
        ServerError::NotLoopback(address) => Failure::usage(format!(
            "--addr {address}: clients of a runtime send no token, so it is served on 127.0.0.1 or \
             [::1] alone"
        )),
        error => Failure::work(format!("--addr {error}")),
    }
}

/// The variables of this process that are text.
fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// Reads an address as runtimes of openotters take it: without a host it means this machine.
fn address(written: &str) -> Result<SocketAddr, String> {
    let (host, port) = written.rsplit_once(':').unwrap_or_default();
    let full = match host {
        "" | "localhost" => format!("127.0.0.1:{port}"),
        _ => written.to_owned(),
    };
    full.parse()
        .map_err(|_| "expected an address and a port, such as 127.0.0.1:8080".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_host_is_this_machine() {
        for written in [":8080", "localhost:8080", "127.0.0.1:8080"] {
            assert_eq!(address(written).unwrap().to_string(), "127.0.0.1:8080");
        }
        for written in ["", "8080", "127.0.0.1", "host:8080", ":x"] {
            assert!(address(written).is_err(), "{written}");
        }
    }
}
