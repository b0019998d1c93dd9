//! Push and pull of an image of 50 MB, beside `skopeo copy` with the same registry.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use wasm_encoder::{CustomSection, Section};

use crate::median;
use crate::support::{Registry, Scratch, binary, guest};

/// Bytes of the component.
const SIZE: usize = 50_000_000;

/// Measured transfers of each kind, one of ours and one of theirs in turn.
const RUNS: usize = 7;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    keep(&scratch);
    let (mut pushes, mut pulls) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for run in 0..RUNS {
        // A registry that has neither the image nor a place to copy it from.
        let (ours, theirs) = (Registry::start(), Registry::start());
        pushes[0].push(cofferdam(
            &scratch,
            &[
                "push",
                "large:1",
                &ours.reference("large:1"),
                "--plain-http",
            ],
        ));
        let into = scratch.path().join(format!("pulled-{run}"));
        let fresh = scratch.path().join(format!("data-{run}"));
        let from = ours.reference("large:1");
        pulls[0].push(timed(
            Command::new(binary())
                .args(["tool", "pull", &from, "--plain-http"])
                .env("COFFERDAM_DATA_DIR", &fresh),
        ));
        let layout = format!("oci:{}:1", into.display());
        pulls[1].push(skopeo(&[
            "copy",
            "--src-tls-verify=false",
            &format!("docker://{from}"),
            &layout,
        ]));
        let to = format!("docker://{}", theirs.reference("large:1"));
        pushes[1].push(skopeo(&["copy", "--dest-tls-verify=false", &layout, &to]));
        for used in [into, fresh] {
            std::fs::remove_dir_all(used).expect("it was made");
        }
    }
    row(report, "push", pushes);
    row(report, "pull", pulls);
}

fn row(report: &mut Report, what: &str, [ours, theirs]: [Vec<Duration>; 2]) {
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    let shown = format!("{ratio:.2} ({} and {})", time(ours), time(theirs));
    report.row(
        &format!("`tool {what}` of 50 MB: speed ÷ that of `skopeo copy`"),
        &shown,
        "≥ 0.8",
        ratio >= 0.8,
    );
}

/// Keeps a component of the size as `large:1`.
fn keep(scratch: &Scratch) {
    let mut component = std::fs::read(guest("args_echo")).expect("a guest");
    // Bytes that do not compress, so that nobody gains by trying.
    let noise = (0..SIZE as u64)
        .map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
        .collect::<Vec<_>>();
    let section = CustomSection {
        name: "noise".into(),
        data: noise.as_slice().into(),
    };
    section.append_to(&mut component);
    let large = scratch.file("large.wasm", component);
    let text = "schema = 1\n[tool]\nname = \"large\"\nversion = \"0.0.0\"\nsummary = \"large\"\n";
    let manifest = scratch.file("capabilities.toml", text);
    let (large, manifest) = (large.display().to_string(), manifest.display().to_string());
    cofferdam(
        scratch,
        &[
            "build",
            &large,
            "--capabilities",
            &manifest,
            "--tag",
            "large:1",
        ],
    );
}

fn cofferdam(scratch: &Scratch, args: &[&str]) -> Duration {
    let mut command = Command::new(binary());
    command
        .arg("tool")
        .args(args)
        .current_dir(scratch.path())
        .env("COFFERDAM_DATA_DIR", scratch.data());
    timed(&mut command)
}

fn skopeo(args: &[&str]) -> Duration {
    timed(Command::new("skopeo").args(args))
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
