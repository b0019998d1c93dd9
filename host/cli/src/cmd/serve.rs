//! `cofferdam serve`: the host.

mod doors;
mod reload;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use cofferdam_agent::{Accepted, Agent, AgentError, Agents, Summary};
use cofferdam_capability::DigestError;
use cofferdam_model::Credentials;
use cofferdam_server::{Server, Serving, SocketFile, Totals};

use self::doors::{Doors, Opened};
use self::reload::{CurrentConfig, Reload};
use self::tls::TlsWatch;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::{self, DataDir, Lock};
use crate::service_manager::{self, Handed};
use crate::signals::{self, Ending};
use crate::told_access::ToldAccess;
use crate::{console, descriptors, guard, host, providers, token};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Also listen on this address, for gRPC clients that send a token; beyond loopback only with
    /// `[tls]` in the configuration; port 0 takes a free one
    #[arg(
        long,
        env = "COFFERDAM_LISTEN",
        hide_env_values = true,
        value_name = "ADDR:PORT"
    )]
    pub(crate) listen: Option<std::net::SocketAddr>,

    /// Make an agent from this Agentfile, or bring the one of its name up to date; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) agentfile: Vec<PathBuf>,

    /// Copy a file into an agent's /workspace before it starts, replacing one of its name; may be
    /// repeated
    #[arg(long, value_name = "AGENT:FILE")]
    pub(crate) copy_in: Vec<String>,

    /// Take this component for a BIN whose tag has moved to it, although it asks for more than the
    /// one in use; may be repeated
    #[arg(long, value_name = "AGENT:BIN@DIGEST")]
    pub(crate) accept: Vec<String>,
}

/// Time that running turns may go on after the host was told to end. A tool call takes at most half
/// a minute by default.
const DRAIN: Duration = Duration::from_secs(30);

/// Interval at which the host checks that the data directory is still there: a look takes
/// microseconds.
const LOOK: Duration = Duration::from_secs(1);

/// The largest file that is copied into a workspace, in bytes (64 MiB).
const MAX_COPY: u64 = 64 << 20;

pub(crate) async fn run(
    serve: Serve,
    config: Config,
    named: Option<PathBuf>,
    data: PathBuf,
    handed: Handed,
) -> Result<(), Failure> {
    let Serve {
        listen: address,
        agentfile,
        copy_in,
        accept,
    } = serve;
    let accepted = accept
        .iter()
        .map(|written| accepted(written))
        .collect::<Result<_, _>>()?;
    for copy in &copy_in {
        CopyIn::of(copy)?.read()?;
    }
    descriptors::suffice(descriptors::raise(), &config)?;
    // From the beginning: one that comes before the host serves must not end it.
    let hangup = signals::hangup()?;
    let tls = config.tls.clone().map(TlsWatch::new).transpose()?;
    let tls = tls.map(Arc::new);
    let doors = Doors::of(address, handed, tls.as_deref().map(TlsWatch::tls)).await?;
    let data = DataDir::open(data)?;
    let lock = data.lock()?;
    // Also where nothing listens on TCP yet.
    let operator = Arc::new(token::load(&data)?);

    let credentials = providers::checked(data.path())?;
    let mut guarded = guard::always(&config, &data)?;
    guard::agentfiles(&mut guarded, &agentfile)?;
    let started = config.settings(data.path());
    let config = CurrentConfig::new(config);
    let access = config.clone();
    let told = ToldAccess::default();
    let on_ready = Box::new(move |agent: &Agent| told.tell(agent, &access.get()));
    let parts = host::agents_config(
        &config.get(),
        &data,
        accepted,
        guarded,
        credentials.clone(),
        on_ready,
    )?;
    let totals = Totals {
        runner: Arc::clone(&parts.runner),
        turns: Arc::clone(&parts.totals),
    };
    let runner = Arc::clone(&parts.runner);
    let agents = Agents::open(parts).await.map_err(Failure::work)?;
    apply(&agents, &agentfile).await?;
    super::config::tell_unknown(&config.get(), data.path()).await;
    agents.restore();
    let copied = copy_files_in(&agents, &copy_in).await?;

    let reload = Reload {
        named,
        data: data.try_clone().map_err(Failure::work)?,
        agentfiles: agentfile,
        credentials: credentials.clone(),
        config,
        started,
        tls: tls.clone(),
    };

    // Until here, nothing runs that would have to be finished.
    let mut signals = Ending::of_a_host()?;
    let mut server = Server::new(Arc::clone(&agents), Arc::clone(&operator), totals).await?;
    let Opened {
        socket: socket_file,
        places,
    } = doors.open(&data, &operator, &mut server)?;
    console::note(&format!("listening on {places}"));

    let serving = server.open();
    service_manager::ready();
    let ended = tokio::select! {
        () = drain(&serving, &mut signals) => Ok(()),
        () = look_after(&agents, data.path(), &copied) => Ok(()),
        () = reload.whenever(hangup, &agents) => Ok(()),
        gone = removed(&data, &lock, &agents, &socket_file, &credentials, tls.as_deref()) => {
            serving.stop().await;
            Err(gone)
        }
    };
    serving.close().await?;
    host::finish_record(&runner).await;
    agents.logs().finish();
    agents.store().close().await;
    ended
}

