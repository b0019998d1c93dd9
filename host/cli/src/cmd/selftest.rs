//! `cofferdam selftest`: the hostile corpus, run by the binary that is installed, on the machine
//! where it is.

use std::time::Duration;

use clap::Args;
use cofferdam_selftest::{Corpus, Row, SwapProof, Verdict};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::console::{self, Format};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Only the guests whose name begins so
    #[arg(value_name = "GUEST")]
    pub(crate) guests: Vec<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

pub(crate) async fn run(selftest: Selftest) -> Result<(), Failure> {
    let rows: Vec<&'static Row> = cofferdam_selftest::rows()
        .filter(|row| is_chosen(row, &selftest.guests))
        .collect();
    if rows.is_empty() {
        let wanted = selftest.guests.join(", ");
        return Err(Failure::usage(format!(
            "no guest's name begins with {wanted}: `cofferdam selftest` runs them all"
        )));
    }
    let binary = std::env::current_exe().map_err(|error| {
        Failure::work(format!(
            "this program cannot find itself to be tested: {error}"
        ))
    })?;
    // Starts processes and waits for them.
    let whole = selftest.guests.is_empty();
    let (verdicts, swap) = tokio::task::spawn_blocking(move || -> Result<_, Failure> {
        let verdicts = judge(&binary, &rows)?;
        let swap = whole
            .then(|| SwapProof::run(&binary, ""))
            .transpose()
            .map_err(Failure::work)?;
        Ok((verdicts, swap))
    })
    .await
    .map_err(Failure::work)??;
    print(&verdicts, swap.as_ref(), selftest.format)?;
    if let Some(SwapProof::Fails(words)) = swap {
        return Err(Failure::work(format!(
            "a call found memory of an earlier one in swap: {words}"
        )));
    }
    match verdicts
        .iter()
        .filter(|verdict| verdict.problem.is_some())
        .count()
    {
        0 => Ok(()),
        failed => Err(Failure::work(format!(
            "{failed} of {} rows failed",
            verdicts.len()
        ))),
    }
}

fn is_chosen(row: &Row, guests: &[String]) -> bool {
    guests.is_empty()
        || guests
            .iter()
            .any(|name| row.guest.name.starts_with(name.as_str()))
}

fn judge(binary: &std::path::Path, rows: &[&'static Row]) -> Result<Vec<Verdict>, Failure> {
    // Drawn on a terminal alone.
    let progress = ProgressBar::new(rows.len().try_into().unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{pos} of {len} {bar:30} {msg}") {
        progress.set_style(style);
    }
    progress.set_message("starting a host with every guest");
    let corpus = Corpus::start(binary, rows).map_err(Failure::work)?;
    let mut verdicts = Vec::new();
    for row in rows {
        progress.set_message(format!("{} {}", row.guest.name, row.variant()));
        verdicts.push(corpus.run(row));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(verdicts)
}

fn print(verdicts: &[Verdict], swap: Option<&SwapProof>, format: Format) -> Result<(), Failure> {
    let failed: Vec<_> = verdicts
        .iter()
        .filter(|verdict| verdict.problem.is_some())
        .collect();
    if format == Format::Json {
        let rows = verdicts.len();
        let passed = verdicts.len() - failed.len();
        return console::json(
            &json!({ "rows": rows, "passed": passed, "swap": swap, "verdicts": verdicts }),
        );
    }
    let header = [
        "guest",
        "given",
        "must end as",
        "ended as",
        "wall",
        "memory",
        "files",
        "left",
        "",
    ];
    console::table(&header, verdicts.iter().map(line).collect());
    for verdict in &failed {
        let Verdict {
            guest,
            variant,
            tries,
            problem,
            ..
        } = verdict;
        console::line("");
        console::line(format!("{guest} {variant}: {tries}."));
        problem
            .iter()
            .flat_map(|problem| problem.lines())
            .for_each(|line| console::line(format!("  {line}")));
    }
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

fn line(verdict: &Verdict) -> Vec<String> {
    let measured = &verdict.measured;
    vec![
        verdict.guest.to_owned(),
        verdict.variant.clone(),
        verdict.expected.to_owned(),
        verdict.ended.clone(),
        format!("{:.2?}", Duration::from_micros(measured.wall_us)),
        format!("{} MiB", measured.peak_kib >> 10),
        measured.descriptors.to_string(),
        measured.left.to_string(),
        if verdict.problem.is_none() {
            "pass".to_owned()
        } else {
            "FAIL".to_owned()
        },
    ]
}
