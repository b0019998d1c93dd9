//! `cofferdam review ls`, `export` and `rm`: the decisions on this host.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cofferdam_capability::{Envelope, ForeignText};
use cofferdam_tool::{
    DecisionList, DecisionSummary, KeptDecision, ListedDecision, Removal, ReviewDirectory,
    ReviewDirectoryError, find_decision, read_decision,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::args::Listing;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::paths::DataDir;

use super::key::reviews;
use super::running;

/// `cofferdam review ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Name of a tool [default: decisions about all of them]
    #[arg(value_name = "TOOL")]
    tool: Option<String>,

    /// List the tools of this agent instead, as the running host sees them: which are reviewed, and
    /// why calls of the others are refused
    #[arg(long, value_name = "NAME", conflicts_with = "tool")]
    agent: Option<String>,

    #[command(flatten)]
    listing: Listing,
}

/// `cofferdam review export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Decisions: their ids, or the beginnings of them [default: all of them]
    #[arg(value_name = "ID")]
    decisions: Vec<String>,

    /// File to write, one decision a line [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// `cofferdam review rm`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Decisions: their ids, or the beginnings of them
    #[arg(value_name = "ID", required = true)]
    decisions: Vec<String>,

    #[command(flatten)]
    listing: Listing,
}

/// The copies of the decision with this id, or whose id alone begins so.
pub(super) fn find(written: &str, data: &DataDir) -> Result<Vec<KeptDecision>, Failure> {
    find_decision(&reviews(data)?, written).map_err(unfound)
}

/// The failure of a search for a decision.
fn unfound(error: ReviewDirectoryError) -> Failure {
    match error {
        ReviewDirectoryError::Unknown(_) => {
            Failure::usage(error).hint("`cofferdam review ls` lists them")
        }
        ReviewDirectoryError::Short { .. } | ReviewDirectoryError::Ambiguous(_) => {
            Failure::usage(error)
        }
        other => Failure::work(other),
    }
}

impl Ls {
    pub(super) async fn run(self, data: &DataDir) -> Result<(), Failure> {
        let Self {
            tool,
            agent,
            listing,
        } = self;
        if let Some(agent) = agent {
            return running::list(agent, listing.format, data.path()).await;
        }
        let reviews = reviews(data)?;
        let DecisionList { decisions, damaged } = listed(&reviews)?;
        for damaged in &damaged {
            console::note(&format!(
                "note: {}: `cofferdam review rm {}` removes it; until then no tool is called that \
                 has a component",
                damaged.problem, damaged.file
            ));
        }
        let mut shown = decisions;
        shown.retain(|shown| tool.as_deref().is_none_or(|tool| shown.tool() == tool));
        if listing.format == Format::Json {
            let json = |shown: &ListedDecision| -> Result<Value, Failure> {
                let kept = reviews.get(shown.file).map_err(Failure::work)?;
                Ok(as_json(shown, kept.map(|kept| kept.envelope).as_ref()))
            };
            let json = shown.iter().map(json).collect::<Result<Vec<_>, _>>()?;
            return console::json(&json);
        }
        if shown.is_empty() {
            let about = tool.map(|tool| format!(" about a tool named `{tool}` in its manifest"));
            let about = about.unwrap_or_default();
            console::note(&format!(
                "no decision{about} is here: `cofferdam review approve` makes one"
            ));
            return Ok(());
        }
        table(&shown);
        Ok(())
    }
}

impl Export {
    pub(super) fn run(self, data: &DataDir) -> Result<(), Failure> {
        let Self { decisions, out } = self;
        let chosen = if decisions.is_empty() {
            let survey = reviews(data)?.survey().map_err(Failure::work)?;
            survey.decisions
        } else {
            let found = decisions.iter().map(|written| find(written, data));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            found.into_iter().flatten().collect()
        };
        let mut lines = Vec::new();
        for kept in &chosen {
            lines.extend(kept.envelope.to_json());
            lines.push(b'\n');
        }
        let Some(path) = out else {
            console::bytes(&lines);
            return Ok(());
        };
        let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => std::path::Path::new("."),
        };
        let mut file = NamedTempFile::new_in(directory).map_err(wrong)?;
        file.write_all(&lines).map_err(wrong)?;
        file.persist(&path).map_err(|error| wrong(error.error))?;
        console::note(&format!(
            "{} decisions are in {}",
            chosen.len(),
            path.display()
        ));
        Ok(())
    }
}

