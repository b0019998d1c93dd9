//! What the operator gives to tools on the command line: from the flags to a decision.

use std::collections::BTreeSet;
use std::path::Path;

use cofferdam_agent::Agent;
use cofferdam_capability::{Access, Decision, Grant, LimitsRequest, Offer, SecretName};
use cofferdam_tool::{Secrets, Tool};
use zeroize::Zeroizing;

use crate::cli::Offers;
use crate::error::Failure;
use crate::host::Reach;
use crate::{cmd, console, secret};

/// How tools reach the network, and what each of them is offered.
pub(crate) fn read(offers: &Offers) -> Result<(Reach, Decision), Failure> {
    let secrets = secrets(&offers.secret)?;
    let names = secrets.names().cloned().collect();
    let (addresses, nameservers) = (offers.allow_address.clone(), offers.nameserver.clone());
    let reach = Reach { addresses, nameservers, secrets, ..Reach::default() };
    Ok((reach, decision(offers, names)?))
}

/// Tells the operator what the tools of one component do not get, and where they reach further than is good. All of them
/// have the same grant.
pub(crate) fn tell(component: &str, tools: &[Tool]) {
    let Some(tool) = tools.first() else { return };
    for withheld in tool.grant().withheld() {
        console::note(&format!("note: {component}: {withheld}"));
    }
    tell_reach(component, tool.grant());
}

/// The same of an agent's tools, as far as they reach; what they do not get is in the log.
pub(crate) fn tell_reach_of(agent: &Agent) {
    let mut told = BTreeSet::new();
    // All tools of a BIN have the same grant, which goes by the BIN's name.
    for grant in agent.catalog().iter().map(Tool::grant).filter(|grant| told.insert(grant.tool().to_owned())) {
        tell_reach(&format!("agent {}: {}", agent.name(), grant.tool()), grant);
    }
}

fn tell_reach(component: &str, grant: &Grant) {
    if grant.network().reaches_every_host() {
        console::note(&format!(
            "note: {component}: it may send requests, and with them what it reads, to every public host: its manifest \
             leaves the hosts to you, and you offered `*`; name the hosts instead"
        ));
    }
}

fn decision(offers: &Offers, secrets: Vec<SecretName>) -> Result<Decision, Failure> {
    let Offers { dir, env, http, tcp, fuel, memory, wall, secret: _, nameserver: _, allow_address: _ } = offers;
    let offers = dir.iter().map(|dir| offer(dir)).collect::<Result<_, _>>()?;
    let env = env.iter().map(|variable| match variable.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failure::usage(format!("--env {variable}: expected NAME=VALUE"))),
    });
    let limits = LimitsRequest { fuel: *fuel, memory: *memory, wall: *wall, ..LimitsRequest::default() };
    let env = env.collect::<Result<_, _>>()?;
    Ok(Decision { offers, env, limits, http: http.clone(), tcp: tcp.clone(), secrets })
}

/// `NAME=FILE`, each.
fn secrets(written: &[String]) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::default();
    for written in written {
        let wrong = |problem: String| Failure::usage(format!("--secret {written}: {problem}"));
        let (name, file) = written.split_once('=').ok_or_else(|| wrong("expected NAME=FILE".to_owned()))?;
        let name: SecretName = name.parse().map_err(wrong)?;
        let value = secret::value(Zeroizing::new(cmd::tool::read(Path::new(file), secret::MAX_FILE)?));
        secrets.insert(name, value).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(secrets)
}

/// `HOST:GUEST[:ro|rw]`.
fn offer(written: &str) -> Result<Offer, Failure> {
    let wrong = |problem: String| Failure::usage(format!("--dir {written}: {problem}"));
    let (paths, access) = match written.rsplit_once(':') {
        Some((paths, "ro")) => (paths, Access::ReadOnly),
        Some((paths, "rw")) => (paths, Access::ReadWrite),
        _ => (written, Access::ReadWrite),
    };
    let expected = "expected HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw";
    let (host, guest) = paths.rsplit_once(':').ok_or_else(|| wrong(expected.to_owned()))?;
    let guest = guest.parse().map_err(wrong)?;
    Offer::host_directory(Path::new(host), guest, access).map_err(|error| wrong(error.to_string()))
}
