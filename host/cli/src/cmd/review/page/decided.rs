//! The decisions about a tool on this host, as a section of a page, and what changed since the last
//! one that approved.

use std::time::SystemTime;

use cofferdam_capability::{Ceiling, Change, Diff, Digest, ForeignText};
use cofferdam_tool::{
    Judgement, ReviewRule, ReviewSurvey, Reviews, Seen, SeenParts, SignedDecision, Standing,
    TrustedKeys,
};
use cofferdam_workbench::review::{Fate, ToolPage};
use serde_json::{Value, json};

use super::document::{Block, Field, Section};
use crate::cmd::review::key::reviews;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

/// Characters of a digest that name it in a table.
const SHORT: usize = 12;

/// The decisions that count on this host, and what they say about the tool as it is.
pub(super) struct Decided {
    rule: ReviewRule,
    ceiling: Ceiling,
    trusted: TrustedKeys,
    reviews: Reviews,
    now: Seen,
    standing: Standing,
    /// The reason why the decisions cannot be read; then none of them is here.
    problem: Option<String>,
}

impl Decided {
    /// Reads the decisions about a tool. The page is there too where they cannot be read.
    pub(super) fn of(page: &ToolPage, config: &Config, data: &DataDir) -> Result<Self, Failure> {
        let directory = reviews(data)?;
        let mut problems = Vec::new();
        let trusted = directory.trusted().unwrap_or_else(|error| {
            problems.push(error.to_string());
            TrustedKeys::default()
        });
        let survey = directory.survey().unwrap_or_else(|error| {
            problems.push(error.to_string());
            ReviewSurvey::default()
        });
        let damaged = survey.damaged.iter();
        problems.extend(damaged.map(|damaged| damaged.problem.to_string()));
        let kept = survey.decisions;
        let counting = kept
            .iter()
            .filter_map(|kept| trusted.verify(&kept.envelope).ok());
        let reviews = Reviews::of(counting.collect(), SystemTime::now());
        let imports: Vec<_> = page
            .imports
            .iter()
            .filter(|line| line.fate != Fate::Denied)
            .map(|line| line.interface.clone())
            .collect();
        let now = Seen::read(SeenParts {
            component: page.component,
            manifest: &page.rows,
            imports: &imports,
            words: page.words,
            addresses: &config.ceiling.network.addresses,
        });
        let standing = reviews.standing(&now, config.review, SystemTime::now());
        Ok(Self {
            rule: config.review,
            ceiling: config.ceiling.clone(),
            trusted,
            reviews,
            now,
            standing,
            problem: (!problems.is_empty()).then(|| problems.join("; ")),
        })
    }

    /// The section of the page.
    pub(super) fn section(&self) -> Section {
        let asked_for = match self.rule {
            ReviewRule::None => "not by `[host] require-review`; policies may ask for one \
                                 (`resource.reviewed`), and are not read here"
                .to_owned(),
            ReviewRule::Required if self.now.name.is_empty() => {
                "yes: of this very component, which has no name".to_owned()
            }
            ReviewRule::Required => format!(
                "yes: of this component, or of an earlier one named `{}` that was allowed at least \
                 as much",
                self.now.name
            ),
            ReviewRule::ByDigest => "yes: of this very component".to_owned(),
        };
        let standing = match &self.problem {
            Some(problem) => format!("the decisions cannot be read: {problem}"),
            None => format!("it {}", self.standing),
        };
        let mut blocks = vec![Block::Fields(vec![
            Field::new("on this host", standing),
            Field::new("needs an approval", asked_for),
        ])];
        let rows: Vec<_> = self.about().map(|decided| self.row(decided)).collect();
        if !rows.is_empty() {
            let header = ["decision", "made", "verdict", "component", "by", "reason"];
            blocks.push(Block::table(&header, rows));
        }
        if let Some(before) = self.before() {
            let mut sentences = vec![format!(
                "Since {}, which was approved last:",
                before.component
            )];
            let changes = self.changes(before);
            if changes.is_empty() {
                sentences.push("nothing that it asks for, imports or says has changed".to_owned());
            }
            sentences.extend(changes);
            blocks.push(Block::Sentences(sentences));
        }
        Section::new("decisions", blocks)
    }

