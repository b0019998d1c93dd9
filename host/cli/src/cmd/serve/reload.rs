//! SIGHUP: the operator's files are read again, and nobody is cut off.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_agent::{Agents, Renewal};
use cofferdam_image::agentfile;
use cofferdam_model::Credentials;
use cofferdam_tool::RunnerChoices;
use tokio::signal::unix::Signal;

use super::tls::TlsWatch;
use crate::config::{Config, Setting};
use crate::error::Failure;
use crate::host::{self, GrantDecisions};
use crate::paths::DataDir;
use crate::{console, guard, service_manager};

/// The configuration that holds now. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct CurrentConfig(Arc<RwLock<Arc<Config>>>);

impl CurrentConfig {
    pub(super) fn new(config: Config) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    pub(super) fn get(&self) -> Arc<Config> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, config: Arc<Config>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

/// Keys that size what was made at the start: the table of agents, the pool of sandboxes, the room
/// in `/tmp` and of the audit trail, the resolver of names, the collector of spans, and the names
/// of the files of TLS, whose contents change with them. Every other one holds for agents that are
/// made from now on.
const OF_THE_START: [&str; 12] = [
    "host.agents",
    "host.calls",
    "host.pagemap-scan",
    "host.scratch",
    "host.scratch-entries",
    "host.cache-dir",
    "host.audit-bytes",
    "network.nameservers",
    "tls.certificate",
    "tls.key",
    "tls.client-ca",
    "telemetry.otlp",
];

/// The table whose keys size the pool too.
const CEILING: &str = "ceiling.";

/// Everything that is read again.
pub(super) struct Reload {
    /// The configuration that was named, if one was.
    pub(super) named: Option<PathBuf>,
    pub(super) data: DataDir,
    pub(super) agentfiles: Vec<PathBuf>,
    pub(super) credentials: Credentials,
    pub(super) config: CurrentConfig,
    /// The values that hold until the next start.
    pub(super) started: Vec<Setting>,
    pub(super) tls: Option<Arc<TlsWatch>>,
}

/// Files that were read, all of them right.
struct Read {
    config: Config,
    /// The names of agents that are made from Agentfiles.
    of_files: Vec<String>,
    choices: RunnerChoices,
    decisions: cofferdam_agent::Decisions,
    withheld: cofferdam_agent::Withheld,
}

impl Reload {
    /// Reads the files again at each SIGHUP, if it is not ignored. One that comes meanwhile is not
    /// lost.
    pub(super) async fn whenever(&self, hangup: Option<Signal>, agents: &Arc<Agents>) {
        if let Some(mut hangup) = hangup {
            while hangup.recv().await.is_some() {
                self.run(agents).await;
            }
        }
        std::future::pending().await
    }

    /// Reads the files again. One that is wrong changes nothing.
    async fn run(&self, agents: &Arc<Agents>) {
        service_manager::reloading();
        match self.read() {
            Ok(read) => self.apply(read, agents).await,
            Err(failure) => {
                console::complain(&format!("{}; nothing was changed", failure.sentence()))
            }
        }
        service_manager::ready();
    }

    fn read(&self) -> Result<Read, Failure> {
        let config = Config::load(self.named.as_deref(), self.data.path())?;
        // Also one that was told already.
        self.credentials.read_again()?;
        let read = |file: &PathBuf| agentfile::read(file).map(|file| file.name().to_owned());
        let files: Result<_, _> = self.agentfiles.iter().map(read).collect();
        let of_files = files.map_err(Failure::usage)?;
        let mut guarded = guard::always(&config, &self.data)?;
        guard::agentfiles(&mut guarded, &self.agentfiles)?;
        let GrantDecisions {
            decisions,
            secrets,
            withheld,
        } = host::grant_decisions_to_run(&config, &self.data)?;
        let choices = RunnerChoices {
            ceiling: config.ceiling.clone(),
            calls_per_agent: config.calls_per_agent,
            secrets,
            review: config.review,
            guarded,
        };
        // Last: it holds from here on.
        if let Some(tls) = &self.tls {
            tls.read()?;
        }
        Ok(Read {
            config,
            of_files,
            choices,
            decisions,
            withheld,
        })
    }

    async fn apply(&self, read: Read, agents: &Arc<Agents>) {
        let Read {
            config,
            of_files,
            choices,
            decisions,
            withheld,
        } = read;
        for ((agent, tool), reason) in &withheld {
            console::complain(&format!("{reason}; agent {agent} does not get {tool}"));
        }
        let settings = config.settings(self.data.path());
        for sentence in self.waiting(&settings) {
            console::note(&sentence);
        }
        self.config.set(Arc::new(config));
        let renewal = Renewal {
            choices,
            decisions,
            withheld,
        };
        let mut kept = match agents.renew_all(renewal, &of_files).await {
            Ok(kept) => kept,
            Err(error) => {
                console::complain(&format!("{error}; agents go on as they were"));
                return;
            }
        };
        for file in &self.agentfiles {
            kept.extend(agents.apply(file).await.err());
        }
        crate::cmd::config::tell_unknown(&self.config.get(), self.data.path()).await;
        for error in &kept {
            console::complain(&format!("{error}; this agent goes on as it was"));
        }
        console::note(&match kept.len() {
            0 => "reloaded: turns that begin now have what the files say".to_owned(),
            count => format!("reloaded, but {count} of its agents could not be made anew"),
        });
    }

    /// Says which values wait for the next start.
    fn waiting(&self, settings: &[Setting]) -> Vec<String> {
        let waits = |key: &str| OF_THE_START.contains(&key) || key.starts_with(CEILING);
        let sentence = |setting: &Setting| {
            let held = self.started.iter().find(|held| held.key == setting.key)?;
            (held.value != setting.value && waits(&setting.key)).then(|| {
                format!(
                    "note: `{}` = {} holds from the next start; until then it is {}",
                    setting.key,
                    setting.shown(),
                    held.shown()
                )
            })
        };
        let mut sentences: Vec<_> = settings.iter().filter_map(sentence).collect();
        if signers(settings) != signers(&self.started) {
            let sentence = "note: `[[signer]]` has changed, which holds from the next start";
            sentences.push(sentence.to_owned());
        }
        sentences
    }
}

/// The rows of signers, which the images of a host have from its start.
fn signers(settings: &[Setting]) -> Vec<String> {
    let rows = settings.iter();
    let rows = rows.filter(|setting| setting.key.starts_with("signer."));
    rows.map(|setting| format!("{} = {}", setting.key, setting.shown()))
        .collect()
}
