//! What a tool costs its author and who runs it: the bytes of a minimal one, and the time of a
//! command that is warm.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};

use crate::median;
use crate::support::{Scratch, binary, checkout, cofferdam, tool};

/// The most that a typed tool may have which does next to nothing, in KiB.
const SMALLEST: u64 = 150;

/// Measured runs, after one that fills the cache.
const RUNS: usize = 51;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let kib = new_tool(&scratch).div_ceil(1 << 10);
    report.row(
        "a typed tool as `tool new` makes it",
        &format!("{kib} KiB"),
        "≤ 150 KiB",
        kib <= SMALLEST,
    );
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
    let ours = median((0..RUNS).map(|_| run()).collect());
    let native = median(
        (0..RUNS)
            .map(|_| timed(Command::new("wc").arg(&file)))
            .collect(),
    );
    let shown = format!("{} (native: {})", time(ours), time(native));
    report.figure(
        "`cofferdam tool run wc.wasm` on a small file, process and all, warm",
        &shown,
    );
}

/// The size of the component that a new project becomes, in bytes.
fn new_tool(scratch: &Scratch) -> u64 {
    cofferdam(scratch, ["tool", "new", "greet"]).run().exits(0);
    let (project, out) = (scratch.path().join("greet"), scratch.path().join("out"));
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
    size(&out.join("greet.wasm"))
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