    /// The same for machines.
    pub(super) fn json(&self) -> Value {
        let decision = |decided: &SignedDecision| {
            let by = self.reviewer(decided);
            json!({ "id": decided.id, "by": by, "decision": decided.stated })
        };
        let changed = self.before().map(|before| {
            let diff = self.compared(before);
            json!({ "since": before.component, "changes": diff.changes(),
                "differences": self.changes(before) })
        });
        json!({
            "approved": self.standing.is_approved(),
            "standing": self.standing.to_string(),
            "problem": self.problem,
            "decisions": self.about().map(decision).collect::<Vec<_>>(),
            "changed": changed,
        })
    }

    /// The decisions about tools of this name, the newest first.
    fn about(&self) -> impl Iterator<Item = &SignedDecision> {
        self.reviews.about(&self.now.name).iter().rev()
    }

    /// The component that was approved last and is another one.
    fn before(&self) -> Option<&Seen> {
        self.about()
            .find_map(|decided| match &decided.stated.judgement {
                Judgement::Approve { seen, .. } if seen.component != self.now.component => {
                    Some(&**seen)
                }
                _ => None,
            })
    }

    /// Differences between an approved component and this one, a sentence each.
    fn changes(&self, before: &Seen) -> Vec<String> {
        let now = &self.now;
        let diff = self.compared(before);
        let mut changes: Vec<_> = diff.changes().iter().map(words).collect();
        let missing = |from: &[String], of: &[String]| -> Vec<String> {
            let missing = of.iter().filter(|import| !from.contains(import));
            missing.cloned().collect()
        };
        let new = missing(&before.imports, &now.imports);
        let gone = missing(&now.imports, &before.imports);
        changes.extend(
            new.into_iter()
                .map(|name| format!("widened: it imports {name}")),
        );
        changes.extend(
            gone.into_iter()
                .map(|name| format!("narrowed: no import of {name}")),
        );
        if before.words != now.words {
            changes.push("widened: its names, descriptions or schemas differ".to_owned());
        }
        if before.engine != now.engine {
            changes.push(format!(
                "the engine of this host is {}; it was {}",
                now.engine, before.engine
            ));
        }
        changes
    }

    /// The manifests of an approved component and this one, as `review diff` compares them: more
    /// than the default of a limit is not given without the operator.
    fn compared(&self, before: &Seen) -> Diff {
        Diff::new(&before.manifest, &self.now.manifest, &self.ceiling)
    }

    fn row(&self, decided: &SignedDecision) -> Vec<String> {
        let stated = &decided.stated;
        vec![
            short(decided.id),
            humantime::format_rfc3339_seconds(stated.made).to_string(),
            stated.judgement.verdict().to_owned(),
            short(stated.judgement.component()),
            self.reviewer(decided),
            ForeignText::line(&stated.reason).to_string(),
        ]
    }

    fn reviewer(&self, decided: &SignedDecision) -> String {
        let key = self.trusted.of(decided.key);
        key.map_or_else(|| decided.key.to_string(), |key| key.name.clone())
    }
}

fn words(change: &Change) -> String {
    let Change {
        bin: _,
        category,
        kind,
        subject,
        old,
        new,
        example,
    } = change;
    let kind = kind.as_str();
    let category = category.as_str();
    let mut words = format!("{kind}: {category} {subject}");
    match (old, new) {
        (Some(old), Some(new)) => words += &format!(", {old} before, {new} now"),
        (Some(old), None) => words += &format!(", {old} before"),
        (None, Some(new)) => words += &format!(", {new} now"),
        (None, None) => {}
    }
    if let Some(example) = example {
        words += &format!(" (such as {example})");
    }
    ForeignText::line(&words).to_string()
}

fn short(digest: Digest) -> String {
    digest.hex().chars().take(SHORT).collect()
}
