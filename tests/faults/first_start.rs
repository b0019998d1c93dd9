//! The first start, side by side with others and cut short.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use super::{agentfile, nothing};
use crate::support::{Host, Scratch, cofferdam};

/// First runs at once.
const SIDE_BY_SIDE: usize = 30;

/// How long a process may take to make a file that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn first_runs_side_by_side_all_succeed() {
    let scratch = Scratch::new();
    let component = nothing(&scratch, "nothing.wasm").display().to_string();
    let run = || cofferdam(&scratch, ["tool", "run", &component]).start();
    let started: Vec<Child> = (0..SIDE_BY_SIDE).map(|_| run()).collect();
    for child in started {
        let output = child.wait_with_output().expect("it ends");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{stdout}{stderr}");
        assert_eq!(stderr, "");
    }
    // Nothing half written stays.
    let left = std::fs::read_dir(scratch.data().join("cache")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().ends_with(".tmp")).count(), 0);
}

#[test]
fn a_key_that_was_left_damaged_is_made_anew() {
    let scratch = Scratch::new();
    let component = nothing(&scratch, "nothing.wasm").display().to_string();
    let run = || cofferdam(&scratch, ["tool", "run", &component]).run().exits(0);
    run();
    let key = scratch.data().join("cache/key");
    let write = |bytes: &[u8]| std::fs::write(&key, bytes).unwrap();
    let damage: [&dyn Fn(); 5] = [
        &|| write(b""),
        &|| write(b"half a key"),
        &|| write(&[0; 64]),
        &|| std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap(),
        &|| {
            std::fs::remove_file(&key).unwrap();
            std::fs::create_dir(&key).unwrap();
        },
    ];
    for damage in damage {
        damage();
        run();
        let metadata = std::fs::metadata(&key).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (32, 0o600));
        assert_eq!(run().stderr, "", "the key holds from now on");
    }
}

/// A kill as soon as one more file or directory is there.
#[test]
fn a_first_start_that_is_killed_leaves_nothing_in_the_way() {
    for made in ["", "cache", "scratch", "cache/key", "host.lock", "agents", "cofferdam.db", "cofferdam.db-wal"] {
        let scratch = Scratch::new();
        let component = nothing(&scratch, "a/nothing.wasm").display().to_string();
        let file = agentfile(&scratch, "a", "BIN nothing ./nothing.wasm").display().to_string();
        let mut child = cofferdam(&scratch, ["serve", "--listen", "127.0.0.1:0", "--agentfile", &file]).start();
        let (path, deadline) = (scratch.data().join(made), Instant::now() + PATIENCE);
        while !path.exists() {
            assert!(Instant::now() < deadline, "{made} is not made");
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        cofferdam(&scratch, ["tool", "run", &component]).run().exits(0);
        Host::start(&scratch, ["--agentfile", &file]).kill();
    }
}

#[test]
fn a_token_that_was_left_empty_is_made_anew() {
    let scratch = Scratch::new();
    let component = nothing(&scratch, "nothing.wasm").display().to_string();
    std::fs::create_dir(scratch.data()).unwrap();
    let token = scratch.data().join("operator.token");
    std::fs::write(&token, "").unwrap();
    let mut child = cofferdam(&scratch, ["mcp", &component, "--listen", "127.0.0.1:0"]).start();
    let deadline = Instant::now() + PATIENCE;
    while std::fs::metadata(&token).is_ok_and(|metadata| metadata.len() == 0) || !token.exists() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "no token is made");
        thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
