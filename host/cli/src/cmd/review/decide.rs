//! `cofferdam review approve`, `reject` and `revoke`: a reviewer's word, signed.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cofferdam_agent::BinAccess;
use cofferdam_capability::{Grant, SigningKey};
use cofferdam_image::ToolSource;
use cofferdam_tool::{
    Installed, Judgement, KeptDecision, ReviewRule, Reviews, Seen, SignedDecision, Stated,
};
use serde_json::json;

use crate::args::{Listing, Registries};
use crate::cmd::tool::source::{self, Source};
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

use super::kept::find;
use super::key::{reviews, signing_key};

/// The arguments of every decision.
#[derive(Debug, Args)]
pub(crate) struct Deciding {
    /// The reason, for those who read the decision
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// The key to sign with [default: reviews/key.pem in the data directory]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    #[command(flatten)]
    listing: Listing,
}

/// The tool that is decided about.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not
    /// here), its digest
    #[arg(value_name = "REF|PATH")]
    tool: String,

    #[command(flatten)]
    reach: Registries,
}

/// `cofferdam review approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    subject: Subject,

    /// Approve of what this agent's tool is granted, and no more [default: of all that the manifest
    /// asks for]
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,

    /// Let the approval end after this time, such as 90d [default: it holds until it is revoked]
    #[arg(long, value_name = "TIME")]
    expires: Option<humantime::Duration>,

    #[command(flatten)]
    deciding: Deciding,
}

/// `cofferdam review reject`.
#[derive(Debug, Args)]
pub(crate) struct Reject {
    #[command(flatten)]
    subject: Subject,

    #[command(flatten)]
    deciding: Deciding,
}

/// `cofferdam review revoke`.
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The decision: its id, or the beginning of it
    #[arg(value_name = "ID")]
    decision: String,

    #[command(flatten)]
    deciding: Deciding,
}

impl Approve {
    pub(super) async fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self {
            subject,
            agent,
            expires,
            deciding,
        } = self;
        // Before a tool is compiled for nothing.
        let key = deciding.key(data)?;
        let installed = subject.load(config, data).await?;
        let seen = match agent {
            Some(agent) => {
                let grant = granted(&agent, &installed, config, data).await?;
                Seen::granted(&installed, &grant)
            }
            None => Seen::asked(&installed, &config.ceiling.network.addresses),
        };
        let expires = expires.map(|time| SystemTime::now() + *time);
        let judgement = Judgement::Approve {
            seen: Box::new(seen),
            expires,
        };
        deciding.sign(judgement, &key, config, data)
    }
}

impl Reject {
    pub(super) async fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let key = self.deciding.key(data)?;
        let installed = self.subject.load(config, data).await?;
        let seen = Seen::asked(&installed, &config.ceiling.network.addresses);
        let judgement = Judgement::Reject {
            seen: Box::new(seen),
        };
        self.deciding.sign(judgement, &key, config, data)
    }
}

impl Revoke {
    pub(super) fn run(self, config: &Config, data: &DataDir) -> Result<(), Failure> {
        let Self { decision, deciding } = self;
        let copies = find(&decision, data)?;
        let key = deciding.key(data)?;
        let own = || std::iter::once(key.verifying_key());
        let mut decided = copies
            .iter()
            .filter_map(|copy| SignedDecision::verify(&copy.envelope, own()).ok());
        let decided = decided.next().ok_or_else(|| {
            Failure::usage(format!(
                "{decision} was signed with another key: only its own reviewer can revoke it"
            ))
            .hint("`cofferdam review reject` refuses the tool, `cofferdam review rm` forgets it")
        })?;
        let judgement = Judgement::Revoke {
            name: decided.stated.judgement.name().to_owned(),
            component: decided.stated.judgement.component(),
            decision: decided.id,
        };
        deciding.sign(judgement, &key, config, data)
    }
}

impl Subject {
    async fn load(&self, config: &Config, data: &DataDir) -> Result<Installed, Failure> {
        let loaded = Source::load(&self.tool, self.reach.plain_http, config, data).await;
        let source = loaded.map_err(|failure| self.of_agent(data).unwrap_or(failure))?;
        let runner = host::runner(config, data)?;
        source.install(&runner, None).await
    }

