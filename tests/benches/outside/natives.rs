//! Tools on files of ten megabytes, beside the native programs on the same files.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use serde_json::Value;

use crate::support::{Scratch, cofferdam, tool};
use crate::{count, median};

/// Bytes of each file.
const SIZE: usize = 10_000_000;

/// Measured runs of each, one of ours and one of theirs in turn.
const RUNS: usize = 15;

/// The most that a call may take, in runs of the native program.
const MOST: f64 = 3.0;

/// A tool and the program that it stands for, with the arguments of both.
struct Pair {
    tool: &'static str,
    native: &'static str,
    args: &'static [&'static str],
    /// In words, for the table.
    work: &'static str,
    /// The reason why it is not faster.
    limit: &'static str,
}

const PAIRS: [Pair; 3] = [
    Pair {
        tool: "jq",
        native: "jq",
        args: &["map(.count) | add", "records.json"],
        work: "sums a field of 10 MB of JSON",
        limit: "",
    },
    Pair {
        tool: "rg",
        native: "rg",
        args: &["--count", "w[0-9]*7 .*13$", "lines.txt"],
        work: "counts the lines of 10 MB that a pattern matches",
        limit: "",
    },
    Pair {
        tool: "sort",
        native: "sort",
        args: &["lines.txt"],
        work: "sorts the lines of 10 MB",
        limit: "",
    },
];

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let directory = scratch.directory("work");
    scratch.file("work/lines.txt", lines());
    scratch.file("work/records.json", records());
    for pair in &PAIRS {
        // Compiles it.
        ours(&scratch, pair);
        let mut called = Vec::new();
        let mut native = Vec::new();
        for _ in 0..count(RUNS) {
            called.push(ours(&scratch, pair));
            native.push(theirs(&directory, pair));
        }
        let called = median(called);
        let native = median(native);
        let ratio = called.as_secs_f64() / native.as_secs_f64();
        let Pair {
            tool, work, limit, ..
        } = pair;
        report.row(
            &format!("`{tool}` {work}: its call ÷ the native program; {limit}"),
            &format!("{ratio:.1} ({} ÷ {})", time(called), time(native)),
            "≤ 3",
            ratio <= MOST,
        );
    }
}

/// The time of a call, as its receipt says.
fn ours(scratch: &Scratch, pair: &Pair) -> Duration {
    let component = tool(pair.tool).display().to_string();
    let directory = scratch.path().join("work");
    let directory = format!("{}:/workspace:ro", directory.display());
    let mut line = vec!["tool", "run", &component, "--format", "json"];
    line.extend(["--dir", &directory, "--memory", "256MiB", "--wall", "2m"]);
    line.extend(["--fuel", "1000000000000", "--limit", "stdout=16MiB", "--"]);
    line.extend(pair.args);
    let ran = cofferdam(scratch, line).run().exits(0);
    let receipt: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    Duration::from_micros(receipt["wall_us"].as_u64().expect("a number"))
}

/// The time of the native program, process and all.
fn theirs(directory: &Path, pair: &Pair) -> Duration {
    let mut command = Command::new(pair.native);
    command.args(pair.args).current_dir(directory);
    command.env("LC_ALL", "C").stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output().expect("`./just programs` installs it");
    let took = began.elapsed();
    assert!(output.status.success(), "{}", pair.native);
    took
}

/// Numbers that look like chance, the same every time.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % 100_000
    })
}

/// Lines of a few words.
fn lines() -> String {
    let mut text = String::with_capacity(SIZE + 100);
    let mut numbers = numbers();
    while text.len() < SIZE {
        for number in numbers.by_ref().take(6) {
            let _ = write!(text, "w{number} ");
        }
        text.pop();
        text.push('\n');
    }
    text
}

/// A list of records.
fn records() -> String {
    let mut text = String::with_capacity(SIZE + 200);
    text.push('[');
    let mut numbers = numbers();
    while text.len() < SIZE {
        let count = numbers.next().unwrap_or_default();
        let _ = writeln!(
            text,
            "{{\"id\":{},\"name\":\"record {count}\",\"count\":{count},\"tags\":[\"a\",\"b\"],\
                \"place\":{{\"x\":{count}.5,\"y\":-{count}}}}},",
            text.len()
        );
    }
    text.truncate(text.trim_end_matches([',', '\n']).len());
    text.push(']');
    text
}
