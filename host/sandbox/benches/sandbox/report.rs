//! The table: what was measured, what it should be, and on which machine.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// One quotient of two medians of the same run.
#[derive(Clone, Copy)]
pub(crate) struct Ratio {
    pub(crate) value: f64,
    over: f64,
    under: f64,
}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 4]>,
}

impl Report {
    pub(crate) fn ratio(&mut self, what: &str, ratio: Ratio, target: &str, met: bool) {
        let shown = format!("{:.2} ({} ÷ {})", ratio.value, time(ratio.over), time(ratio.under));
        self.row(what, &shown, target, met);
    }

    pub(crate) fn row(&mut self, what: &str, measured: &str, target: &str, met: bool) {
        let met = if met { "yes" } else { "no" };
        self.rows.push([what.to_owned(), measured.to_owned(), target.to_owned(), met.to_owned()]);
    }

    /// Prints the table and writes BENCHMARKS.md.
    pub(crate) fn finish(self) {
        let mut text = format!(
            "# Benchmarks\n\nRelease build on {}. Ratios are quotients of medians of one run. `./just bench` measures and \
             writes this file.\n\n| measure | measured | target | met |\n|---|---|---|---|\n",
            machine()
        );
        for [what, measured, target, met] in &self.rows {
            let _ = writeln!(text, "| {what} | {measured} | {target} | {met} |");
        }
        println!("{text}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../BENCHMARKS.md");
        std::fs::write(path, text).expect("the checkout is writable");
    }
}

/// Where criterion writes what it measures.
pub(crate) fn measurements() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/criterion")
}

/// The quotient of the medians that criterion has just measured.
pub(crate) fn ratio(over: &str, under: &str) -> Ratio {
    let (over, under) = (median(over), median(under));
    Ratio { value: over / under, over, under }
}

/// Criterion's median in nanoseconds.
fn median(name: &str) -> f64 {
    let name = name.replacen('/', if name.starts_with("metering") { "/" } else { "_" }, 1);
    let path = measurements().join(name).join("new/estimates.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let estimates: serde_json::Value = serde_json::from_str(&text).expect("criterion writes JSON");
    estimates.pointer("/median/point_estimate").and_then(serde_json::Value::as_f64).expect("a median")
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns >= 1e6 => format!("{:.1} ms", ns / 1e6),
        ns => format!("{:.1} µs", ns / 1e3),
    }
}

/// Processor, cores and kernel, as Linux tells them.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor =
        processor.lines().find_map(|line| line.strip_prefix("model name\t: ")).unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.split('-').next().unwrap_or_default().trim().to_owned();
    format!("{processor}, {cores} cores, Linux {kernel}")
}
