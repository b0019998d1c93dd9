//! `cofferdam selftest --advisories`: published advisories of the engine, and their place in this
//! build.

use std::path::PathBuf;

use cofferdam_selftest::{ADVISORIES, Advisory, READ, Row, Standing, Verdict, Version, rows};
use serde_json::{Value, json};

use super::judging::{failures, judge, tell_failures, verdict_of};
use crate::console::{self, Format};
use crate::error::Failure;

/// A row that tries an advisory, and how it ended where it was run.
#[derive(Clone, Copy)]
struct Tried<'a> {
    row: &'static Row,
    verdict: Option<&'a Verdict>,
}

impl Tried<'_> {
    /// Nothing where it was not run.
    fn passed(self) -> Option<bool> {
        self.verdict.map(|verdict| verdict.problem.is_none())
    }
}

/// The rows that try any advisory, in the order of the table.
fn trials() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| ADVISORIES.iter().any(|advisory| advisory.names(row)))
}

/// The rows that try this advisory, with the verdicts of [`trials`], or none.
fn tried<'a>(advisory: &Advisory, verdicts: &'a [Verdict]) -> Vec<Tried<'a>> {
    let all = trials().enumerate();
    let own = all.filter(|(_, row)| advisory.names(row));
    own.map(|(place, row)| Tried {
        row,
        verdict: verdicts.get(place),
    })
    .collect()
}

/// Runs the rows that try an advisory, unless they are to be listed alone, and says of each
/// advisory what holds in this build.
pub(super) async fn run(
    list: bool,
    format: Format,
    binary: impl FnOnce() -> Result<PathBuf, Failure>,
) -> Result<(), Failure> {
    let verdicts = if list {
        Vec::new()
    } else {
        let binary = binary()?;
        // Starts processes and waits for them.
        let judging = tokio::task::spawn_blocking(move || {
            judge(&binary, &trials().collect::<Vec<_>>(), format)
        });
        judging.await.map_err(Failure::work)??
    };
    print(&verdicts, format)?;
    verdict_of(&verdicts)?;
    let engine = Version::built();
    let outdated = ADVISORIES
        .iter()
        .filter(|advisory| advisory.standing(engine) == Standing::Update);
    match outdated.map(|advisory| advisory.fixed).max() {
        Some(fixed) => Err(Failure::work(format!(
            "this build has wasmtime {engine}, and an advisory asks for {fixed}: update the host"
        ))),
        None => Ok(()),
    }
}

fn print(verdicts: &[Verdict], format: Format) -> Result<(), Failure> {
    let engine = Version::built();
    if format == Format::Json {
        let advisories: Vec<_> = ADVISORIES
            .iter()
            .map(|advisory| as_json(advisory, &tried(advisory, verdicts)))
            .collect();
        return console::json(&json!({
            "engine": engine.to_string(),
            "read": READ,
            "advisories": advisories,
            "rows": verdicts.len(),
            "passed": verdicts.len() - failures(verdicts).len(),
            "verdicts": verdicts,
        }));
    }
    tell_failures(&failures(verdicts));
    if !verdicts.is_empty() {
        console::line("");
    }
    let cells = |advisory: &Advisory| {
        vec![
            advisory.id.to_owned(),
            advisory.published.to_owned(),
            advisory.about.to_owned(),
            here(advisory, &tried(advisory, verdicts)),
        ]
    };
    let header = ["advisory", "published", "about", "here"];
    console::table(&header, ADVISORIES.iter().map(cells).collect());
    console::line("");
    console::line(format!(
        "wasmtime {engine}, advisories published until {READ}"
    ));
    Ok(())
}

fn as_json(advisory: &Advisory, tried: &[Tried<'_>]) -> Value {
    let absent: Vec<_> = advisory.absent.iter().map(ToString::to_string).collect();
    let rows: Vec<_> = tried
        .iter()
        .map(|tried| {
            let row = tried.row;
            json!({ "guest": row.guest.name, "variant": row.variant(), "passed": tried.passed() })
        })
        .collect();
    json!({
        "id": advisory.id,
        "published": advisory.published,
        "fixed": advisory.fixed.to_string(),
        "about": advisory.about,
        "standing": advisory.standing(Version::built()),
        "absent": absent,
        "rows": rows,
        "here": here(advisory, tried),
    })
}

/// The sentence about this build.
fn here(advisory: &Advisory, tried: &[Tried<'_>]) -> String {
    let engine = Version::built();
    let fixed = advisory.fixed;
    let failed = tried.iter().any(|tried| tried.passed() == Some(false));
    if failed {
        let rows = in_words(tried);
        return if engine < fixed {
            format!("update to {fixed}: {rows}")
        } else {
            format!("not held: {rows}")
        };
    }
    match advisory.standing(engine) {
        Standing::NotInBuild => {
            let absent: Vec<_> = advisory.absent.iter().map(ToString::to_string).collect();
            let absent = absent.join(", ");
            match &*in_words(tried) {
                "" => format!("not in this build: {absent}"),
                rows => format!("not in this build: {absent}; {rows}"),
            }
        }
        Standing::Held if tried.iter().all(|tried| tried.passed().is_none()) => {
            format!("tried by {}", in_words(tried))
        }
        Standing::Held => format!("held: {}", in_words(tried)),
        Standing::Fixed => format!("fixed in {fixed} (this build has {engine})"),
        Standing::Update => format!("update to {fixed}"),
    }
}

/// The guests of these rows, each with the number of its rows where it has several, and how they
/// ended.
fn in_words(tried: &[Tried<'_>]) -> String {
    let mut guests: Vec<&str> = tried.iter().map(|tried| tried.row.guest.name).collect();
    guests.dedup();
    let words = guests.into_iter().map(|guest| {
        let own = || tried.iter().filter(|tried| tried.row.guest.name == guest);
        let failed = own().filter(|tried| tried.passed() == Some(false)).count();
        let run = own().all(|tried| tried.verdict.is_some());
        match own().count() {
            1 if failed > 0 => format!("{guest} (FAIL)"),
            1 if run => format!("{guest} (pass)"),
            1 => guest.to_owned(),
            count if failed > 0 => format!("{guest} ({failed} of {count} rows FAIL)"),
            count if run => format!("{guest} ({count} rows pass)"),
            count => format!("{guest} ({count} rows)"),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
