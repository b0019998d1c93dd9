//! `cofferdam secret`: the values that the host puts into requests of tools.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Subcommand};
use cofferdam_agent::agents_on_disk;
use cofferdam_capability::SecretName;
use cofferdam_tool::{Namespace, SecretStore, SecretValue, StoredSecret};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::args::Listing;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::paths::DataDir;
use crate::secret::{MAX_FILE, store};
use crate::typed::without_echo;

/// `cofferdam secret`.
#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Set a secret; its value, 8 to 65536 bytes on one line, comes from standard input or from a
    /// file. The next call uses it.
    Set(Set),
    /// List the secrets and the grants that name them, never their values.
    Ls(Ls),
    /// Remove a secret.
    Rm(Rm),
}

/// `cofferdam secret set`.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Name of the secret, as manifests and [[grant]] have it
    #[arg(value_name = "NAME")]
    name: SecretName,

    /// Set it for this agent alone, which then has it instead of the host's
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,

    /// Read the value from this file; the line break at its end is not part of it
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// `cofferdam secret ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// List those of this agent alone
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,

    #[command(flatten)]
    listing: Listing,
}

/// `cofferdam secret rm`.
#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// Name of the secret
    #[arg(value_name = "NAME")]
    name: SecretName,

    /// Remove the secret of this agent, and not the host's
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
}

/// A secret as it is listed.
#[derive(Serialize)]
struct Entry {
    name: String,
    /// The agent that it is for; every agent when there is none.
    agent: Option<String>,
    /// The time at which it was set, in seconds since 1970.
    set: i64,
    grants: BTreeSet<GrantEntry>,
}

/// A grant that names a secret.
#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct GrantEntry {
    agent: String,
    tool: String,
}

pub(crate) async fn run(secret: Secret, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let data = DataDir::open(data)?;
    let store = store(config, &data)?;
    match secret {
        Secret::Set(set) => {
            let agent = set.agent.clone();
            set.run(&store)?;
            if let Some(agent) = agent {
                tell_unknown(&agent, data.path()).await;
            }
            Ok(())
        }
        Secret::Ls(Ls { agent, listing }) => list(agent.as_deref(), listing.format, config, &store),
        Secret::Rm(rm) => rm.run(&store),
    }
}

impl Set {
    fn run(self, store: &SecretStore) -> Result<(), Failure> {
        let Self {
            name,
            agent,
            from_file,
        } = self;
        let namespace = namespace(agent.as_deref())?;
        let text = match &from_file {
            Some(file) => file_content(file)?,
            None => typed(&name)?,
        };
        let value = SecretValue::of_text(&name, text).map_err(Failure::usage)?;
        store
            .set(&namespace, &name, &value)
            .map_err(Failure::work)?;
        console::note(&match namespace {
            Namespace::Host => format!("set {name}: the next call of a tool that has it uses it"),
            Namespace::Agent(agent) => {
                format!("set {name} of agent {agent}: the next call of a tool that has it uses it")
            }
        });
        Ok(())
    }
}

impl Rm {
    fn run(self, store: &SecretStore) -> Result<(), Failure> {
        let Self { name, agent } = self;
        let namespace = namespace(agent.as_deref())?;
        if store.remove(&namespace, &name).map_err(Failure::work)? {
            console::line(name);
            return Ok(());
        }
        let missing = match namespace {
            Namespace::Host => format!("the host has no secret `{name}`"),
            Namespace::Agent(agent) => format!("agent {agent} has no secret `{name}` of its own"),
        };
        Err(Failure::usage(missing).hint("`cofferdam secret ls` lists those that are set"))
    }
}

