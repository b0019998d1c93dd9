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
mod held;
mod idle;
mod images;
mod mcp;
mod record;
mod review;
mod schema;
/// The tests' own: the binary, a registry, directories.
#[path = "../../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests need the rest")]
mod support;

use std::time::Duration;

use cofferdam_report::Report;

fn main() {
    let mut report = Report::new("The binary, from outside");
    mcp::measure(&mut report);
    schema::measure(&mut report);
    held::measure(&mut report);
    idle::measure(&mut report);
    record::measure(&mut report);
    review::measure(&mut report);
    images::measure(&mut report);
    authoring::measure(&mut report);
    report.finish();
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
