//! `cofferdam serve`: the host.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cofferdam_agent::{Accepted, Agents};
use cofferdam_capability::DigestError;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::{TcpListenerStream, UnixListenerStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;

use crate::cli::Serve;
use crate::config::Config;
use crate::error::Failure;
use crate::grpc::{self, Shared};
use crate::paths::{self, DataDir};
use crate::{console, descriptors, host, listen, offers};

/// How long running turns may go on after the host was told to end. A tool call takes at most half a minute by default.
const DRAIN: Duration = Duration::from_secs(30);

/// How long turns have to store what they have once they are cancelled.
const STORE: Duration = Duration::from_secs(5);

/// How often a silent client is asked whether it is still there, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Requests at once on one connection; more wait.
const STREAMS_PER_CONNECTION: u32 = 256;

/// The largest file that is copied into a workspace, in bytes (64 MiB).
const MAX_COPY: u64 = 64 << 20;

pub(crate) async fn run(serve: Serve, config: Config, data: PathBuf) -> Result<(), Failure> {
    let Serve { listen: address, agentfile, copy_in, accept } = serve;
    let accepted = accept.iter().map(|written| accepted(written)).collect::<Result<_, _>>()?;
    descriptors::suffice(descriptors::raise(), &config)?;
    let tcp = listen::tcp(address).await?;
    let address = tcp.local_addr().map_err(Failure::work)?;
    let data = DataDir::open(data)?;
    let _lock = data.lock()?;

    let agents = Arc::new(host::agents(&config, &data, accepted).await?);
    for file in &agentfile {
        console::note(&format!("making {} ready (a tool is compiled the first time)", file.display()));
        let agent = agents.apply(file).await.map_err(Failure::work)?;
        console::note(&format!("agent {} is ready: {}", agent.name(), agent.catalog().names()));
    }
    super::config::tell_unknown_grants(&config, data.path());
    agents.ready().iter().for_each(|agent| offers::tell_access_of(agent, &config));
    let copied = copy_files_in(&agents, &copy_in)?;

    let socket = paths::socket(data.path());
    let (unix, _socket_file) = listen::unix(&socket)?;
    let shared = Shared { agents: Arc::clone(&agents), turns: TaskTracker::new(), stop: CancellationToken::new() };
    let routes = grpc::routes(&shared).await?;
    console::note(&format!("listening on http://{address} and {}", socket.display()));
    console::note(&next_command(&agents, data.path(), &copied));

    let ending = CancellationToken::new();
    let server = || {
        Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE))
            .max_concurrent_streams(STREAMS_PER_CONNECTION)
            .add_routes(routes.clone())
    };
    let both = async {
        tokio::try_join!(
            server().serve_with_incoming_shutdown(TcpListenerStream::new(tcp), ending.cancelled()),
            server().serve_with_incoming_shutdown(UnixListenerStream::new(unix), ending.cancelled()),
        )
        .map_err(|error| Failure::work(format!("the server failed: {error}")))
    };
    tokio::select! {
        served = both => served.map(|_| ()),
        ended = drain(&shared, &ending) => ended,
    }?;
    agents.store().close().await;
    Ok(())
}

/// Waits for the signal to end, then for the turns that run; a second signal cuts the waiting short.
async fn drain(shared: &Shared, ending: &CancellationToken) -> Result<(), Failure> {
    let handler = |kind| signal(kind).map_err(|error| Failure::work(format!("no signals: {error}")));
    let (mut interrupt, mut terminate) = (handler(SignalKind::interrupt())?, handler(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    ending.cancel();
    shared.turns.close();
    if !shared.turns.is_empty() {
        console::note(&format!("ending: waiting for {} turns (again to stop them)", shared.turns.len()));
    }
    tokio::select! {
        () = shared.turns.wait() => {}
        () = tokio::time::sleep(DRAIN) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    shared.stop.cancel();
    // What a turn has said is in the database already; this is for its last words.
    let _ = tokio::time::timeout(STORE, shared.turns.wait()).await;
    Ok(())
}

/// Reads `AGENT:BIN@DIGEST`.
fn accepted(written: &str) -> Result<Accepted, Failure> {
    let wrong = |problem: String| Failure::usage(format!("--accept {written}: {problem}"));
    let parts = written.split_once('@').and_then(|(names, digest)| Some((names.split_once(':')?, digest)));
    let ((agent, bin), digest) =
        parts.ok_or_else(|| wrong("expected AGENT:BIN@DIGEST, as the host has told it".to_owned()))?;
    let component = digest.parse().map_err(|error: DigestError| wrong(error.to_string()))?;
    Ok(Accepted { agent: agent.to_owned(), bin: bin.to_owned(), component })
}

/// Copies `AGENT:FILE`s and returns the agents and names.
fn copy_files_in(agents: &Agents, copies: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut copied = Vec::new();
    for copy in copies {
        let wrong = |problem: String| Failure::usage(format!("--copy-in {copy}: {problem}"));
        let (agent, file) = copy.split_once(':').ok_or_else(|| wrong("expected AGENT:FILE".to_owned()))?;
        let agent = agents.find(Some(agent)).map_err(|error| wrong(error.to_string()))?;
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| wrong("the file has no name".to_owned()))?;
        let size = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
        if size > MAX_COPY {
            return Err(wrong(format!("it has {size} bytes: at most {MAX_COPY} are copied")));
        }
        let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        agent.copy_in(name, &bytes).map_err(|error| wrong(error.to_string()))?;
        copied.push((agent.name().to_owned(), name.to_owned()));
    }
    Ok(copied)
}

/// The line to type next, as it works from here.
fn next_command(agents: &Agents, data: &Path, copied: &[(String, String)]) -> String {
    let program = program();
    let default = paths::default_data_dir().is_ok_and(|default| default == data);
    let place = if default { String::new() } else { format!(" --data-dir {}", data.display()) };
    let list = agents.list();
    let ready = list.iter().find(|agent| agent.status == "ready");
    let counted = copied
        .iter()
        .find(|(name, _)| list.iter().any(|agent| agent.name == *name && agent.tools.iter().any(|tool| tool == "wc")));
    match (counted, ready) {
        (Some((agent, file)), _) => format!("next: {program}{place} chat {agent} \"run wc -l {file}\""),
        (None, Some(agent)) => format!("next: {program}{place} chat {}", agent.name),
        (None, None) => format!("next: stop it and start {program}{place} serve --agentfile FILE, to have an agent"),
    }
}

/// How this program is started from here: by its name where the shell finds it, else by its path.
fn program() -> String {
    let name = std::env::args().next().unwrap_or_else(|| "cofferdam".to_owned());
    let Ok(path) = std::env::current_exe() else { return name };
    let on_path = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|directory| directory.join("cofferdam") == path));
    if on_path {
        return "cofferdam".to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(&path).display().to_string()
}