/// Makes agents from Agentfiles, or makes them anew. One that is wrong is told and concerns no
/// other agent; it ends the start only where there is no agent to serve.
async fn apply(agents: &Arc<Agents>, files: &[PathBuf]) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for file in files {
        console::note(&format!(
            "making {} ready (a tool is compiled the first time)",
            file.display()
        ));
        match Box::pin(agents.apply(file)).await {
            Ok(Summary {
                name,
                status,
                tools,
                ..
            }) => console::note(&format!(
                "agent {name} is {}: {}",
                status.state,
                if tools.is_empty() {
                    "none".to_owned()
                } else {
                    tools.join(", ")
                }
            )),
            Err(error) => wrong.push((file, error)),
        }
    }
    let nobody = agents.list().is_empty();
    for (file, error) in wrong {
        if nobody {
            return Err(not_made(error));
        }
        console::complain(&format!(
            "{error}; no agent was made from {}, and the others are served",
            file.display()
        ));
    }
    Ok(())
}

/// The failure of a host that has no agent to serve: mistakes in an Agentfile and in what it names
/// are the user's.
fn not_made(error: AgentError) -> Failure {
    use AgentError as E;
    match error {
        E::Agentfile(_)
        | E::Name(_)
        | E::NoModel { .. }
        | E::Config { .. }
        | E::Deployment { .. }
        | E::Mount { .. }
        | E::Resolved { .. }
        | E::Model { .. }
        | E::Bin { .. }
        | E::Tool { .. } => Failure::usage(error),
        _ => Failure::work(error),
    }
}

/// Says what to type when every agent is ready or has failed, and looks after them from then on.
async fn look_after(agents: &Agents, data: &Path, copied: &[(String, String)]) {
    agents.settled().await;
    console::note(&next_command(agents, data, copied));
    agents.tend().await;
}

/// Waits until what the host stores would be lost, and looks at the files of providers and of TLS
/// meanwhile, so that a mistake in them is told when it is made. A socket that is gone is told
/// once: this host serves those who are connected, and TCP.
async fn removed(
    data: &DataDir,
    lock: &Lock,
    agents: &Agents,
    socket: &SocketFile,
    credentials: &Credentials,
    tls: Option<&TlsWatch>,
) -> Failure {
    let mut told = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let checked = match data.check(lock) {
            Ok(()) => agents.check().await.map_err(Failure::work),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = checked {
            return failure.hint("this host ends");
        }
        if let Err(error) = credentials.refresh() {
            tracing::warn!("{error}; the providers stay as they were");
        }
        if let Some(tls) = tls {
            tls.refresh();
        }
        if !told && !socket.is_in_place() {
            told = true;
            let path = socket.path().display();
            console::complain(&format!(
                "{path} was removed or replaced: no command reaches this host; start it again"
            ));
        }
    }
}

/// Waits for a signal to end, then for the turns that run, while clients may still ask what goes
/// on; a second signal cuts the waiting short.
async fn drain(serving: &Serving, signals: &mut Ending) {
    signals.asked().await;
    service_manager::stopping();
    let running = serving.end();
    if running > 0 {
        console::note(&format!(
            "ending: waiting for {} (again to stop what runs)",
            cofferdam_agent::turns(running)
        ));
    }
    tokio::select! {
        () = serving.ended() => {}
        () = tokio::time::sleep(DRAIN) => {}
        () = signals.asked() => {}
    }
    serving.stop().await;
}

