//! `cofferdam review REF --since TIME`: what a tool may do, held against what its calls did.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cofferdam_agent::AgentError;
use cofferdam_capability::{CanAndDid, LimitUse, Manifest, NarrowError, RowUse};
use cofferdam_workbench::compare::ToolVersion;
use serde_json::json;

use super::format::ReviewFormat;
use super::markdown;
use super::trail::{Calls, Facts};
use super::version::{Loader, Subject};
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::past::past;
use crate::paths::DataDir;

/// The largest capabilities.toml that is read, in bytes: as much as a manifest may have.
const MAX_TEXT: u64 = 64 << 10;

/// A column of tables that says how much of a power was used.
const NEVER: &str = "never used";

/// The arguments about calls that were made.
#[derive(Debug, Args)]
pub(super) struct Used {
    /// Hold what it may do against what its calls did, by the audit trail: those since a duration
    /// such as 30d, or a time such as 2026-11-30T11:00:00Z
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<SystemTime>,

    /// Print a smaller capabilities.toml: without what those calls never used, and with limits of
    /// four times the most that was seen, but not below the least of each (fuel 100_000_000, wall
    /// 1s, memory 4MiB, host-memory 1MiB, stdout, stderr and written 4KiB) [default: all calls of
    /// the audit trail]
    #[arg(long)]
    narrow: bool,

    /// Take the calls of this agent's tools alone
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,

    /// A capabilities.toml to use instead of the manifest in the component; --narrow keeps its
    /// comments and its order
    #[arg(long, value_name = "FILE")]
    capabilities: Option<PathBuf>,
}

/// A review of what was used.
pub(super) struct Asked {
    pub(super) subject: String,
    pub(super) used: Used,
    pub(super) plain_http: bool,
    pub(super) format: ReviewFormat,
}

impl Used {
    /// Returns true if calls are asked about.
    ///
    /// # Errors
    ///
    /// If they are not, and an argument is there that is about them alone.
    pub(super) fn is_asked_for(&self) -> Result<bool, Failure> {
        let is_asked_for = self.since.is_some() || self.narrow;
        let is_about = self.agent.is_some() || self.capabilities.is_some();
        if is_about && !is_asked_for {
            return Err(Failure::usage(
                "--agent and --capabilities are about calls that were made: add --since, or \
                 --narrow",
            ));
        }
        Ok(is_asked_for)
    }
}

pub(super) async fn run(asked: Asked, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Asked {
        subject: written,
        used:
            Used {
                since,
                narrow,
                agent,
                capabilities,
            },
        plain_http,
        format,
    } = asked;
    let loader = Loader::new(config, data, plain_http)?;
    let version = loader.load(&written).await?;
    let Subject::Tool(own) = version.subject else {
        return Err(Failure::usage(format!(
            "{} is an agent: name one of its tools",
            version.origin
        )));
    };
    let ToolVersion { manifest, surface } = *own;
    let calls = Calls {
        component: surface.is_some().then_some(version.digest),
        manifest: manifest.digest().map_err(Failure::work)?,
        agent,
        since,
    };
    let supplied = capabilities
        .as_deref()
        .map(cofferdam_workbench::manifest)
        .transpose()?;
    // The author's own text, where there is one.
    let file = match (&capabilities, &surface) {
        (Some(file), _) => Some(file.clone()),
        (None, None) => Some(written.into()),
        (None, Some(_)) => None,
    };
    let text = file
        .map(|file| cofferdam_workbench::read(&file, MAX_TEXT))
        .transpose()?
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let manifest = supplied.unwrap_or(manifest);
    let facts = calls.read(data.path())?;
    if let Some(agent) = &calls.agent
        && !facts.has_agent
    {
        check_agent(agent, data).await?;
    }
    if facts.left_out > 0 {
        console::note(&left_out(facts.left_out));
    }
    let can_and_did = CanAndDid::new(&manifest, &facts.used, &config.ceiling)
        .map_err(|error| unknown(error, &version.origin))?;
    if facts.untold > 0 {
        console::note(&format!(
            "note: {} of {} calls do not say all directories and hosts that they used, so nothing \
             is concluded about these; a later --since may leave them out",
            facts.untold, facts.used.calls
        ));
    }
    let smaller = smaller(&manifest, &can_and_did, text.as_deref())?;
    match format {
        ReviewFormat::Json => as_json(&facts, &can_and_did, &smaller),
        _ if narrow => {
            console::note(&format!(
                "note: made from {}: limits may be too tight for calls that do more",
                in_words(&facts)
            ));
            console::content(smaller.trim_end());
            Ok(())
        }
        ReviewFormat::Text => {
            as_text(&facts, &can_and_did);
            Ok(())
        }
        ReviewFormat::Markdown => {
            as_markdown(&version.origin, &facts, &can_and_did);
            Ok(())
        }
    }
}

