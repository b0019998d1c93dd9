//! What the built binary costs, seen from outside. `./just bench` runs it and writes its section of
//! BENCHMARKS.md.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

mod authoring;
mod client;
mod crowd;
mod first_text;
mod held;
mod history;
mod idle;
mod images;
mod in_process;
mod mcp;
mod natives;
mod record;
mod review;
mod schema;
/// The tests' own: the binary, a registry, directories.
#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need the rest")]
mod support;
mod turns;

use std::time::Duration;

use cofferdam_report::Report;

/// A module of this benchmark, which adds its rows.
type Measure = fn(&mut Report);

/// All of them, by the names that an argument may pick.
const MEASURES: [(&str, Measure); 13] = [
    ("turns", turns::measure),
    ("first_text", first_text::measure),
    ("crowd", crowd::measure),
    ("history", history::measure),
    ("mcp", mcp::measure),
    ("schema", schema::measure),
    ("held", held::measure),
    ("idle", idle::measure),
    ("record", record::measure),
    ("review", review::measure),
    ("images", images::measure),
    ("authoring", authoring::measure),
    ("natives", natives::measure),
];

/// Runs those that an argument names, and prints their rows; without one, all of them, and writes
/// the section. A development build measures little and writes nothing.
fn main() {
    let mut report = Report::new("The binary, from outside");
    let mut picked: Vec<_> = std::env::args().skip(1).collect();
    // Cargo's own.
    picked.retain(|argument| argument != "--bench");
    for (name, measure) in MEASURES {
        if picked.is_empty() || picked.iter().any(|one| one == name) {
            eprintln!("measuring: {name}");
            measure(&mut report);
        }
    }
    if picked.is_empty() && !cfg!(debug_assertions) {
        report.finish();
    } else {
        report.print();
    }
}

/// So many measurements in a release build; a development build only shows that they can be made.
const fn count(measurements: usize) -> usize {
    if cfg!(debug_assertions) {
        measurements.div_ceil(20)
    } else {
        measurements
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
