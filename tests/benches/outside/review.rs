//! The time that a reviewer waits: a page about an agent of many tools, and a comparison of two.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::median;
use crate::support::{Scratch, binary, cofferdam, tool};

/// The tools of the agent that is reviewed.
const REVIEWED: [&str; 40] = [
    "awk",
    "base64",
    "basename",
    "cat",
    "cmp",
    "comm",
    "cp",
    "curl",
    "cut",
    "date",
    "diff",
    "du",
    "env",
    "expand",
    "expr",
    "fd",
    "find",
    "fold",
    "grep",
    "gzip",
    "head",
    "jq",
    "js",
    "ls",
    "mv",
    "nl",
    "od",
    "paste",
    "patch",
    "python",
    "rg",
    "rm",
    "sed",
    "sha256sum",
    "sort",
    "tar",
    "text-stats",
    "tr",
    "uniq",
    "wc",
];

/// The tools of the agents that are compared, and those that the newer one has instead of others.
const COMPARED: usize = 100;
const CHANGED: usize = 10;

/// Measured runs, after one that fills the caches.
const RUNS: usize = 15;

const REVIEW: Duration = Duration::from_millis(300);
const DIFF: Duration = Duration::from_millis(50);

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let tools = REVIEWED.map(|name| Bin {
        name: name.to_owned(),
        file: tool(name),
    });
    build(&scratch, "reviewed", &tools);
    let took = run(&scratch, &["review", "reviewed"]);
    report.row(
        &format!(
            "`review` of an image of {} tools, warm, process and all",
            tools.len()
        ),
        &time(took),
        "≤ 300 ms",
        took <= REVIEW,
    );
    let files = many(&scratch, COMPARED + CHANGED);
    let bin = |place: usize, file: usize| Bin {
        name: format!("bin-{place}"),
        file: component(&files, file),
    };
    let older: Vec<_> = (0..COMPARED).map(|place| bin(place, place)).collect();
    let changed = |place: usize| if place < CHANGED { COMPARED } else { 0 };
    let newer: Vec<_> = (0..COMPARED)
        .map(|place| bin(place, place + changed(place)))
        .collect();
    build(&scratch, "older", &older);
    build(&scratch, "newer", &newer);
    // Other words about a tool and no more power: nothing is widened.
    let took = run(&scratch, &["review", "diff", "older", "newer"]);
    report.row(
        &format!(
            "`review diff` of images of {COMPARED} tools, {CHANGED} of them changed, warm, process \
             and all"
        ),
        &time(took),
        "≤ 50 ms",
        took <= DIFF,
    );
}

/// A tool of an agent.
struct Bin {
    name: String,
    file: PathBuf,
}

/// The component of this number; the first one is the tool as it is.
fn component(files: &Path, number: usize) -> PathBuf {
    files.join(match number {
        0 => "text-stats.wasm".to_owned(),
        number => format!("tool-{number}.wasm"),
    })
}

/// Builds the image of an agent with these tools.
fn build(scratch: &Scratch, name: &str, bins: &[Bin]) {
    let bins: String = bins
        .iter()
        .map(|Bin { name, file }| format!("BIN {name} {}\n", file.display()))
        .collect();
    let text = format!("FROM scratch\nNAME {name}\nMODEL builtin/commands\n{bins}");
    let file = scratch.file(&format!("{name}/Agentfile"), text);
    let directory = file.parent().expect("it lies in one").as_os_str();
    let line = ["image".as_ref(), "build".as_ref(), directory];
    let tag = ["--tag".as_ref(), name.as_ref()];
    cofferdam(scratch, line.into_iter().chain(tag))
        .patience(Duration::from_secs(600))
        .run()
        .exits(0);
}

/// The median time of a command.
fn run(scratch: &Scratch, line: &[&str]) -> Duration {
    cofferdam(scratch, line.iter().copied())
        .patience(Duration::from_secs(600))
        .run()
        .exits(0);
    let timed = || {
        let mut command = Command::new(binary());
        command
            .args(line)
            .envs(scratch.variables())
            .current_dir(scratch.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let began = Instant::now();
        let ended = command.status().expect("the binary starts");
        let took = began.elapsed();
        assert!(ended.success(), "{line:?}");
        took
    };
    median((0..RUNS).map(|_| timed()).collect())
}

/// So many components that differ, because their manifests do; one of them is the tool as it is.
fn many(scratch: &Scratch, count: usize) -> PathBuf {
    let tools = scratch.directory("tools");
    std::fs::copy(tool("text-stats"), tools.join("text-stats.wasm")).expect("a file");
    for index in 1..count {
        let name = format!("tool-{index}");
        let other = scratch.directory("other").join(format!("{name}.wasm"));
        std::fs::copy(tool("text-stats"), &other).expect("a file");
        let text = format!(
            "schema = 1\n[tool]\nname = \"{name}\"\nversion = \"0.0.0\"\nsummary = \"one of \
                many\"\n"
        );
        let manifest = scratch.file("capabilities.toml", text);
        let build = [
            "tool".as_ref(),
            "build".as_ref(),
            other.as_os_str(),
            "--capabilities".as_ref(),
        ];
        let to = [manifest.as_os_str(), "--out".as_ref(), tools.as_os_str()];
        cofferdam(scratch, build.into_iter().chain(to))
            .run()
            .exits(0);
    }
    tools
}
