//! The host put together.

use std::net::SocketAddr;
use std::sync::Arc;

use cofferdam_agent::{Accepted, AgentsConfig, BinAccess, Decisions, OnReady, Withheld};
use cofferdam_capability::{Guarded, Host, Scheme};
use cofferdam_image::{Images, Registry, RegistryConfig, Store as ImageStore, Watch};
use cofferdam_model::Credentials;
use cofferdam_store::{Proof, Trail, TrailConfig};
use cofferdam_tool::{Ledger, Runner, RunnerConfig, SecretSources};
use ipnet::IpNet;

use crate::config::Config;
use crate::console;
use crate::descriptors;
use crate::error::Failure;
use crate::guard;
use crate::paths::{self, DataDir};
use crate::secret;

/// Choices of one command for its runner, beyond what each tool is granted and the configuration
/// says.
#[derive(Debug, Default)]
pub(crate) struct RunnerOptions {
    /// Further addresses that are not public and may be reached all the same.
    pub(crate) addresses: Vec<IpNet>,
    /// The servers that are asked for the addresses of names, instead of those of the
    /// configuration; empty for these.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// Servers that answer instead of the hosts of the network, when nothing of it is to be
    /// reached.
    pub(crate) stand_ins: Option<Vec<(Scheme, Host, SocketAddr)>>,
    /// The sources of secrets.
    pub(crate) secrets: SecretSources,
    /// The record of its calls.
    pub(crate) recorded: Recorded,
    /// Calls at once, for a command that makes fewer than the configuration allows: a pool of
    /// sandboxes is mapped for all of them when the command starts.
    pub(crate) at_once: Option<u32>,
}

/// The directory of the audit trail in the data directory.
pub(crate) const AUDIT: &str = "audit";

/// The record that is kept of calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// The audit trail, of which a command proves the end when it runs something.
    #[default]
    ByCommand,
    /// The audit trail, all of which a host proves at its start.
    ByHost,
    /// Nothing: for tests of tools by their authors.
    Nowhere,
}

/// Returns a runner that loads tools and has no secrets to give them.
pub(crate) fn runner(config: &Config, data: &DataDir) -> Result<Runner, Failure> {
    runner_with(
        config,
        data,
        RunnerOptions::default(),
        guard::always(config, data)?,
    )
}

/// Returns a runner of tools, for the host and for `tool run` alike. None of them may replace what
/// is `guarded`.
pub(crate) fn runner_with(
    config: &Config,
    data: &DataDir,
    options: RunnerOptions,
    guarded: Guarded,
) -> Result<Runner, Failure> {
    let RunnerOptions {
        addresses,
        nameservers,
        stand_ins,
        secrets,
        recorded,
        at_once,
    } = options;
    let compiler = std::env::current_exe().map_err(|error| {
        Failure::work(format!(
            "this program cannot find itself to start the compiler: {error}"
        ))
    })?;
    let cache = match &config.cache_dir {
        Some(cache) => paths::private_at(cache.path())?,
        None => data.cache()?,
    };
    let ledger = ledger(config, data, recorded)?;
    let scratch = data.private("scratch")?;
    let pins = data.private("descriptors")?;
    let mut ceiling = config.ceiling.clone();
    ceiling.network.addresses.extend(addresses);
    let nameservers = if nameservers.is_empty() {
        config.nameservers.clone()
    } else {
        nameservers
    };
    let at_once = at_once.unwrap_or(u32::MAX);
    let calls = config.calls.min(at_once);
    let calls_per_agent = config.calls_per_agent.min(at_once);
    Runner::new(RunnerConfig {
        compiler,
        cache,
        scratch,
        pins,
        scratch_bytes: config.scratch,
        scratch_entries: config.scratch_entries,
        ceiling,
        calls,
        calls_per_agent,
        descriptors: descriptors::for_calls(descriptors::raise()),
        pagemap_scan: config.pagemap_scan,
        nameservers,
        stand_ins,
        secrets,
        ledger,
        review: config.review,
        data: data.dir().map_err(Failure::work)?,
        data_path: data.path().to_owned(),
        guarded,
    })
    .map_err(|error| Failure::work(format!("data directory {}: {error}", data.path().display())))
}

/// The ledger of calls, on the audit trail of the data directory.
fn ledger(
    config: &Config,
    data: &DataDir,
    recorded: Recorded,
) -> Result<Option<Arc<dyn Ledger>>, Failure> {
    let proof = match recorded {
        Recorded::ByHost => Proof::Whole,
        Recorded::ByCommand => Proof::End,
        Recorded::Nowhere => return Ok(None),
    };
    let trail = Trail::open(TrailConfig {
        data: data.dir().map_err(Failure::work)?,
        name: AUDIT,
        dir: data.private(AUDIT)?,
        bytes: config.audit_bytes.0,
        proof,
    });
    let trail = trail.map_err(|error| {
        Failure::work(format!(
            "the audit trail has no thread that writes: {error}"
        ))
    })?;
    Ok(Some(cofferdam_agent::ledger(trail)))
}

