//! The room that all calls have together in their `/tmp`.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::agentfile;
use crate::support::components::{built, directory};
use crate::support::{Host, Scratch, cofferdam, content_of};

/// How long a call may take to fill its `/tmp`.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether the scratch directory of a running call has been filled: the link `workspace` is made
/// last.
fn is_filled(scratch: &Scratch) -> bool {
    let below = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).map_or(Vec::new(), |entries| {
            entries.flatten().map(|entry| entry.path()).collect()
        })
    };
    let mut calls = below(&scratch.data().join("scratch"))
        .into_iter()
        .flat_map(|process| below(&process));
    calls.any(|call| call.join("workspace").is_symlink())
}

#[track_caller]
fn until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it takes too long");
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn calls_share_the_room_in_tmp_and_give_it_back() {
    let scratch = Scratch::new();
    let filler = built(
        &scratch,
        "filler",
        "fs_tmp",
        &directory("/tmp", "read-write"),
    );
    let file = agentfile(&scratch, &format!("BIN filler {}\n", filler.display()));
    // Room for the entries of one call and not of two; then for less than its bytes.
    for (room, refused) in [
        ("scratch-entries = 1_000", 1),
        ("scratch = \"6KiB\"", 1),
        ("scratch = \"1KiB\"", 0),
    ] {
        scratch.file("data/cofferdam.toml", format!("[host]\n{room}\n"));
        let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
        let run =
            |how: &str| content_of(&host.chat("a", &format!("run filler {how}")), "tool.result");
        if refused == 0 {
            assert!(run("end").contains("/tmp: "), "{room}");
            continue;
        }
        let mut held = cofferdam(&scratch, ["chat", "a", "run filler sleep"]).start();
        until(|| is_filled(&scratch));
        let other = run("end");
        assert!(
            other.contains("/tmp: ") && !other.contains("filled /tmp"),
            "{room}: {other}"
        );
        // Its client goes, and it ends.
        held.kill().expect("the client is ours");
        held.wait().expect("the client is ours");
        // Once it is gone, there is room again.
        until(|| run("end").contains("filled /tmp"));
    }
}
