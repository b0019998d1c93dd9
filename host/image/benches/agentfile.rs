//! The speed at which an Agentfile is parsed. `./just bench` runs it and writes its section of
//! BENCHMARKS.md.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cofferdam_image::agentfile;
use cofferdam_report::{Report, time};
use mimalloc::MiMalloc;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const LINES: usize = 1_000;

/// Times that it is parsed, after some that are not measured.
const RUNS: usize = 500;
const WARM: usize = 50;

/// MB a second.
const SPEED: f64 = 50.0;

fn main() {
    let text = text();
    let parse = || {
        let began = Instant::now();
        let parsed = agentfile::parse(black_box(text.as_str()), "Agentfile");
        let took = began.elapsed();
        drop(black_box(parsed.expect("it is right")));
        took
    };
    for _ in 0..WARM {
        parse();
    }
    let mut times: Vec<Duration> = (0..RUNS).map(|_| parse()).collect();
    times.sort();
    let took = times[RUNS / 2];
    let speed = text.len() as f64 / took.as_secs_f64() / 1e6;
    let mut report = Report::new("Agentfiles");
    report.row(
        &format!("parse of an Agentfile of {LINES} lines"),
        &format!(
            "{speed:.0} MB/s ({} for {} KB)",
            time(took),
            text.len() / 1_000
        ),
        "≥ 50 MB/s",
        speed >= SPEED,
    );
    report.finish();
}

/// An Agentfile as an author writes a long one: tools with what they may, variables, settings,
/// comments, and documents.
fn text() -> String {
    let mut text = "# syntax=openotters/agentfile:1\nFROM scratch\nNAME otter\n\
        MODEL builtin/commands\nARG TEAM=blue\nCAPABILITY notes\n"
        .to_owned();
    let mut number = 0;
    // A block has sixteen lines.
    while text.lines().count() + 16 <= LINES {
        let _ = write!(
            text,
            "\n# Tools of room {number}: they count what they are given, and write nothing.\n\
             BIN counter-{number} ./tools/counter-{number}.wasm \"counts lines, words and bytes\"\n\
             CONFIG limit.counter-{number}.wall=7s\n\
             CONFIG limit.counter-{number}.memory=64MiB\n\
             ENV ROOM_{number}=${{TEAM}} \"the team that works in this room\"\n\
             LABEL room.{number}=\"where the otters of team ${{TEAM}} keep their stones\"\n\
             CONTEXT ROOM_{number} \"what everybody knows about it\" <<EOF\n\
             The room has two doors and a window. Otters come through the left one at dawn, and\n\
             leave what they have found on the table, and say how many stones there are.\n\
             \n\
             - Count what is on the table before you answer.\n\
             - Say which tool has counted, and what it printed.\n\
             - When a tool is refused something, say so in its own words.\n\
             EOF\n"
        );
        number += 1;
    }
    for line in text.lines().count()..LINES {
        let _ = writeln!(text, "# Line {line} says nothing.");
    }
    assert_eq!(text.lines().count(), LINES, "a file of that many lines");
    text
}
