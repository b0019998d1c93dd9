//! BENCHMARKS.md: what was measured, what it should be, and on which machine. Each benchmark writes
//! a section of its own and leaves the others' alone.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

const HEAD: &str = "# Benchmarks\n\nRatios are quotients of medians of one run. `./just bench` \
    measures and writes this \
                    file.\n";

/// The kind of build that is measured.
const BUILD: &str = if cfg!(debug_assertions) {
    "Development"
} else {
    "Release"
};

/// One section of BENCHMARKS.md.
#[derive(Debug)]
pub struct Report {
    section: &'static str,
    rows: Vec<[String; 4]>,
}

impl Report {
    /// An empty section of this name.
    #[must_use]
    pub fn new(section: &'static str) -> Self {
        Self {
            section,
            rows: Vec::new(),
        }
    }

    /// Adds a row with a target.
    pub fn row(&mut self, what: &str, measured: &str, target: &str, met: bool) {
        let met = if met { "yes" } else { "no" };
        self.rows.push([
            what.to_owned(),
            measured.to_owned(),
            target.to_owned(),
            met.to_owned(),
        ]);
    }

    /// Adds a row that nothing is demanded of.
    pub fn figure(&mut self, what: &str, measured: &str) {
        self.rows.push([
            what.to_owned(),
            measured.to_owned(),
            "none".to_owned(),
            String::new(),
        ]);
    }

    /// Prints the section.
    pub fn print(&self) {
        println!("{}", self.text());
    }

    fn text(&self) -> String {
        let mut text = format!(
            "## {}\n\n{BUILD} build on {}.\n\n| measure | measured | target | met \
                |\n|---|---|---|---|\n",
            self.section,
            machine()
        );
        for [what, measured, target, met] in &self.rows {
            let _ = writeln!(text, "| {what} | {measured} | {target} | {met} |");
        }
        text
    }

    /// Prints the section and puts it into BENCHMARKS.md.
    ///
    /// # Panics
    /// The checkout is not writable.
    pub fn finish(self) {
        self.print();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../BENCHMARKS.md");
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, with_section(&old, self.section, &self.text()))
            .expect("the checkout is writable");
    }
}

/// The file with `text` in the place of the section, or after the others.
fn with_section(old: &str, section: &str, text: &str) -> String {
    let mut sections: Vec<_> = old
        .split("\n## ")
        .skip(1)
        .map(|old| format!("## {}\n", old.trim_end()))
        .collect();
    match sections
        .iter_mut()
        .find(|old| old.lines().next() == Some(&format!("## {section}")))
    {
        Some(old) => text.clone_into(old),
        None => sections.push(text.to_owned()),
    }
    [HEAD.to_owned(), sections.join("\n")].join("\n")
}

/// A duration as the tables show it.
#[must_use]
pub fn time(time: Duration) -> String {
    match time.as_nanos() {
        ns if ns >= 1_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} µs", time.as_secs_f64() * 1e6),
    }
}

/// Processor, cores and kernel, as Linux tells them.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name\t: "))
        .unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel
        .split('-')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    format!("{processor}, {cores} cores, Linux {kernel}")
}
