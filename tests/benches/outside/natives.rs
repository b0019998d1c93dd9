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
}

const PAIRS: [Pair; 3] = [
    Pair {
        tool: "jq",
        native: "jq",
        args: &["map(.count) | add", "records.json"],
        work: "sums a field of 10 MB of JSON",
    },
    Pair {
        tool: "rg",
        native: "rg",
        args: &["--count", "w[0-9]*7 .*13$", "lines.txt"],
        work: "counts the lines of 10 MB that a pattern matches",
    },
    Pair {
        tool: "sort",
        native: "sort",
        args: &["lines.txt"],
        work: "sorts the lines of 10 MB",
    },
];

/// A call, as its receipt says.
struct Called {
    took: Duration,
    /// The part of this time in which the guest's own code ran.
    in_guest: Duration,
    /// Instructions of the guest.
    fuel: u64,
}

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
        called.sort_by_key(|call| call.took);
        let Called {
            took,
            in_guest,
            fuel,
        } = &called[called.len() / 2];
        let native = median(native);
        let ratio = took.as_secs_f64() / native.as_secs_f64();
        let share = 100.0 * in_guest.as_secs_f64() / took.as_secs_f64();
        let each = fuel / SIZE as u64;
        let Pair { tool, work, .. } = pair;
        report.row(
            &format!("`{tool}` {work}: its call ÷ the native program, and what limits it"),
            &format!(
                "{ratio:.1} ({} ÷ {}): {share:.0} % in the guest's code, {each} instructions a \
                 byte",
                time(*took),
                time(native)
            ),
            "≤ 3",
            ratio <= MOST,
        );
    }
}

fn ours(scratch: &Scratch, pair: &Pair) -> Called {
    let component = tool(pair.tool).display().to_string();
    let directory = scratch.path().join("work");
    let directory = format!("{}:/workspace:ro", directory.display());
    let mut line = vec!["tool", "run", &component, "--format", "json"];
    line.extend(["--dir", &directory, "--memory", "256MiB", "--wall", "2m"]);
    line.extend(["--fuel", "1000000000000", "--limit", "stdout=16MiB", "--"]);
    line.extend(pair.args);
    let ran = cofferdam(scratch, line).run().exits(0);
    let receipt: Value = serde_json::from_str(&ran.stdout).expect("it is JSON");
    let number = |key: &str| receipt[key].as_u64().expect("a number");
    Called {
        took: Duration::from_micros(number("wall_us")),
        in_guest: Duration::from_micros(number("cpu_us")),
        fuel: number("fuel"),
    }
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
