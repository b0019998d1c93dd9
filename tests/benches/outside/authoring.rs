//! What a tool costs its author and who runs it: the bytes of a minimal one, and the time of a
//! command that is warm.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use serde_json::Value;

use crate::in_process::Calls;
use crate::support::{Scratch, binary, checkout, cofferdam, tool};
use crate::{count, median};

/// The most that a typed tool may have which does next to nothing, in KiB.
const SMALLEST: u64 = 150;

/// The most that a pure typed tool may have which does next to nothing, in KiB.
const SMALLEST_PURE: u64 = 40;

/// The most that its call may take, as a part of one of a typed tool.
const PURE_CALL: f64 = 0.9;

/// The most that a line of a language may take, as so many calls of `wc`.
const LANGUAGES: [(&str, &[&str], f64, &str); 2] = [
    ("js", &["1 + 1"], 8.0, "≤ 8"),
    ("python", &["-c", "1 + 1"], 20.0, "≤ 20"),
];

/// The longest run of a warm command.
const RUN: Duration = Duration::from_millis(10);

/// The input of a greeter.
const GREETED: &str = r#"{"name": "Ada"}"#;

/// Runs of each of the two, and calls in each.
const ROUNDS: usize = 7;
const BUSY_CALLS: usize = 8_000;

/// Calls of a tool that are measured by their receipts.
const CALLS: &str = "500";

/// Measured runs, after one that fills the cache.
const RUNS: usize = 51;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let typed = new_tool(&scratch, "greet", "typed");
    let kib = size(&typed).div_ceil(1 << 10);
    report.row(
        "a typed tool as `tool new` makes it",
        &format!("{kib} KiB"),
        "≤ 150 KiB",
        kib <= SMALLEST,
    );
    let pure = new_tool(&scratch, "greet-purely", "pure");
    let kib = size(&pure).div_ceil(1 << 10);
    // Many at once: then no call waits for a thread to wake up, and the difference shows.
    let busy = |component: &Path| {
        Calls {
            scratch: &scratch,
            component,
            input: GREETED,
            count: u32::try_from(count(BUSY_CALLS)).expect("small"),
            flags: &["--concurrent", "16", "--unrecorded"],
        }
        .each()
    };
    let mut of_typed = Vec::new();
    let mut of_pure = Vec::new();
    // One after the other and again, so that what else the machine does falls on both.
    for _ in 0..ROUNDS {
        of_typed.push(busy(&typed));
        of_pure.push(busy(&pure));
    }
    let typed = median(of_typed);
    let pure = median(of_pure);
    let ratio = pure.as_secs_f64() / typed.as_secs_f64();
    report.row(
        "pure typed tool: size; call ÷ typed call, 16 at once, unrecorded",
        &format!("{kib} KiB; {ratio:.2} ({} ÷ {})", time(pure), time(typed)),
        "≤ 40 KiB; ≤ 0.9",
        kib <= SMALLEST_PURE && ratio <= PURE_CALL,
    );
    let counted = calls(&scratch, &tool("wc"), &["-w"]);
    for (name, line, most, target) in LANGUAGES {
        let took = calls(&scratch, &tool(name), line);
        let ratio = took.as_secs_f64() / counted.as_secs_f64();
        report.row(
            &format!("`{name}`, a call of a short line ÷ a call of `wc`"),
            &format!("{ratio:.1} ({} ÷ {})", time(took), time(counted)),
            target,
            ratio <= most,
        );
    }
    let file = scratch.file("work/small.txt", "one two three\nfour five\n");
    let (directory, wc) = (file.parent().expect("it lies in one"), tool("wc"));
    let run = || {
        let mut command = Command::new(binary());
        command
            .args(["tool", "run"])
            .arg(&wc)
            .arg("--dir")
            .arg(format!("{}:/workspace:ro", directory.display()));
        command
            .args(["--", "small.txt"])
            .env("COFFERDAM_DATA_DIR", scratch.data());
        timed(&mut command)
    };
    run();
    let ours = median((0..count(RUNS)).map(|_| run()).collect());
    let native = median(
        (0..count(RUNS))
            .map(|_| timed(Command::new("wc").arg(&file)))
            .collect(),
    );
    let shown = format!("{} (native: {})", time(ours), time(native));
    report.row(
        "`cofferdam tool run wc.wasm` on a small file, process and all, warm",
        &shown,
        "≤ 10 ms",
        ours <= RUN,
    );
}

/// The component that a new project becomes.
fn new_tool(scratch: &Scratch, name: &str, shape: &str) -> PathBuf {
    cofferdam(scratch, ["tool", "new", name, "--shape", shape])
        .run()
        .exits(0);
    let project = scratch.path().join(name);
    let out = scratch.path().join("out");
    let build = [
        "tool".as_ref(),
        "build".as_ref(),
        project.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    let target = checkout().join("target/authoring");
    cofferdam(scratch, build)
        .env("CARGO_TARGET_DIR", target)
        .patience(Duration::from_secs(600))
        .run()
        .exits(0);
    out.join(format!("{name}.wasm"))
}

/// The median of what calls take, as their receipts say.
fn calls(scratch: &Scratch, component: &Path, input: &[&str]) -> Duration {
    let args: [&OsStr; 8] = [
        "tool".as_ref(),
        "run".as_ref(),
        component.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
        "--repeat".as_ref(),
        CALLS.as_ref(),
        "--".as_ref(),
    ];
    let input = input.iter().map(OsStr::new);
    let ran = cofferdam(scratch, args.into_iter().chain(input));
    let ran = ran.run().exits(0);
    let receipts = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Value>();
    let took = receipts.map(|receipt| {
        let microseconds = receipt.expect("it is JSON")["wall_us"].as_u64();
        Duration::from_micros(microseconds.expect("a number"))
    });
    median(took.collect())
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).expect("it was built").len()
}

fn timed(command: &mut Command) -> Duration {
    let began = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    began.elapsed()
}