/// Tells of an agent that is not there yet: its secret may be set before it is made. Where nobody
/// can say which agents there are, nothing is told.
async fn tell_unknown(agent: &str, data: &Path) {
    let Ok(known) = agents_on_disk(data).await else {
        return;
    };
    if known.contains_key(agent) {
        return;
    }
    let names: Vec<_> = known.keys().map(String::as_str).collect();
    let there_are = match names.as_slice() {
        [] => "this host has none".to_owned(),
        names => format!("the agents are: {}", names.join(", ")),
    };
    console::note(&format!(
        "note: there is no agent `{agent}` yet, so no tool gets it; {there_are}"
    ));
}

fn namespace(agent: Option<&str>) -> Result<Namespace, Failure> {
    match agent {
        None => Ok(Namespace::Host),
        Some(agent) => {
            Namespace::agent(agent).map_err(|error| Failure::usage(format!("--agent: {error}")))
        }
    }
}

fn list(
    agent: Option<&str>,
    format: Format,
    config: &Config,
    store: &SecretStore,
) -> Result<(), Failure> {
    let only = agent.map(|agent| namespace(Some(agent))).transpose()?;
    let all = store.list().map_err(Failure::work)?;
    let entries = all
        .iter()
        .filter(|stored| only.as_ref().is_none_or(|only| stored.namespace == *only));
    let entries: Vec<_> = entries.map(|stored| entry(stored, &all, config)).collect();
    if format == Format::Json {
        return console::json(&entries);
    }
    let row = |entry: Entry| {
        let grants = entry.grants.iter();
        let grants = grants.map(|grant| format!("{} of {}", grant.tool, grant.agent));
        let grants: Vec<_> = grants.collect();
        vec![
            entry.name,
            entry.agent.unwrap_or_else(|| "all".to_owned()),
            console::when(entry.set),
            grants.join(", "),
        ]
    };
    console::table(
        &["name", "agent", "set", "granted to"],
        entries.into_iter().map(row).collect(),
    );
    Ok(())
}

/// A secret with the grants that name it. An agent that has its own does not use the host's.
fn entry(stored: &StoredSecret, all: &[StoredSecret], config: &Config) -> Entry {
    let StoredSecret {
        namespace,
        name,
        set,
    } = stored;
    let has_own = |agent: &str| {
        let own = Namespace::Agent(agent.to_owned());
        all.iter()
            .any(|other| other.namespace == own && other.name == *name)
    };
    let uses = |agent: &str| match namespace {
        Namespace::Host => !has_own(agent),
        Namespace::Agent(own) => own == agent,
    };
    let named = config.secrets().filter(|named| named.name == name);
    let grants = named
        .filter(|named| uses(&named.grant.agent))
        .map(|named| GrantEntry {
            agent: named.grant.agent.clone(),
            tool: named.grant.tool.clone(),
        });
    let since = set.duration_since(SystemTime::UNIX_EPOCH);
    Entry {
        name: name.to_string(),
        agent: match namespace {
            Namespace::Host => None,
            Namespace::Agent(agent) => Some(agent.clone()),
        },
        set: since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)),
        grants: grants.collect(),
    }
}

fn file_content(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = cofferdam_workbench::read(file, MAX_FILE);
    bytes
        .map(Zeroizing::new)
        .map_err(|error| Failure::usage(format!("--from-file {}: {error}", file.display())))
}

/// The value from standard input; on a terminal it is asked for and not shown.
fn typed(name: &SecretName) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let stdin = std::io::stdin();
    let most = usize::try_from(MAX_FILE).unwrap_or(usize::MAX);
    // At its full size from the beginning: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(most + 1));
    let mut read = || {
        let mut input = stdin.lock().take(MAX_FILE + 1);
        if stdin.is_terminal() {
            console::note(&format!(
                "the value of {name} (it is not shown), then Enter:"
            ));
            input.read_until(b'\n', &mut text)
        } else {
            input.read_to_end(&mut text)
        }
    };
    without_echo(&mut read)
        .map_err(|error| Failure::work(format!("cannot read standard input: {error}")))?;
    if text.is_empty() {
        return Err(Failure::usage(
            "standard input is empty: expected the value, or --from-file FILE",
        ));
    }
    Ok(text)
}