    /// The failure of a decision about the image of an agent; none if it is another thing.
    fn of_agent(&self, data: &DataDir) -> Option<Failure> {
        let Ok(ToolSource::Image(reference)) = source::named(&self.tool, data) else {
            return None;
        };
        host::image_store(data).ok()?.agent(&reference).ok()?;
        Some(Failure::usage(format!(
            "{reference} is an agent, and decisions are about tools: decide about each BIN, by the \
             digest of its image in `cofferdam image inspect {reference}`"
        )))
    }
}

impl Deciding {
    /// The key to sign with.
    fn key(&self, data: &DataDir) -> Result<SigningKey, Failure> {
        signing_key(self.key.clone(), data)
    }

    /// Signs a decision and keeps it on this host.
    fn sign(
        self,
        judgement: Judgement,
        key: &SigningKey,
        config: &Config,
        data: &DataDir,
    ) -> Result<(), Failure> {
        let Self {
            reason,
            key: _,
            listing,
        } = self;
        let stated = Stated {
            judgement,
            reason,
            made: SystemTime::now(),
        };
        let envelope = stated.sign(key).map_err(Failure::usage)?;
        let reviews = reviews(data)?;
        let one = std::slice::from_ref(&envelope);
        reviews.keep(one).map_err(Failure::work)?;
        let trusted = reviews.trusted().map_err(Failure::work)?;
        let counts = trusted.verify(&envelope);
        let KeptDecision { id, .. } = KeptDecision::of(envelope);
        let judgement = &stated.judgement;
        if listing.format == Format::Json {
            return console::json(&json!({
                "id": id,
                "verdict": judgement.verdict(),
                "tool": judgement.name(),
                "component": judgement.component(),
                "key": key.verifying_key().fingerprint(),
                "counts": counts.is_ok(),
            }));
        }
        console::line(told(judgement, &id.to_string()));
        if let Err(problem) = counts {
            console::note(&format!(
                "note: the decision does not count on this host: {problem}; `cofferdam review key \
                 trust` lets it"
            ));
            return Ok(());
        }
        if let Judgement::Approve { seen, .. } = judgement {
            let kept = reviews.survey().map_err(Failure::work)?.decisions;
            let counting = kept.iter();
            let counting = counting.filter_map(|kept| trusted.verify(&kept.envelope).ok());
            let now = SystemTime::now();
            let standing = Reviews::of(counting.collect(), now);
            let standing = standing.standing(seen, config.review, now);
            if !standing.is_approved() {
                console::note(&format!("note: it stays refused: the tool {standing}"));
            } else if config.review == ReviewRule::None {
                console::note(
                    "note: `[host] require-review` is not set in cofferdam.toml: here tools run \
                     without an approval as well",
                );
            }
        }
        Ok(())
    }
}

/// The decision in a sentence, with its id at the end.
fn told(judgement: &Judgement, id: &str) -> String {
    let component = judgement.component();
    match judgement {
        Judgement::Approve { seen, expires } => {
            let until = expires.map_or_else(String::new, |expires| {
                format!(" until {}", humantime::format_rfc3339_seconds(expires))
            });
            format!(
                "approved {} {} ({component}){until} as {id}",
                seen.name, seen.manifest.tool.version
            )
        }
        Judgement::Reject { seen } => format!(
            "rejected {} {} ({component}) as {id}",
            seen.name, seen.manifest.tool.version
        ),
        Judgement::Revoke { name, decision, .. } => {
            format!("revoked {decision} about {name} as {id}")
        }
    }
}

/// The grant of the tool of an agent that runs this component.
async fn granted(
    agent: &str,
    installed: &Installed,
    config: &Config,
    data: &DataDir,
) -> Result<Grant, Failure> {
    let bins = host::agent_access(agent, config, data).await?;
    let component = installed.digest();
    let grants = bins.into_iter().filter_map(|access| match access {
        BinAccess::Granted(grant) => Some(grant),
        BinAccess::Withheld { .. } => None,
    });
    let mut grants: Vec<_> = grants
        .filter(|grant| grant.component() == component)
        .collect();
    match (grants.pop(), grants.is_empty()) {
        (Some(grant), true) => Ok(*grant),
        (Some(_), false) => Err(Failure::usage(format!(
            "agent {agent} has {component} under several names with grants of their own: approve \
             it without --agent"
        ))),
        (None, _) => Err(Failure::usage(format!(
            "agent {agent} has no tool of {component}: see `cofferdam tool inspect --agent {agent}`"
        ))),
    }
}
