//! `cofferdam review ls`, `export` and `rm`: the decisions on this host.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cofferdam_capability::{Digest, Envelope, ForeignText};
use cofferdam_tool::{
    DamagedDecision, Judgement, KeptDecision, ReviewSurvey, Stated, TrustedKeys, read_decision,
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::args::Listing;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::paths::DataDir;

use super::key::reviews;

/// The fewest characters of an id that name a decision.
const MIN_PREFIX: usize = 4;

/// `cofferdam review ls`.
#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// Name of a tool [default: decisions about all of them]
    #[arg(value_name = "TOOL")]
    tool: Option<String>,

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

/// A decision as it is shown.
struct Shown {
    kept: KeptDecision,
    stated: Option<Stated>,
    /// The key that has signed it, if it is trusted for the tool.
    key: Option<Digest>,
    /// The name of the reviewer, or the reason why nobody's decision it is.
    by: Result<String, String>,
    /// True, or the reason why the decision does not count, or no longer.
    counts: Result<(), String>,
}

/// The decision with this id, or whose id alone begins so.
pub(super) fn find(written: &str, data: &DataDir) -> Result<KeptDecision, Failure> {
    let wanted = written.strip_prefix("sha256:").unwrap_or(written);
    if wanted.len() < MIN_PREFIX {
        return Err(Failure::usage(format!(
            "{written:?} is too short for an id: write at least {MIN_PREFIX} characters of it"
        )));
    }
    let survey = reviews(data)?.survey().map_err(Failure::work)?;
    let mut found: Vec<_> = survey
        .decisions
        .into_iter()
        .filter(|kept| kept.id.hex().starts_with(wanted))
        .collect();
    found.dedup_by_key(|kept| kept.id);
    match (found.pop(), found.is_empty()) {
        (Some(kept), true) => Ok(kept),
        (Some(_), false) => Err(Failure::usage(format!(
            "{written:?} begins more than one id: write more of it"
        ))),
        (None, _) => Err(Failure::usage(format!("there is no decision {written:?}"))
            .hint("`cofferdam review ls` lists them")),
    }
}

impl Ls {
    pub(super) fn run(self, data: &DataDir) -> Result<(), Failure> {
        let Self { tool, listing } = self;
        let reviews = reviews(data)?;
        let trusted = reviews.trusted().map_err(Failure::work)?;
        let survey = reviews.survey().map_err(Failure::work)?;
        for damaged in &survey.damaged {
            console::note(&format!(
                "note: {}: `cofferdam review rm {}` removes it; until then no tool is called that \
                 has a component",
                damaged.problem, damaged.file
            ));
        }
        let mut shown = all(survey.decisions, &trusted);
        shown.retain(|shown| tool.as_deref().is_none_or(|tool| shown.tool() == tool));
        if listing.format == Format::Json {
            return console::json(&shown.iter().map(Shown::json).collect::<Vec<_>>());
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
            found.collect::<Result<_, _>>()?
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
        let ReviewSurvey {
            decisions: all,
            damaged,
        } = reviews.survey().map_err(Failure::work)?;
        let mut found = Vec::new();
        for written in &self.decisions {
            let begins = |one: &&DamagedDecision| {
                written.len() >= MIN_PREFIX && one.file.starts_with(written.as_str())
            };
            match damaged.iter().find(begins) {
                Some(damaged) => {
                    reviews.discard(damaged).map_err(Failure::work)?;
                    console::line(ForeignText::line(&damaged.file));
                }
                None => found.push(find(written, data)?),
            }
        }
        for kept in &found {
            // Several reviewers may have signed the same words.
            let same = all.iter().filter(|other| other.id == kept.id);
            for other in same {
                reviews.forget(other).map_err(Failure::work)?;
            }
            match self.listing.format {
                Format::Json => console::json(&json!({ "id": kept.id }))?,
                Format::Table => console::line(kept.id.to_string()),
            }
        }
        Ok(())
    }
}

/// Keeps decisions that come from elsewhere, and says which of them count here.
pub(super) fn take(envelopes: &[Envelope], format: Format, data: &DataDir) -> Result<(), Failure> {
    let reviews = reviews(data)?;
    let trusted = reviews.trusted().map_err(Failure::work)?;
    // Only those that count: anybody can write decisions, and there is room for so many.
    let known = envelopes.iter();
    let known = known.filter(|envelope| trusted.verify(envelope).is_ok());
    let known: Vec<_> = known.cloned().collect();
    reviews.keep(&known).map_err(Failure::work)?;
    let wanted: BTreeSet<_> = envelopes
        .iter()
        .map(|envelope| KeptDecision::of(envelope.clone()).file)
        .collect();
    let survey = reviews.survey().map_err(Failure::work)?;
    let mut shown = all(survey.decisions, &trusted);
    shown.retain(|shown| wanted.contains(&shown.kept.file));
    let others = envelopes.iter();
    let others = others.filter(|envelope| trusted.verify(envelope).is_err());
    shown.extend(others.map(|envelope| Shown::of(KeptDecision::of(envelope.clone()), &trusted)));
    if format == Format::Json {
        return console::json(&shown.iter().map(Shown::json).collect::<Vec<_>>());
    }
    table(&shown);
    let idle = shown.iter().filter(|shown| shown.by.is_err()).count();
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
fn all(decisions: Vec<KeptDecision>, trusted: &TrustedKeys) -> Vec<Shown> {
    let mut shown: Vec<_> = decisions
        .into_iter()
        .map(|kept| Shown::of(kept, trusted))
        .collect();
    shown.sort_by_key(|shown| shown.stated.as_ref().map(|stated| stated.made));
    let overruled: Vec<_> = shown
        .iter()
        .map(|one| one.overruled(&shown, SystemTime::now()))
        .collect();
    for (one, overruled) in shown.iter_mut().zip(overruled) {
        if let (Ok(()), Some(overruled)) = (&one.counts, overruled) {
            one.counts = Err(overruled);
        }
    }
    shown
}

fn table(shown: &[Shown]) {
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
        shown.iter().map(Shown::row).collect(),
    );
}

impl Shown {
    fn of(kept: KeptDecision, trusted: &TrustedKeys) -> Self {
        let verified = trusted.verify(&kept.envelope);
        let by = verified.as_ref().map(|decided| decided.by.clone());
        let by = by.map_err(ToString::to_string);
        let counts = by.as_ref().map(|_| ()).map_err(Clone::clone);
        let key = verified.as_ref().ok().map(|decided| decided.key);
        let stated = match verified {
            Ok(decided) => Some(decided.stated),
            Err(_) => read_decision(kept.envelope.unverified()).ok(),
        };
        Self {
            kept,
            stated,
            key,
            by,
            counts,
        }
    }

    /// The reason why a decision of a trusted reviewer no longer counts.
    fn overruled(&self, others: &[Self], now: SystemTime) -> Option<String> {
        let own = self.stated.as_ref()?;
        if matches!(own.judgement, Judgement::Revoke { .. }) {
            return None;
        }
        // In order of their time, so that the last word is the one that is found.
        let same_key = others
            .iter()
            .rev()
            .filter(|other| self.key.is_some() && other.key == self.key);
        for other in same_key {
            let said = other.stated.as_ref()?;
            match &said.judgement {
                Judgement::Revoke { decision, .. } if *decision == self.kept.id => {
                    return Some(format!("revoked by {}", short(&other.kept.id.hex())));
                }
                Judgement::Approve { .. } | Judgement::Reject { .. }
                    if said.judgement.component() == own.judgement.component()
                        && said.made > own.made =>
                {
                    return Some(format!("replaced by {}", short(&other.kept.id.hex())));
                }
                _ => {}
            }
        }
        match &own.judgement {
            Judgement::Approve {
                expires: Some(expires),
                ..
            } if *expires <= now => Some(format!(
                "ended {}",
                humantime::format_rfc3339_seconds(*expires)
            )),
            _ => None,
        }
    }

    fn tool(&self) -> &str {
        let judgement = self.stated.as_ref().map(|stated| &stated.judgement);
        judgement.map_or("", Judgement::name)
    }

    fn row(&self) -> Vec<String> {
        let text = |text: &str| ForeignText::line(text).to_string();
        let by = match &self.by {
            Ok(name) => name.as_str(),
            Err(_) => "nobody who is trusted here",
        };
        let counts = match &self.counts {
            Ok(()) => self.kind_of_yes(),
            Err(problem) => format!("no: {problem}"),
        };
        let Some(Stated {
            judgement,
            reason,
            made,
        }) = &self.stated
        else {
            return vec![self.kept.id.to_string(), by.to_owned(), counts];
        };
        vec![
            short(&self.kept.id.hex()),
            humantime::format_rfc3339_seconds(*made).to_string(),
            judgement.verdict().to_owned(),
            text(judgement.name()),
            short(&judgement.component().hex()),
            text(by),
            text(&counts),
            text(reason),
        ]
    }

    /// The kind of a decision that counts.
    fn kind_of_yes(&self) -> String {
        let judgement = self.stated.as_ref().map(|stated| &stated.judgement);
        match judgement {
            Some(Judgement::Revoke { decision, .. }) => {
                format!("yes, against {}", short(&decision.hex()))
            }
            Some(Judgement::Approve { seen, expires }) => {
                let mut words = "yes".to_owned();
                if !seen.is_of_all_that_is_asked() {
                    words += ", for one grant";
                }
                if let Some(expires) = expires {
                    let until = humantime::format_rfc3339_seconds(*expires);
                    words += &format!(", until {until}");
                }
                words
            }
            _ => "yes".to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.kept.id,
            "counts": self.counts.is_ok(),
            "by": self.by.as_ref().ok(),
            "problem": self.counts.as_ref().err(),
            "decision": self.stated,
        })
    }
}

/// The beginning of a digest: enough to find it by.
fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}
