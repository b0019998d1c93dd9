//! The cost of the record: calls that are on the disk before they are answered, and the same calls
//! without a record.

use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::median;
use crate::support::{Scratch, cofferdam, tool};

/// Calls of one run, as many at once as an agent has by default: far more than 1,000 a second.
const CALLS: u32 = 4_000;
const AT_ONCE: &str = "16";

/// Calls of the run that shows what a process takes to start.
const FEW: u32 = 16;

/// Runs of each.
const ROUNDS: usize = 7;

/// The most that recorded calls may take, as a part of those that are not.
const MOST: f64 = 1.3;

/// The rate at which the record must cost no more than that, in calls a second.
const RATE: f64 = 1_000.0;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let few = |flags: &[&str]| run(&scratch, FEW, flags);
    let many = |flags: &[&str]| run(&scratch, CALLS, flags);
    // Compiles the tool, and makes the trail.
    few(&[]);
    // One after the other and again, so that what else the machine does falls on both.
    let times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let off = &["--unrecorded"];
            let recorded = many(&[]).saturating_sub(few(&[]));
            let unrecorded = many(off).saturating_sub(few(off));
            (recorded, unrecorded)
        })
        .collect();
    let (on, off): (Vec<_>, Vec<_>) = times.into_iter().unzip();
    let on = median(on) / (CALLS - FEW);
    let off = median(off) / (CALLS - FEW);
    let ratio = on.as_secs_f64() / off.as_secs_f64();
    let rate = 1.0 / on.as_secs_f64();
    report.row(
        "record on (durable, grouped) ÷ off, 16 calls of `echo` at once",
        &format!(
            "{ratio:.2} ({} ÷ {} for each call, {rate:.0}/s)",
            time(on),
            time(off)
        ),
        "≤ 1.3 at 1,000/s or more",
        ratio <= MOST && rate >= RATE,
    );
}

/// The time that a process of so many calls takes.
fn run(scratch: &Scratch, calls: u32, flags: &[&str]) -> Duration {
    let component = tool("echo").display().to_string();
    let calls = calls.to_string();
    let mut line = vec!["tool", "run", &component, "--repeat", &calls];
    line.extend(["--concurrent", AT_ONCE]);
    line.extend(flags);
    line.extend(["--", "x"]);
    let started = Instant::now();
    cofferdam(scratch, line).run().exits(0);
    started.elapsed()
}