impl Remove {
    pub(super) fn run(self, data: &DataDir) -> Result<(), Failure> {
        let reviews = reviews(data)?;
        let removals = self.decisions.iter();
        let removals = removals.map(|written| Removal::find(&reviews, written).map_err(unfound));
        for removal in removals.collect::<Result<Vec<_>, _>>()? {
            removal.run(&reviews).map_err(Failure::work)?;
            let name = removal.name();
            match self.listing.format {
                Format::Json => console::json(&json!({ "id": name }))?,
                Format::Table => console::line(ForeignText::line(&name)),
            }
        }
        Ok(())
    }
}

/// Keeps decisions that come from elsewhere, and says which of them count here.
pub(super) fn take(envelopes: &[Envelope], format: Format, data: &DataDir) -> Result<(), Failure> {
    let reviews = reviews(data)?;
    let imported = reviews.import(envelopes).map_err(Failure::work)?;
    let file = |envelope: &Envelope| KeptDecision::of(envelope.clone()).file;
    let wanted: BTreeSet<_> = envelopes.iter().map(file).collect();
    let mut shown = listed(&reviews)?.decisions;
    shown.retain(|shown| shown.signer.is_some() && wanted.contains(&shown.file));
    let refused = envelopes.iter().zip(imported);
    let refused = refused.filter_map(|(envelope, taken)| {
        let error = taken.err()?;
        Some(ListedDecision::not_taken(envelope, error))
    });
    shown.extend(refused);
    if format == Format::Json {
        let envelope = |shown: &ListedDecision| {
            let mut envelopes = envelopes.iter();
            envelopes.find(|envelope| file(envelope) == shown.file)
        };
        let json = shown.iter().map(|one| as_json(one, envelope(one)));
        return console::json(&json.collect::<Vec<_>>());
    }
    table(&shown);
    let idle = shown.iter().filter(|shown| shown.signer.is_none()).count();
    if idle > 0 {
        console::note(&format!(
            "note: {idle} of {} were not taken, because nobody who is trusted here has made them: \
             `cofferdam review key trust` first, then import them again",
            shown.len()
        ));
    }
    Ok(())
}

/// All decisions of a host in the order of their time, with what became of each.
fn listed(reviews: &ReviewDirectory) -> Result<DecisionList, Failure> {
    DecisionList::of(reviews, SystemTime::now()).map_err(Failure::work)
}

fn table(shown: &[ListedDecision]) {
    console::table(
        &[
            "id",
            "made",
            "verdict",
            "tool",
            "component",
            "by",
            "counts",
            "reason",
        ],
        shown.iter().map(row).collect(),
    );
}

fn row(shown: &ListedDecision) -> Vec<String> {
    let text = |text: &str| ForeignText::line(text).to_string();
    let by = match &shown.signer {
        Some(signer) => signer.name.as_str(),
        None => "nobody who is trusted here",
    };
    let Some(summary) = &shown.summary else {
        let counts = format!("no: {}", shown.state);
        return vec![shown.id.to_string(), by.to_owned(), text(&counts)];
    };
    let counts = if shown.state.counts() {
        kind_of_yes(summary)
    } else {
        format!("no: {}", shown.state)
    };
    vec![
        short(&shown.id.hex()),
        humantime::format_rfc3339_seconds(summary.made).to_string(),
        summary.verdict.to_owned(),
        text(&summary.tool),
        short(&summary.component.hex()),
        text(by),
        text(&counts),
        text(&summary.reason),
    ]
}

/// The kind of a decision that counts.
fn kind_of_yes(summary: &DecisionSummary) -> String {
    if let Some(decision) = summary.revokes {
        return format!("yes, against {}", short(&decision.hex()));
    }
    let mut words = "yes".to_owned();
    if summary.is_for_one_grant {
        words += ", for one grant";
    }
    if let Some(expires) = summary.expires {
        let until = humantime::format_rfc3339_seconds(expires);
        words += &format!(", until {until}");
    }
    words
}

fn as_json(shown: &ListedDecision, envelope: Option<&Envelope>) -> Value {
    let stated = envelope.and_then(|envelope| read_decision(envelope.unverified()).ok());
    let problem = (!shown.state.counts()).then(|| shown.state.to_string());
    json!({
        "id": shown.id,
        "counts": shown.state.counts(),
        "state": shown.state.as_str(),
        "by": shown.signer.as_ref().map(|signer| signer.name.as_str()),
        "key": shown.signer.as_ref().map(|signer| signer.key),
        "problem": problem,
        "decision": stated,
    })
}

/// The beginning of a digest: enough to find it by.
fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}
