//! `cofferdam selftest`: the hostile corpus, run by the binary that is installed, on the machine
//! where it is.

use std::time::Duration;

use clap::Args;
use cofferdam_selftest::{Corpus, Row, SwapProof, Verdict};
use serde_json::json;

use crate::console::{self, Format};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Only the guests whose name begins so
    #[arg(value_name = "GUEST")]
    pub(crate) guests: Vec<String>,

    /// List the rows, and run none
    #[arg(long)]
    pub(crate) list: bool,

    /// Format of the output
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
    if selftest.list {
        return list(&rows, selftest.format);
    }
    let binary = std::env::current_exe().map_err(|error| {
        Failure::work(format!(
            "this program cannot find itself to be tested: {error}"
        ))
    })?;
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

/// Runs the rows, and shows each as it finishes.
fn judge(
    binary: &std::path::Path,
    rows: &[&'static Row],
    format: Format,
) -> Result<Vec<Verdict>, Failure> {
    let progress = console::Progress::of_rows(rows.len());
    progress.tell("compiling the guests and starting a host with them");
    let corpus = progress.patiently(
        "compiling the guests and starting a host with them: this takes minutes the first time",
        || Corpus::start(binary, rows).map_err(Failure::work),
    )?;
    let columns = Columns::of(rows);
    let mut verdicts = Vec::new();
    if format == Format::Table {
        progress.line(&columns.line(HEADER.map(str::to_uppercase)));
    }
    for row in rows {
        progress.tell(&format!("{} {}", row.guest.name, row.variant()));
        let verdict = corpus.run(row);
        if format == Format::Table {
            progress.line(&columns.line(cells(&verdict)));
        }
        verdicts.push(verdict);
        progress.step();
    }
    Ok(verdicts)
}

/// The columns of the table. Its rows are shown one by one, so their widths are known before.
struct Columns([usize; HEADER.len()]);

/// The names of the columns.
const HEADER: [&str; 9] = [
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

impl Columns {
    fn of(rows: &[&'static Row]) -> Self {
        let widest = |of: fn(&Row) -> usize| rows.iter().map(|row| of(row)).max();
        let outcome = widest(|row| row.outcome.chars().count()).unwrap_or_default();
        let mut widths = HEADER.map(str::len);
        let known = [
            widest(|row| row.guest.name.chars().count()).unwrap_or_default(),
            widest(|row| row.variant().chars().count()).unwrap_or_default(),
            outcome,
            outcome,
            "999.99ms".len(),
            "9999 MiB".len(),
        ];
        for (width, known) in widths.iter_mut().zip(known) {
            *width = known.max(*width);
        }
        Self(widths)
    }

    fn line(&self, cells: [String; HEADER.len()]) -> String {
        let padded = cells
            .iter()
            .zip(self.0)
            .map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
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

fn cells(verdict: &Verdict) -> [String; HEADER.len()] {
    let measured = &verdict.measured;
    [
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
