//! What a call costs, as ratios inside one run. `./just bench` runs it and writes BENCHMARKS.md.

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
mod concurrent;
mod fixture;
mod report;

use std::sync::Arc;

use criterion::Criterion;

use crate::fixture::{Fixture, Tool};
use crate::report::Report;

fn main() {
    let fixture = Arc::new(Fixture::new());
    let mut criterion = Criterion::default().output_directory(&report::measurements()).configure_from_args();
    let mut report = Report::default();

    typed_call(&mut criterion, &fixture, &mut report);
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
    let input = "{\"text\":\"one two three\"}";
    criterion.bench_function("typed/sandbox", |bencher| {
        bencher.iter(|| fixture.typed(&tool, input));
    });
    let bare = bare::Bare::new(&fixture.bytes("target/tools/text-stats.wasm"));
    criterion.bench_function("typed/bare", |bencher| bencher.iter(|| bare.typed(input)));
    let ratio = report::ratio("typed/sandbox", "typed/bare");
    report.ratio("typed call through the whole sandbox ÷ bare wasmtime floor", ratio, "≤ 0.9", ratio.value <= 0.9);
}

fn small_command(criterion: &mut Criterion, fixture: &Fixture, report: &mut Report) {
    let tool = fixture.load("target/tools/wc.wasm");
    let file = fixture.small_file();
    criterion.bench_function("wc/sandbox", |bencher| bencher.iter(|| fixture.command(&tool, &["small.txt"])));
    criterion.bench_function("wc/native", |bencher| {
        bencher.iter(|| {
            let output = std::process::Command::new("wc").arg(&file).output().expect("wc runs");
            assert!(output.status.success());
        });
    });
    let ratio = report::ratio("wc/sandbox", "wc/native");
    report.ratio("`wc` on a small file ÷ spawning the native `wc`", ratio, "≤ 0.25", ratio.value <= 0.25);
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
        &format!("{median:.1?}"),
        "≤ 10 ms",
        fits,
    );
}

fn metering(criterion: &mut Criterion, fixture: &Fixture, report: &mut Report) {
    for (name, most) in [("sha256", 1.05), ("json", 1.28)] {
        let path = format!("target/wasm32-wasip2/workload/workload_{name}.wasm");
        let tool: Tool = fixture.load(&path);
        let bytes = fixture.bytes(&path);
        let mut group = criterion.benchmark_group(format!("metering-{name}"));
        group.sample_size(10);
        group.bench_function("as-shipped", |bencher| bencher.iter(|| fixture.command(&tool, &[])));
        let bare = bare::Bare::new(&bytes);
        group.bench_function("unmetered", |bencher| bencher.iter(|| bare.command()));
        group.finish();
        let ratio = report::ratio(&format!("metering-{name}/as-shipped"), &format!("metering-{name}/unmetered"));
        let what = format!("metering and deadline as shipped ÷ unmetered: {name}");
        report.ratio(&what, ratio, &format!("≤ {most}"), ratio.value <= most);
    }
}

/// What a loaded tool keeps in memory that is not its mapped code.
fn idle_memory(fixture: &Fixture, report: &mut Report) {
    const COPIES: u64 = 8;
    let before = fixture::private_memory();
    // The same component under different manifests is loaded anew each time.
    let held: Vec<_> = (0..COPIES).map(|copy| fixture.load_as("target/tools/ls.wasm", copy)).collect();
    let each = fixture::private_memory().saturating_sub(before) / COPIES;
    drop(held);
    let shown = format!("{} KiB", each >> 10);
    report.row("resident memory of an idle loaded tool beyond its mapped code", &shown, "≤ 1 MiB", each <= 1 << 20);
}
