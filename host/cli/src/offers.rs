//! The operator's offers to tools on the command line: from the flags to a decision.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use cofferdam_agent::Agent;
use cofferdam_capability::{
    Bytes, Count, Decision, Grant, HostOffer, LimitsRequest, SecretName, TcpOffer, Time,
};
use cofferdam_tool::Secrets;
use ipnet::IpNet;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::directory::DirectoryError;
use crate::error::Failure;
use crate::host::RunnerOptions;
use crate::{access, console, directory, remedy, secret};

/// The operator's offers to tools. The same words wherever tools are run from the command line.
#[derive(Debug, Args)]
pub(crate) struct Offers {
    /// Offer a directory; the tool sees it if its manifest declares it. Read-write unless it says
    /// ro; may be repeated
    #[arg(long, value_name = "HOST:GUEST[:ro|rw]")]
    pub(crate) dir: Vec<String>,

    /// Give a variable that its manifest declares; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,

    /// Let it send HTTP requests there, as far as its manifest declares them; HOST may be *.NAME;
    /// may be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) http: Vec<HostOffer>,

    /// Let it be connected there over TCP, as far as its manifest declares it; HOST may be *.NAME;
    /// may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) tcp: Vec<TcpOffer>,

    /// Give a secret that its manifest declares: the host puts the content of FILE into its
    /// requests; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) secret: Vec<String>,

    /// Ask this DNS server instead of those of the configuration or the system; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) nameserver: Vec<std::net::SocketAddr>,

    /// Let hosts also have these addresses that are not public: 10.1.0.0/16; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow_address: Vec<IpNet>,

    /// Fuel, about one unit for each instruction [default: 20_000_000_000]
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<Count>,

    /// Linear memory [default: 64MiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Bytes>,

    /// Wall-clock time of the call [default: 30s]
    #[arg(long, value_name = "DUR")]
    pub(crate) wall: Option<Time>,

    /// Any other limit of the call, by its key in `[limits]`: written=1GiB; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
}

/// Reads the choices for the runner, and the offers to each tool.
pub(crate) fn read(offers: &Offers) -> Result<(RunnerOptions, Decision), Failure> {
    let secrets = secrets(&offers.secret)?;
    let names = secrets.names().cloned().collect();
    let addresses = offers.allow_address.clone();
    let nameservers = offers.nameserver.clone();
    let options = RunnerOptions {
        addresses,
        nameservers,
        secrets: secrets.into(),
        ..RunnerOptions::default()
    };
    Ok((options, decision(offers, names)?))
}

/// Tells the operator what the tools of one component do not get, and where they reach further than
/// is good. All of them have the same grant.
pub(crate) fn tell(component: &str, grant: &Grant) {
    for withheld in grant.withheld() {
        console::note(&format!("note: {component}: {withheld}"));
    }
    if let Some(flags) = remedy::flags(grant) {
        console::note(&format!("note: {component}: to give it more, add {flags}"));
    }
    tell_reach(component, grant);
}

/// Sentences about the access of a tool of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessNote {
    /// The name of its BIN.
    pub(crate) tool: String,
    pub(crate) lines: Vec<String>,
    /// Sentences for the log.
    pub(crate) withheld: Vec<String>,
}

/// Says what each tool of an agent gets and does not get.
pub(crate) fn access_of(agent: &Agent, config: &Config) -> Vec<AccessNote> {
    let mut told = BTreeSet::new();
    // The host's own tools reach nothing outside it.
    let tools = agent.toolbox().iter().filter(|tool| !tool.is_hosts());
    let tools = tools.map(|tool| tool.grant());
    // All tools of a BIN have the same grant, which goes by the BIN's name.
    let grants = tools.filter(|grant| told.insert(grant.tool().to_owned()));
    let note = |grant: &Grant| {
        let tool = format!("agent {}: {}", agent.name(), grant.tool());
        let access = access::line(grant, &config.ceiling.defaults);
        let mut lines = vec![format!("{tool} gets {access}")];
        lines.extend(
            remedy::grant_lines(config, agent.name(), grant)
                .map(|sentence| format!("note: {tool}: {sentence}")),
        );
        lines.extend(far_reach(&tool, grant));
        AccessNote {
            tool: grant.tool().to_owned(),
            lines,
            withheld: grant.withheld().iter().map(ToString::to_string).collect(),
        }
    };
    grants.map(note).collect()
}

fn tell_reach(component: &str, grant: &Grant) {
    if let Some(sentence) = far_reach(component, grant) {
        console::note(&sentence);
    }
}

/// Says of a tool that it reaches further than is good.
fn far_reach(component: &str, grant: &Grant) -> Option<String> {
    grant.network().reaches_every_host().then(|| {
        format!(
            "note: {component}: it may send requests, and with them what it reads, to every public \
             host: its manifest leaves the hosts to you, and you offered `*`; name the hosts \
             instead"
        )
    })
}

fn decision(offers: &Offers, secrets: Vec<SecretName>) -> Result<Decision, Failure> {
    let Offers {
        dir,
        env,
        http,
        tcp,
        fuel,
        memory,
        wall,
        limit,
        secret: _,
        nameserver: _,
        allow_address: _,
    } = offers;
    let offer = |dir: &String| {
        let wrong = |problem: DirectoryError| Failure::usage(format!("--dir {problem}"));
        directory::offer(dir, Path::new("")).map_err(wrong)
    };
    let offers = dir.iter().map(offer).collect::<Result<_, _>>()?;
    let env = env.iter().map(|variable| match variable.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failure::usage(format!(
            "--env {variable}: expected NAME=VALUE"
        ))),
    });
    let mut limits = LimitsRequest {
        fuel: *fuel,
        memory: *memory,
        wall: *wall,
        ..LimitsRequest::default()
    };
    for written in limit {
        let wrong = |problem: String| Failure::usage(format!("--limit {written}: {problem}"));
        let parts = written.split_once('=');
        let (key, value) =
            parts.ok_or_else(|| wrong("expected NAME=VALUE, such as written=1GiB".to_owned()))?;
        limits
            .ask(key, value)
            .map_err(|error| wrong(error.to_string()))?;
    }
    let env = env.collect::<Result<_, _>>()?;
    Ok(Decision {
        offers,
        env,
        limits,
        http: http.clone(),
        tcp: tcp.clone(),
        secrets,
    })
}

/// `NAME=FILE`, each.
fn secrets(written: &[String]) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::default();
    for written in written {
        let wrong = |problem: String| Failure::usage(format!("--secret {written}: {problem}"));
        let (name, file) = written
            .split_once('=')
            .ok_or_else(|| wrong("expected NAME=FILE".to_owned()))?;
        let name: SecretName = name.parse().map_err(wrong)?;
        let bytes = cofferdam_workbench::read(Path::new(file), secret::MAX_FILE);
        let bytes = bytes.map_err(|error| wrong(error.to_string()))?;
        secrets
            .insert_text(name, Zeroizing::new(bytes))
            .map_err(|error| wrong(error.to_string()))?;
    }
    Ok(secrets)
}
