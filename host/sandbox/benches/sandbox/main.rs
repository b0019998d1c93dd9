//! The cost of a call, as ratios inside one run. `./just bench` runs it and writes BENCHMARKS.md.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

mod bare;
mod breakdown;
mod concurrent;
mod fixture;
mod quotient;

use std::sync::Arc;

use cofferdam_report::{Report, time};
use criterion::Criterion;
use mimalloc::MiMalloc;

use crate::fixture::Fixture;
use crate::quotient::Quotient;

/// As in the binary, for both sides of every ratio.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let fixture = Arc::new(Fixture::new());
    let mut criterion = Criterion::default()
        .output_directory(&quotient::measurements())
        .configure_from_args();
    let mut report = Report::new("The sandbox");

    typed_call(&mut criterion, &fixture, &mut report);
    breakdown::measure(&fixture, &mut report);
    small_command(&mut criterion, &fixture, &mut report);
    first_call(&fixture, &mut report);
    metering(&mut criterion, &fixture, &mut report);
    concurrent::measure(&fixture, &mut report);
    idle_memory(&fixture, &mut report);
    criterion.final_summary();
    report.finish();
}

fn typed_call(criterion: &mut Criterion, fixture: &Fixture, report: &mut Report) {
    let tool = fixture.load("target/tools/text-stats.wasm");
    let whole = fixture.without_scan();
    let reset_whole = whole.load("target/tools/text-stats.wasm");
    let bare = bare::Bare::new(&fixture.bytes("target/tools/text-stats.wasm"));
    let input = "{\"text\":\"one two three\"}";
    let what = "typed call through the whole sandbox ÷ bare wasmtime floor";
    let quotient = Quotient {
        what,
        group: "typed",
        most: 0.55,
    };
    quotient.measure(
        criterion,
        report,
        || fixture.typed(&tool, input),
        || bare.typed(input),
    );
    let what = "the same on a machine that can swap (no `pagemap_scan`)";
    let quotient = Quotient {
        what,
        group: "typed-whole",
        most: 1.0,
    };
    quotient.measure(
        criterion,
        report,
        || whole.typed(&reset_whole, input),
        || bare.typed(input),
    );
}

fn small_command(criterion: &mut Criterion, fixture: &Fixture, report: &mut Report) {
    let tool = fixture.load("target/tools/wc.wasm");
    let file = fixture.small_file();
    let native = || {
        let output = std::process::Command::new("wc")
            .arg(&file)
            .output()
            .expect("wc runs");
        assert!(output.status.success());
    };
    let what = "`wc` on a small file ÷ spawning the native `wc`";
    let quotient = Quotient {
        what,
        group: "wc",
        most: 0.25,
    };
    quotient.measure(
        criterion,
        report,
        || fixture.command(&tool, &["small.txt"]),
        native,
    );
}

/// A host that starts with the component in its cache: load and first call against a warm one.
fn first_call(fixture: &Fixture, report: &mut Report) {
    const RUNS: usize = 15;
    // Compiled and cached before the first measurement.
    drop(fixture.load("target/tools/ls.wasm"));
    let mut over = Vec::new();
    for _ in 0..RUNS {
        let fresh = fixture.another_host();
        let began = std::time::Instant::now();
        let tool = fresh.load("target/tools/ls.wasm");
        fresh.command(&tool, &[]);
        let first = began.elapsed();
        fresh.command(&tool, &[]);
        let began = std::time::Instant::now();
        fresh.command(&tool, &[]);
        over.push(first.saturating_sub(began.elapsed()));
    }
    over.sort();
    let median = over.get(RUNS / 2).copied().unwrap_or_default();
    let fits = median.as_millis() < 10;
    report.row(
        "first call of a cached 2.7 MB component, over the warm call",
        &time(median),
        "≤ 10 ms",
        fits,
    );
}

fn metering(criterion: &mut Criterion, fixture: &Fixture, report: &mut Report) {
    for (name, most) in [("sha256", 1.05), ("json", 1.28)] {
        let path = format!("target/wasm32-wasip2/workload/workload_{name}.wasm");
        let tool = fixture.load(&path);
        let bare = bare::Bare::new(&fixture.bytes(&path));
        let what = format!("metering and deadline as shipped ÷ unmetered: {name}");
        let quotient = Quotient {
            what: &what,
            group: name,
            most,
        };
        quotient.measure(
            criterion,
            report,
            || fixture.command(&tool, &[]),
            || bare.command(),
        );
    }
}

/// The memory of a loaded tool beside its mapped code.
fn idle_memory(fixture: &Fixture, report: &mut Report) {
    const COPIES: u64 = 8;
    let before = fixture::private_memory();
    // The same component under different manifests is loaded anew each time.
    let held: Vec<_> = (0..COPIES)
        .map(|copy| fixture.load_as("target/tools/ls.wasm", copy))
        .collect();
    let each = fixture::private_memory().saturating_sub(before) / COPIES;
    drop(held);
    let shown = format!("{} KiB", each >> 10);
    report.row(
        "resident memory of an idle loaded tool beyond its mapped code",
        &shown,
        "≤ 1 MiB",
        each <= 1 << 20,
    );
}
