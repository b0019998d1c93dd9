//! A disk without room. These need root, for a small disk of their own, and say when they are
//! skipped.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{agentfile, agents, nothing};
use crate::support::{Host, Scratch, Tmpfs, cofferdam, content_of, tool};

/// Size of a large component, in bytes.
const LARGE: usize = 20 << 20;

/// How long an agent that failed may wait until it is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// Room for a host of one small agent, in KiB.
const SMALL: u32 = 24 << 10;

#[test]
fn a_host_that_was_killed_starts_on_a_full_disk_and_goes_on_when_there_is_room() {
    let scratch = Scratch::with_own_cache();
    let Some(disk) = Tmpfs::mount(scratch.data(), SMALL) else {
        return;
    };
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    let host = Host::start(&scratch, ["--agentfile", &file]);
    cofferdam(
        &scratch,
        ["chat", "a", "--new", "--session", "kept", "run one"],
    )
    .run()
    .exits(0);
    host.kill();
    let ballast = disk.fill();

    // Nothing has changed, so nothing has to be written.
    let host = Host::start(&scratch, ["--agentfile", &file]);
    assert_eq!(agents(&scratch)[0].1, "ready");
    let shown = cofferdam(&scratch, ["sessions", "show", "kept"])
        .run()
        .exits(0)
        .stdout;
    assert!(shown.contains("run one"), "{shown}");
    // There may be room for some messages in what the database has already.
    let long = "x".repeat(1 << 20);
    let ran = cofferdam(
        &scratch,
        ["chat", "a", &format!("run one {}", &long[..100_000])],
    )
    .run();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    ran.complains(&["disk is full"]);
    std::fs::remove_file(ballast).unwrap();
    assert!(!content_of(&host.chat("a", "run one"), "tool.result").contains("no tool"));
}

#[test]
fn an_agent_that_failed_on_a_full_disk_is_tried_again() {
    let scratch = Scratch::with_own_cache();
    let Some(disk) = Tmpfs::mount(scratch.data(), SMALL) else {
        return;
    };
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    Host::start(&scratch, ["--agentfile", &file]).kill();
    // Its compiled code is gone, as after a change of this host's version, and has to be written.
    for entry in std::fs::read_dir(scratch.data().join("cache")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some() {
            std::fs::remove_file(path).unwrap();
        }
    }
    let ballast = disk.fill();
    let mut host = Host::start::<&str>(&scratch, []);
    let [(_, status, _)] = &agents(&scratch)[..] else {
        panic!("one agent")
    };
    assert_eq!(status, "failed");
    let reason = cofferdam(&scratch, ["inspect", "a"]).run().exits(0).stdout;
    std::fs::remove_file(ballast).unwrap();
    let deadline = Instant::now() + RETRY;
    while agents(&scratch)[0].1 != "ready" {
        assert!(
            Instant::now() < deadline,
            "there is room, and the agent is not tried again"
        );
        thread::park_timeout(Duration::from_millis(200));
    }
    assert!(!content_of(&host.chat("a", "run one"), "tool.result").contains("no tool"));
    host.hears("a runs again");
    assert!(
        reason
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains("disk is full"),
        "{reason}"
    );
}

/// A change that there is no room for leaves the agent as it was, whole.
#[test]
fn an_agent_that_finds_no_room_for_its_change_stays_as_it_was() {
    let scratch = Scratch::with_own_cache();
    let Some(disk) = Tmpfs::mount(scratch.data(), SMALL) else {
        return;
    };
    nothing(&scratch, "a/one.wasm");
    let file = agentfile(&scratch, "a", "BIN one ./one.wasm")
        .display()
        .to_string();
    Host::start(&scratch, ["--agentfile", &file]).kill();
    disk.fill();
    agentfile(&scratch, "a", "BIN other ./one.wasm");
    let mut host = Host::start(&scratch, ["--agentfile", &file]);
    let said = host.hears("no agent was made from");
    assert!(said.contains("disk is full"), "{said}");
    assert_eq!(
        agents(&scratch)[0],
        ("a".to_owned(), "ready".to_owned(), r#"["one"]"#.to_owned())
    );
    host.kill();
    assert_eq!(agents_after_restart(&scratch), r#"["one"]"#);
}

fn agents_after_restart(scratch: &Scratch) -> String {
    let _host = Host::start::<&str>(scratch, []);
    agents(scratch)[0].2.clone()
}

#[test]
fn an_image_that_finds_no_room_leaves_nothing() {
    let scratch = Scratch::with_own_cache();
    let capabilities = scratch.file(
        "capabilities.toml",
        "schema = 1\n[tool]\nname = \"wc\"\nversion = \"1\"\nsummary = \"s\"\n\
         [[fs]]\npath = \"/workspace\"\naccess = \"read-only\"\nreason = \"to try\"\n",
    );
    let Some(disk) = Tmpfs::mount(scratch.data(), 96 << 10) else {
        return;
    };
    let large = scratch
        .file("wc.wasm", large(std::fs::read(tool("wc")).unwrap()))
        .display()
        .to_string();
    let out = scratch.path().join("out").display().to_string();
    let capabilities = capabilities.display().to_string();
    let build = || {
        let line = [
            "tool",
            "build",
            &large,
            "--capabilities",
            &capabilities,
            "--out",
            &out,
            "--tag",
            "wc:1",
        ];
        cofferdam(&scratch, line).run()
    };
    build().exits(0);
    cofferdam(&scratch, ["tool", "rm", "wc:1"]).run().exits(0);
    let used = used(disk.path());
    // Room for half of the component.
    let small = scratch.data().join("small");
    std::fs::write(&small, vec![0; LARGE / 2]).unwrap();
    let ballast = disk.fill();
    std::fs::remove_file(&small).unwrap();
    let failed = build().exits(1);
    let leftover = scratch.data().join("images/.cofferdam.new");
    let size = leftover.metadata().map_or(0, |metadata| metadata.len());
    assert!(
        !leftover.exists(),
        "{size} bytes are left in {}",
        leftover.display()
    );
    std::fs::remove_file(ballast).unwrap();
    assert!(
        used.abs_diff(self::used(disk.path())) <= 64 << 10,
        "something is left"
    );
    failed.complains(&["disk is full"]);

    // What a process that was killed has left is removed by whoever opens the store next.
    for command in [&["tool", "ls"][..], &["image", "prune"]] {
        std::fs::write(&leftover, vec![0; LARGE / 2]).unwrap();
        cofferdam(&scratch, command).run().exits(0);
        assert!(!leftover.exists(), "{command:?} leaves it");
    }
    // There is room again.
    build().exits(0);
    assert!(
        cofferdam(&scratch, ["tool", "ls"])
            .run()
            .exits(0)
            .stdout
            .contains("wc")
    );
}

/// The component with a custom section of [`LARGE`] bytes at its end.
fn large(mut component: Vec<u8>) -> Vec<u8> {
    let name = b"\x07ballast";
    component.push(0);
    // A number of four bytes in LEB128.
    let size = LARGE + name.len();
    let group = |index: usize| u8::try_from(size >> (7 * index) & 0x7f).expect("seven bits");
    component.extend([group(0) | 0x80, group(1) | 0x80, group(2) | 0x80, group(3)]);
    component.extend_from_slice(name);
    component.resize(component.len() + LARGE, 0);
    component
}

/// Bytes of the files below a directory.
fn used(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path());
    let size = |path: std::path::PathBuf| match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => used(&path),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
