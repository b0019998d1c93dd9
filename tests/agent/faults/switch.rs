//! Hosts that are killed while they make an agent anew.

use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{agentfile, agents, nothing, tree};
use crate::support::{Host, Scratch, cofferdam, content_of};

/// Moments of the making at which the host is killed: most of them late, when it changes what lies
/// on disk.
const MOMENTS: [u32; 12] = [10, 40, 60, 70, 80, 85, 90, 94, 97, 100, 103, 108];

/// How long the host may take to say something: the first start compiles.
const PATIENCE: Duration = Duration::from_secs(120);

fn lines(pipe: ChildStderr) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = String::new();
        while lines
            .by_ref()
            .read_line(&mut line)
            .is_ok_and(|read| read > 0)
        {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    lines
}

#[track_caller]
fn hears(lines: &Receiver<String>, part: &str) {
    let deadline = Instant::now() + PATIENCE;
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if line.contains(part) {
            return;
        }
    }
    panic!("the host did not say `{part}`");
}

#[test]
fn an_agent_is_the_old_one_or_the_new_one_wherever_the_host_is_killed() {
    let scratch = Scratch::new();
    for name in ["one", "two", "three"] {
        nothing(&scratch, &format!("a/{name}.wasm"));
    }
    let versions = [
        "BIN one ./one.wasm\nBIN two ./two.wasm",
        "BIN three ./three.wasm",
    ];
    let expected = [r#"["one","two"]"#, r#"["three"]"#];
    let serve = |version: usize| {
        let file = agentfile(&scratch, "a", versions[version % 2])
            .display()
            .to_string();
        cofferdam(
            &scratch,
            ["serve", "--listen", "127.0.0.1:0", "--agentfile", &file],
        )
        .start()
    };
    // Once to its end, for what is compiled, and once more for the time it takes.
    let mut whole = Duration::ZERO;
    for version in 0..2 {
        let mut child = serve(version);
        let said = lines(child.stderr.take().expect("piped"));
        hears(&said, "making ");
        let begun = Instant::now();
        hears(&said, "is ready");
        whole = begun.elapsed();
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for (moment, version) in MOMENTS.into_iter().zip(0..) {
        let mut child = serve(version);
        let said = lines(child.stderr.take().expect("piped"));
        hears(&said, "making ");
        let end = Instant::now() + whole * moment / 100;
        // The host says nothing that would end the wait; the time is an input here.
        while !matches!(
            said.recv_timeout(end.saturating_duration_since(Instant::now())),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)
        ) {}
        child.kill().unwrap();
        child.wait().unwrap();

        let host = Host::start::<&str>(&scratch, []);
        let [(_, status, tools)] = &agents(&scratch)[..] else {
            panic!("one agent")
        };
        assert_eq!(status, "ready", "killed at {moment} %");
        let now = expected.iter().position(|expected| expected == tools);
        let now = now.unwrap_or_else(|| panic!("killed at {moment} %: {tools}"));
        let first = versions[now].split_whitespace().nth(1).expect("a name");
        let ran = content_of(&host.chat("a", &format!("run {first}")), "tool.result");
        assert!(!ran.contains("there is no tool"), "{ran}");
        // Nothing of the other version is left.
        let tree = tree(&scratch.data());
        let bins = std::fs::read_dir(tree.join("usr/bin")).unwrap().count();
        assert_eq!(bins, if now == 0 { 2 } else { 1 });
        let hidden = std::fs::read_dir(&tree)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert_eq!(
            hidden
                .filter(|name| name.to_string_lossy().starts_with('.'))
                .count(),
            0
        );
    }
}

#[test]
fn an_agent_that_has_not_changed_is_not_written() {
    let scratch = Scratch::new();
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(
        &scratch,
        "a",
        "BIN one ./one.wasm\nCONTEXT SOUL <<EOF\nCalm.\nEOF",
    )
    .display()
    .to_string();
    let inodes = || {
        use std::os::unix::fs::MetadataExt;
        let tree = tree(&scratch.data());
        [
            "etc",
            "etc/Agentfile",
            "etc/context/AGENT.md",
            "etc/context/SOUL.md",
            "usr/bin/one",
        ]
        .map(|name| std::fs::metadata(tree.join(name)).unwrap().ino())
    };
    Host::start(&scratch, ["--agentfile", &file]).kill();
    let before = inodes();
    Host::start(&scratch, ["--agentfile", &file]).kill();
    Host::start::<&str>(&scratch, []).kill();
    assert_eq!(inodes(), before);
    agentfile(
        &scratch,
        "a",
        "BIN one ./one.wasm\nCONTEXT SOUL <<EOF\nLively.\nEOF",
    );
    Host::start(&scratch, ["--agentfile", &file]).kill();
    assert_ne!(inodes(), before);
    assert_eq!(
        std::fs::read_to_string(tree(&scratch.data()).join("etc/context/SOUL.md"))
            .unwrap()
            .trim(),
        "Lively."
    );
}

#[test]
fn an_agent_that_cannot_be_made_leaves_no_tree() {
    let scratch = Scratch::new();
    nothing(&scratch, "good/one.wasm");
    let good = agentfile(&scratch, "good", "BIN one ./one.wasm")
        .display()
        .to_string();
    let bad = agentfile(&scratch, "bad", "BIN one ./Agentfile")
        .display()
        .to_string();
    let host = Host::start(&scratch, ["--agentfile", &bad, "--agentfile", &good]);
    tree(&scratch.data());
    drop(host);
    // A host that was killed before it had made the agent leaves no more than this.
    let left = scratch
        .data()
        .join("agents/6f1ed002-ab5e-4e5b-8d4c-0f0fdbd0e8a1");
    std::fs::create_dir_all(left.join(".prepared/etc")).unwrap();
    std::fs::create_dir_all(left.join("workspace")).unwrap();
    let _host = Host::start::<&str>(&scratch, []);
    tree(&scratch.data());
}
