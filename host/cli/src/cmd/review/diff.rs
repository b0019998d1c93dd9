//! `cofferdam review diff`: what a newer version may do that an older one may not.

use clap::Args;
use cofferdam_capability::{Category, Change, ChangeKind};
use cofferdam_workbench::compare;
use serde_json::json;

use super::format::ReviewFormat;
use super::markdown;
use super::version::{Loader, Subject, Version};
use crate::args::Registries;
use crate::config::Config;
use crate::console::{self, Style};
use crate::error::Failure;
use crate::paths::DataDir;

/// Characters of a version of a text that are shown in a table, from a little before the first
/// difference on. JSON has it whole.
const SHOWN: usize = 160;

/// Characters before the first difference.
const BEFORE: usize = 24;

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The older version: a component's file, an image of a tool or an agent (its name on this
    /// machine, a registry's, its digest), or a capabilities.toml
    #[arg(value_name = "OLD")]
    old: String,

    /// The newer version, of the same kind
    #[arg(value_name = "NEW")]
    new: String,

    #[command(flatten)]
    reach: Registries,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

pub(super) async fn run(diff: Diff, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Diff {
        old,
        new,
        reach,
        format,
    } = diff;
    let loader = Loader::new(config, data, reach.plain_http)?;
    let old = loader.load(&old).await?;
    let new = loader.load(&new).await?;
    let changes = match (&old.subject, &new.subject) {
        (Subject::Tool(old), Subject::Tool(new)) => compare::tools(old, new, &config.ceiling),
        (Subject::Agent(old), Subject::Agent(new)) => compare::agents(old, new, &config.ceiling),
        (Subject::Agent(_), Subject::Tool(_)) => return Err(unlike(&old, &new)),
        (Subject::Tool(_), Subject::Agent(_)) => return Err(unlike(&new, &old)),
    };
    match format {
        ReviewFormat::Json => as_json(&old, &new, &changes)?,
        ReviewFormat::Text => as_text(&changes),
        ReviewFormat::Markdown => as_markdown(&old, &new, &changes),
    }
    let widened = count(&changes, ChangeKind::Widened);
    if widened == 0 {
        return Ok(());
    }
    let mut of_widened = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Widened);
    let verdict = if of_widened.all(is_text) {
        "needs reading again, because a model reads other words than those of"
    } else {
        "is wider than"
    };
    // The comparison has done its work: this is its result, and no error.
    console::note(&format!(
        "{} {verdict} {}: {}",
        new.origin,
        old.origin,
        differences(widened)
    ));
    Err(Failure::denied(""))
}

/// Returns true if a model reads something else, and no call is allowed that was not before.
fn is_text(change: &Change) -> bool {
    matches!(
        change.category,
        Category::Description | Category::Schema | Category::Context
    )
}

fn unlike(agent: &Version, tool: &Version) -> Failure {
    Failure::usage(format!(
        "{} is an agent and {} is a tool: compare two agents, or two tools",
        agent.origin, tool.origin
    ))
}

fn count(changes: &[Change], kind: ChangeKind) -> usize {
    changes.iter().filter(|change| change.kind == kind).count()
}

fn differences(count: usize) -> String {
    match count {
        1 => "1 difference".to_owned(),
        count => format!("{count} differences"),
    }
}

/// The numbers of each kind, on one line.
fn counts(changes: &[Change]) -> String {
    let counts = [
        ChangeKind::Widened,
        ChangeKind::Narrowed,
        ChangeKind::Changed,
    ]
    .map(|kind| format!("{} {}", count(changes, kind), kind.as_str()));
    counts.join(", ")
}

fn as_json(old: &Version, new: &Version, changes: &[Change]) -> Result<(), Failure> {
    let version = |version: &Version| json!({ "name": version.origin, "digest": version.digest });
    console::json(&json!({
        "old": version(old),
        "new": version(new),
        "widened": count(changes, ChangeKind::Widened),
        "narrowed": count(changes, ChangeKind::Narrowed),
        "changed": count(changes, ChangeKind::Changed),
        "changes": changes,
    }))
}

fn as_text(changes: &[Change]) {
    if changes.is_empty() {
        console::line("no difference");
        return;
    }
    for change in changes {
        let kind = change.kind.as_str();
        let style = match change.kind {
            ChangeKind::Widened => Style::Complaint,
            ChangeKind::Narrowed => Style::Added,
            ChangeKind::Changed => Style::Dim,
        };
        console::spans(&[
            (style, kind),
            (Style::Plain, " "),
            (Style::Plain, &subject(change)),
        ]);
        let shown = Shown::of(change);
        if let Some(old) = shown.old {
            text_lines(Style::Removed, "  - ", &old);
        }
        if let Some(new) = shown.new {
            text_lines(Style::Added, "  + ", &new);
        }
        if let Some(example) = &change.example {
            console::spans(&[(Style::Dim, "  such as "), (Style::Plain, example)]);
        }
    }
    console::line("");
    console::line(counts(changes));
}

/// A version of a text, each line of it with the sign of its version before it.
fn text_lines(style: Style, sign: &str, text: &str) {
    for line in text.trim_end_matches('\n').split('\n') {
        console::spans(&[(style, sign), (Style::Plain, line)]);
    }
}

fn as_markdown(old: &Version, new: &Version, changes: &[Change]) {
    let name = |version: &Version| markdown::cell(&version.origin);
    let digest = |version: &Version| markdown::cell(&version.digest.to_string());
    console::line(format!("### {} → {}", name(old), name(new)));
    console::line("");
    console::line(format!("{} → {}", digest(old), digest(new)));
    console::line("");
    if changes.is_empty() {
        console::line("No difference.");
        return;
    }
    console::line(format!("**{}**", counts(changes)));
    console::line("");
    let row = |change: &Change| {
        let shown = Shown::of(change);
        let example = change.example.as_ref();
        let new = shown.new.unwrap_or_default();
        vec![
            change.kind.as_str().to_owned(),
            subject(change),
            shown.old.unwrap_or_default(),
            new,
            example.cloned().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    let table = markdown::table(&["", "what", "old", "new", "such as"], &rows);
    for line in table.lines() {
        console::line(line);
    }
}

/// The part that differs and its name, with the BIN that it is of.
fn subject(change: &Change) -> String {
    let Change {
        bin,
        category,
        subject,
        ..
    } = change;
    let of_bin = bin
        .as_ref()
        .map_or_else(String::new, |bin| format!("BIN {bin}: "));
    let category = category.as_str();
    if category == subject {
        return format!("{of_bin}{subject}");
    }
    format!("{of_bin}{category} {subject}")
}

/// Both versions of a text, cut to the part where they differ.
struct Shown {
    old: Option<String>,
    new: Option<String>,
}

impl Shown {
    fn of(change: &Change) -> Self {
        let Change { old, new, .. } = change;
        let pairs = old.iter().flat_map(|old| old.chars());
        let others = new.iter().flat_map(|new| new.chars());
        let common = pairs.zip(others).take_while(|(old, new)| old == new);
        let begin = common.count().saturating_sub(BEFORE);
        let cut = |text: &String| cut(text, begin);
        Self {
            old: old.as_ref().map(cut),
            new: new.as_ref().map(cut),
        }
    }
}

/// A part of a text of more than [`SHOWN`] characters, from this one on.
fn cut(text: &str, begin: usize) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let part: String = text.chars().skip(begin).take(SHOWN).collect();
    let before = if begin > 0 { "…" } else { "" };
    let after = if text.chars().count() > begin + SHOWN {
        "…"
    } else {
        ""
    };
    format!("{before}{part}{after}")
}