/// Proves the records so far, for a process that ends after its last call.
pub(crate) async fn finish_record(runner: &Runner) {
    if let Some(ledger) = runner.ledger() {
        ledger.finish().await;
    }
}

/// The tool images on this machine.
pub(crate) fn image_store(data: &DataDir) -> Result<ImageStore, Failure> {
    ImageStore::open(data.private("images")?).map_err(Failure::work)
}

/// The tool images on this machine and in registries.
pub(crate) fn images(
    config: &Config,
    data: &DataDir,
    plain_http: bool,
    watch: Option<Arc<Watch>>,
) -> Result<Images, Failure> {
    let config = RegistryConfig {
        plain_http,
        docker_config: paths::docker_config(),
        watch,
        signers: config.signers.signers()?,
    };
    let data = data.try_clone().map_err(Failure::work)?;
    let open = move || {
        data.private("images")
            .map_err(|failure| std::io::Error::other(failure.sentence()))
    };
    Ok(Images::new(open, Registry::new(config)))
}

/// The operator's decisions for tools, as far as they can be given.
#[derive(Debug)]
pub(crate) struct GrantDecisions {
    pub(crate) decisions: Decisions,
    pub(crate) secrets: SecretSources,
    /// Tools that their agents do not get, because a directory of their grant cannot be had.
    pub(crate) withheld: Withheld,
}

/// Finds the sources of secrets and opens the directories of every grant.
pub(crate) fn grant_decisions(config: &Config, data: &DataDir) -> Result<GrantDecisions, Failure> {
    let mut withheld = Withheld::default();
    let decisions =
        config
            .grants
            .decisions(config.agents.deployments(), config.room, &mut withheld);
    Ok(GrantDecisions {
        decisions,
        secrets: secret::sources(config, data)?,
        withheld,
    })
}

/// The same for a host that runs them: secrets of former hosts are encrypted, and what is missing
/// is told.
pub(crate) fn grant_decisions_to_run(
    config: &Config,
    data: &DataDir,
) -> Result<GrantDecisions, Failure> {
    secret::encrypt_former(&secret::store(config, data)?);
    let decisions = grant_decisions(config, data)?;
    secret::tell_missing(config, &decisions.secrets);
    Ok(decisions)
}

/// The access of each BIN of an agent, as the next start of the host decides it.
pub(crate) async fn agent_access(
    agent: &str,
    config: &Config,
    data: &DataDir,
) -> Result<Vec<BinAccess>, Failure> {
    let runner = runner(config, data)?;
    let GrantDecisions {
        decisions,
        secrets: _,
        withheld,
    } = grant_decisions(config, data)?;
    let dir = data.dir().map_err(Failure::work)?;
    let found =
        cofferdam_agent::grants(&dir, data.path(), agent, &runner, &decisions, &withheld).await;
    found.map_err(Failure::usage)
}

/// The parts of which agents are made. `accepted` are components that the
/// operator accepts in place of others; none of the tools may replace what is `guarded`. `on_ready`
/// hears of each agent before it takes turns.
pub(crate) fn agents_config(
    config: &Config,
    data: &DataDir,
    accepted: Vec<Accepted>,
    guarded: Guarded,
    credentials: Credentials,
    on_ready: OnReady,
) -> Result<AgentsConfig, Failure> {
    let GrantDecisions {
        decisions,
        secrets,
        withheld,
    } = grant_decisions_to_run(config, data)?;
    for ((agent, tool), reason) in &withheld {
        console::complain(&format!("{reason}; agent {agent} does not get {tool}"));
    }
    let runner = Arc::new(runner_with(
        config,
        data,
        RunnerOptions {
            secrets,
            recorded: Recorded::ByHost,
            ..RunnerOptions::default()
        },
        guarded,
    )?);
    let images = Arc::new(images(config, data, false, None)?);
    let dir = data.dir().map_err(Failure::work)?;
    let path = data.path().to_owned();
    let totals = Arc::default();
    let most = usize::try_from(config.most_agents).unwrap_or(usize::MAX);
    Ok(AgentsConfig {
        data: dir,
        path,
        credentials,
        runner,
        images,
        decisions,
        withheld,
        accepted,
        most,
        totals,
        on_ready,
    })
}