/// Refuses the name of an agent that is not on this machine. One that cannot be looked for is not
/// refused.
async fn check_agent(agent: &str, data: &DataDir) -> Result<(), Failure> {
    let Ok(agents) = cofferdam_agent::agents_on_disk(data.path()).await else {
        return Ok(());
    };
    if agents.contains_key(agent) {
        return Ok(());
    }
    let known: Vec<_> = agents.into_keys().collect();
    Err(Failure::usage(AgentError::Unknown {
        asked: agent.to_owned(),
        known: known.join(", "),
    }))
}

fn unknown(error: NarrowError, origin: &str) -> Failure {
    match error {
        NarrowError::NoCall => Failure::usage(format!("{origin}: {error}"))
            .hint("let it run for a while, or name an earlier --since"),
        NarrowError::Manifest(_) | NarrowError::Widened(_) => Failure::work(error),
    }
}

fn smaller(
    manifest: &Manifest,
    can_and_did: &CanAndDid,
    text: Option<&str>,
) -> Result<String, Failure> {
    let smaller = cofferdam_workbench::narrowed(manifest, &can_and_did.narrowed, text)?;
    Ok(smaller)
}

fn as_json(facts: &Facts, can_and_did: &CanAndDid, smaller: &str) -> Result<(), Failure> {
    console::json(&json!({
        "calls": facts.used.calls,
        "first": facts.first,
        "last": facts.last,
        "untold": facts.untold,
        "left_out": facts.left_out,
        "rows": can_and_did.rows,
        "limits": can_and_did.limits,
        "narrowed": can_and_did.narrowed,
        "toml": smaller,
    }))
}

/// The number of calls that never ran, in a sentence.
fn left_out(calls: u64) -> String {
    match calls {
        1 => "note: 1 call is left out, because it never ran".to_owned(),
        calls => format!("note: {calls} calls are left out, because they never ran"),
    }
}

/// The calls that the review goes by, in a sentence.
fn in_words(facts: &Facts) -> String {
    let time = |time: &Option<String>| time.clone().unwrap_or_default();
    let first = time(&facts.first);
    match facts.used.calls {
        1 => format!("1 call, {first}"),
        calls => format!(
            "{calls} calls, the first {first}, the last {}",
            time(&facts.last)
        ),
    }
}

fn rows(can_and_did: &CanAndDid) -> Vec<Vec<String>> {
    let row = |row: &RowUse| {
        let RowUse {
            category,
            subject,
            can,
            used,
            did,
        } = row;
        let did = match used {
            Some(false) => NEVER.to_owned(),
            _ => did.clone(),
        };
        vec![
            category.as_str().to_owned(),
            subject.clone(),
            can.clone(),
            did,
        ]
    };
    can_and_did.rows.iter().map(row).collect()
}

fn limits(can_and_did: &CanAndDid) -> Vec<Vec<String>> {
    let row = |limit: &LimitUse| {
        let LimitUse {
            name,
            limit,
            used,
            percent,
            lower,
        } = limit;
        vec![
            (*name).to_owned(),
            limit.clone(),
            used.clone(),
            format!("{percent} %"),
            lower.clone().unwrap_or_default(),
        ]
    };
    can_and_did.limits.iter().map(row).collect()
}

const ROWS: [&str; 4] = ["row", "what", "can", "did"];
const LIMITS: [&str; 5] = ["limit", "gets", "most used", "of it", "would do"];

fn as_text(facts: &Facts, can_and_did: &CanAndDid) {
    console::line(in_words(facts));
    console::line("");
    console::table(&ROWS, rows(can_and_did));
    console::line("");
    console::table(&LIMITS, limits(can_and_did));
    console::line("");
    console::line("`--narrow` prints the manifest without what was never used.");
}

fn as_markdown(origin: &str, facts: &Facts, can_and_did: &CanAndDid) {
    console::line(format!("### {}", markdown::cell(origin)));
    console::line("");
    console::line(in_words(facts));
    for table in [
        markdown::table(&ROWS, &rows(can_and_did)),
        markdown::table(&LIMITS, &limits(can_and_did)),
    ] {
        console::line("");
        table.lines().for_each(console::line);
    }
}