/// Reads `AGENT:BIN@DIGEST`.
fn accepted(written: &str) -> Result<Accepted, Failure> {
    let wrong = |problem: String| Failure::usage(format!("--accept {written}: {problem}"));
    let parts = written
        .split_once('@')
        .and_then(|(names, digest)| Some((names.split_once(':')?, digest)));
    let ((agent, bin), digest) = parts
        .ok_or_else(|| wrong("expected AGENT:BIN@DIGEST, as the host has told it".to_owned()))?;
    let component = digest
        .parse()
        .map_err(|error: DigestError| wrong(error.to_string()))?;
    Ok(Accepted {
        agent: agent.to_owned(),
        bin: bin.to_owned(),
        component,
    })
}

/// A file for the workspace of an agent, `AGENT:FILE`.
#[derive(Debug, Clone, Copy)]
struct CopyIn<'a> {
    written: &'a str,
    agent: &'a str,
    file: &'a Path,
    /// The name of the file.
    name: &'a str,
}

impl<'a> CopyIn<'a> {
    fn of(written: &'a str) -> Result<Self, Failure> {
        let wrong = |problem: &str| Failure::usage(format!("--copy-in {written}: {problem}"));
        let (agent, file) = written
            .split_once(':')
            .ok_or_else(|| wrong("expected AGENT:FILE"))?;
        let file = Path::new(file);
        let name = file.file_name().and_then(|name| name.to_str());
        Ok(Self {
            written,
            agent,
            file,
            name: name.ok_or_else(|| wrong("the file has no name"))?,
        })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let bytes = cofferdam_workbench::read(self.file, MAX_COPY);
        bytes.map_err(|error| self.wrong(error.to_string()))
    }

    fn wrong(&self, problem: String) -> Failure {
        Failure::usage(format!("--copy-in {}: {problem}", self.written))
    }
}

/// Copies `AGENT:FILE`s and returns the agents and names. A file that cannot be read ends the
/// start, and so does a name that no agent has; an agent that cannot take it, or whose tools keep
/// it from that, is told and concerns no other.
async fn copy_files_in(
    agents: &Agents,
    copies: &[String],
) -> Result<Vec<(String, String)>, Failure> {
    let mut copied = Vec::new();
    for copy in copies {
        let copy = CopyIn::of(copy)?;
        let bytes = copy.read()?;
        let CopyIn { agent, name, .. } = copy;
        let put = match agents.find(Some(agent)).await {
            Ok(agent) => agent.copy_in(name, &bytes).await.map(|()| agent),
            Err(error) => Err(error),
        };
        match put {
            Ok(agent) => copied.push((agent.name().to_owned(), name.to_owned())),
            Err(error @ AgentError::Unknown { .. }) => return Err(copy.wrong(error.to_string())),
            Err(error) => console::complain(&copy.wrong(error.to_string()).sentence()),
        }
    }
    Ok(copied)
}

/// The line to type next, as it works from here.
fn next_command(agents: &Agents, data: &Path, copied: &[(String, String)]) -> String {
    let program = program();
    let default = paths::default_data_dir().is_ok_and(|default| default == data);
    // Also for the next command, which has the same environment.
    let variable = std::env::var_os("COFFERDAM_DATA_DIR");
    let is_set = variable.is_some_and(|set| std::path::absolute(set).is_ok_and(|set| set == data));
    let place = if default || is_set {
        String::new()
    } else {
        format!(" --data-dir {}", data.display())
    };
    let list = agents.list();
    let ready = list.iter().find(|agent| agent.status.takes_turns());
    let counted = copied.iter().find(|(name, _)| {
        list.iter()
            .any(|agent| agent.name == *name && agent.tools.iter().any(|tool| tool == "wc"))
    });
    match (counted, ready) {
        (Some((agent, file)), _) => {
            format!("next: {program}{place} chat {agent} \"run wc -l {file}\"")
        }
        (None, Some(agent)) => format!("next: {program}{place} chat {}", agent.name),
        (None, None) => format!("next: {program}{place} run AGENTFILE, to have an agent"),
    }
}

/// The command that starts this program from here: its name where the shell finds it, else its
/// path.
fn program() -> String {
    let name = std::env::args()
        .next()
        .unwrap_or_else(|| "cofferdam".to_owned());
    let Ok(path) = std::env::current_exe() else {
        return name;
    };
    let on_path = std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|directory| directory.join("cofferdam") == path)
    });
    if on_path {
        return "cofferdam".to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here)
        .unwrap_or(&path)
        .display()
        .to_string()
}
