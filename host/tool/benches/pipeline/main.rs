//! The cost of everything around a call: policy, record, decisions of reviewers. `./just bench`
//! runs it and writes its section of BENCHMARKS.md.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

mod calls;
mod decisions;
mod fixture;
mod policies;
mod trail;

use std::time::Duration;

use cofferdam_report::Report;
use mimalloc::MiMalloc;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let mut report = Report::new("The pipeline");
    calls::measure(&mut report);
    policies::measure(&mut report);
    decisions::measure(&mut report);
    report.finish();
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
