//! Runs rows of the corpus, and shows each as it finishes.

use std::path::Path;
use std::time::Duration;

use cofferdam_selftest::{Corpus, Row, Verdict};

use crate::console::{self, Format};
use crate::error::Failure;

/// Runs the rows, and shows each as it finishes.
pub(super) fn judge(
    binary: &Path,
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

/// The rows that failed.
pub(super) fn failures(verdicts: &[Verdict]) -> Vec<&Verdict> {
    let failed = verdicts.iter().filter(|verdict| verdict.problem.is_some());
    failed.collect()
}

/// Shows what is wrong with each row that failed.
pub(super) fn tell_failures(failed: &[&Verdict]) {
    for verdict in failed {
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
}

/// The end of the command, as the rows ended.
pub(super) fn verdict_of(verdicts: &[Verdict]) -> Result<(), Failure> {
    match failures(verdicts).len() {
        0 => Ok(()),
        failed => Err(Failure::work(format!(
            "{failed} of {} rows failed",
            verdicts.len()
        ))),
    }
}
