//! `cofferdam selftest`: the hostile corpus, run by the binary that is installed, on the machine
//! where it is.

mod advisories;
mod judging;

use std::path::PathBuf;

use clap::Args;
use cofferdam_selftest::{Row, SwapProof, Verdict};
use serde_json::json;

use crate::console::{self, Format};
use crate::error::Failure;
use judging::{failures, judge, tell_failures, verdict_of};

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Only the guests whose name begins so
    #[arg(value_name = "GUEST")]
    pub(crate) guests: Vec<String>,

    /// List the rows, and run none
    #[arg(long)]
    pub(crate) list: bool,

    /// Tell of each published advisory of the engine if its fault is in this build, and run the
    /// guests that try it
    #[arg(long, conflicts_with = "guests")]
    pub(crate) advisories: bool,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

pub(crate) async fn run(selftest: Selftest) -> Result<(), Failure> {
    if selftest.advisories {
        return advisories::run(selftest.list, selftest.format, binary).await;
    }
    let rows: Vec<&'static Row> = cofferdam_selftest::rows()
        .filter(|row| is_chosen(row, &selftest.guests))
        .collect();
    if rows.is_empty() {
        let wanted = selftest.guests.join(", ");
        return Err(Failure::usage(format!(
            "no guest's name begins with {wanted}: `cofferdam selftest` runs them all"
        )));
    }
    if selftest.list {
        return list(&rows, selftest.format);
    }
    let binary = binary()?;
    // Starts processes and waits for them.
    let whole = selftest.guests.is_empty();
    let format = selftest.format;
    let judging = tokio::task::spawn_blocking(move || -> Result<_, Failure> {
        let verdicts = judge(&binary, &rows, format)?;
        let swap = whole
            .then(|| SwapProof::run(&binary, ""))
            .transpose()
            .map_err(Failure::work)?;
        Ok((verdicts, swap))
    });
    let (verdicts, swap) = judging.await.map_err(Failure::work)??;
    print(&verdicts, swap.as_ref(), format)?;
    if let Some(SwapProof::Fails(words)) = swap {
        return Err(Failure::work(format!(
            "a call found memory of an earlier one in swap: {words}"
        )));
    }
    verdict_of(&verdicts)
}

/// This program, which the rows are run against.
fn binary() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| {
        Failure::work(format!(
            "this program cannot find itself to be tested: {error}"
        ))
    })
}

fn is_chosen(row: &Row, guests: &[String]) -> bool {
    guests.is_empty()
        || guests
            .iter()
            .any(|name| row.guest.name.starts_with(name.as_str()))
}

/// The rows, without running any.
fn list(rows: &[&'static Row], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let row = |row: &&Row| {
            json!({ "guest": row.guest.name, "variant": row.variant(), "expected": row.outcome,
                "tries": row.guest.about })
        };
        return console::json(&rows.iter().map(row).collect::<Vec<_>>());
    }
    let row = |row: &&Row| {
        vec![
            row.guest.name.to_owned(),
            row.variant(),
            row.outcome.to_owned(),
            row.guest.about.to_owned(),
        ]
    };
    let header = ["guest", "given", "must end as", "tries"];
    console::table(&header, rows.iter().map(row).collect());
    Ok(())
}

fn print(verdicts: &[Verdict], swap: Option<&SwapProof>, format: Format) -> Result<(), Failure> {
    let failed = failures(verdicts);
    if format == Format::Json {
        let rows = verdicts.len();
        let passed = verdicts.len() - failed.len();
        return console::json(
            &json!({ "rows": rows, "passed": passed, "swap": swap, "verdicts": verdicts }),
        );
    }
    tell_failures(&failed);
    console::line("");
    match swap {
        Some(SwapProof::NotRun(reason)) => {
            console::line(format!("not run: memory in swap ({reason})"))
        }
        Some(SwapProof::Holds(kib)) => console::line(format!(
            "memory in swap: 0 bytes found, {kib} KiB were there"
        )),
        Some(SwapProof::Fails(_)) => console::line("memory in swap: FAIL"),
        None => {}
    }
    console::line(format!(
        "{} of {} passed",
        verdicts.len() - failed.len(),
        verdicts.len()
    ));
    Ok(())
}
