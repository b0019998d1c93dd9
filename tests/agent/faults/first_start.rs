//! The first start, side by side with others and cut short.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{agentfile, nothing};
use crate::support::{Host, Scratch, binary, cofferdam};

/// First runs at once.
const SIDE_BY_SIDE: usize = 30;

/// Kills at the moment at which the key is there. Where it is made empty and then written, one kill
/// of thirty leaves it empty.
const KILLS: usize = 100;

/// How long a process may take to make a file that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn first_runs_side_by_side_all_succeed() {
    let scratch = Scratch::with_own_cache();
    for output in side_by_side(&scratch) {
        assert_eq!(output, "");
    }
    nothing_half_written(&scratch);
}

/// A start that was killed between making and writing the key left it empty, for all of these.
#[test]
fn runs_that_find_an_empty_key_side_by_side_all_succeed() {
    let scratch = Scratch::with_own_cache();
    let key = scratch.file("data/cache/key", "");
    let private =
        |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    private(&key, 0o600);
    private(&scratch.data().join("cache"), 0o700);
    private(&scratch.data(), 0o700);
    for output in side_by_side(&scratch) {
        for line in output.lines() {
            assert!(
                line.contains("made anew") || line.contains("compiling again"),
                "{output}"
            );
        }
    }
    nothing_half_written(&scratch);
    assert_eq!(key.metadata().unwrap().len(), 32);
    // What was compiled with a key that another run has replaced is compiled again, once.
    let run = || {
        cofferdam(
            &scratch,
            [
                "tool".as_ref(),
                "run".as_ref(),
                component(&scratch).as_os_str(),
            ],
        )
        .run()
        .exits(0)
    };
    run();
    assert_eq!(run().stderr, "");
}

fn component(scratch: &Scratch) -> PathBuf {
    nothing(scratch, "nothing.wasm")
}

/// Runs a component in many processes at once. Returns what they say on standard error.
#[track_caller]
fn side_by_side(scratch: &Scratch) -> Vec<String> {
    let component = component(scratch).display().to_string();
    let run = |_| cofferdam(scratch, ["tool", "run", &component]).start();
    let started: Vec<Child> = (0..SIDE_BY_SIDE).map(run).collect();
    let ended = started
        .into_iter()
        .map(|child| child.wait_with_output().expect("it ends"));
    let ended: Vec<_> = ended
        .map(|output| {
            (
                output.status,
                String::from_utf8(output.stderr).expect("text"),
            )
        })
        .collect();
    let failed: Vec<_> = ended
        .iter()
        .filter(|(status, _)| !status.success())
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {SIDE_BY_SIDE} failed: {failed:?}",
        failed.len()
    );
    ended.into_iter().map(|(_, stderr)| stderr).collect()
}

#[track_caller]
fn nothing_half_written(scratch: &Scratch) {
    let left = std::fs::read_dir(scratch.data().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(
        left.filter(|name| name.to_string_lossy().ends_with(".tmp"))
            .count(),
        0
    );
}

#[test]
fn a_key_that_was_left_damaged_is_made_anew() {
    let scratch = Scratch::with_own_cache();
    let component = nothing(&scratch, "nothing.wasm").display().to_string();
    let run = || {
        cofferdam(&scratch, ["tool", "run", &component])
            .run()
            .exits(0)
    };
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
        assert_eq!(
            (metadata.len(), metadata.permissions().mode() & 0o777),
            (32, 0o600)
        );
        assert_eq!(run().stderr, "", "the key holds from now on");
    }
}

/// A kill as soon as one more file or directory is there.
#[test]
fn a_first_start_that_is_killed_leaves_nothing_in_the_way() {
    for made in [
        "",
        "cache",
        "scratch",
        "cache/key",
        "host.lock",
        "agents",
        "cofferdam.db",
        "cofferdam.db-wal",
    ] {
        let scratch = Scratch::with_own_cache();
        let component = nothing(&scratch, "a/nothing.wasm").display().to_string();
        let file = agentfile(&scratch, "a", "BIN nothing ./nothing.wasm")
            .display()
            .to_string();
        let mut child = cofferdam(
            &scratch,
            ["serve", "--listen", "127.0.0.1:0", "--agentfile", &file],
        )
        .start();
        let (path, deadline) = (scratch.data().join(made), Instant::now() + PATIENCE);
        while !path.exists() {
            assert!(Instant::now() < deadline, "{made} is not made");
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        cofferdam(&scratch, ["tool", "run", &component])
            .run()
            .exits(0);
        Host::start(&scratch, ["--agentfile", &file]).kill();
    }
}

/// A kill at the moment at which the key is there.
#[test]
fn a_key_is_there_whole_or_not_at_all() {
    for kill in 0..KILLS {
        let scratch = Scratch::with_own_cache();
        let component = component(&scratch).display().to_string();
        let key = scratch.data().join("cache/key");
        let mut child = cofferdam(&scratch, ["tool", "run", &component]).start();
        let deadline = Instant::now() + PATIENCE;
        // Without a rest: it is empty for microseconds if it is ever empty.
        while !key.exists() {
            assert!(Instant::now() < deadline, "the key is not made");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(key.metadata().unwrap().len(), 32, "after {kill} kills");
    }
}

/// A process that may write no byte to any file fails at its first write, and whatever it has made
/// is empty.
#[test]
fn a_first_run_that_may_write_nothing_leaves_nothing_in_the_way() {
    let scratch = Scratch::with_own_cache();
    let component = component(&scratch).display().to_string();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -f 0 && exec \"$0\" tool run \"$1\""])
        .arg(binary())
        .arg(&component);
    shell
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .current_dir(scratch.path());
    let ended = shell.output().expect("a shell");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("File too large"), "{said}");
    let cache: Vec<_> = std::fs::read_dir(scratch.data().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    assert!(
        cache.iter().all(|entry| entry.file_name() != "key"),
        "an empty key: {cache:?}"
    );
    assert_eq!(
        cofferdam(&scratch, ["tool", "run", &component])
            .run()
            .exits(0)
            .stderr,
        ""
    );
}

#[test]
fn a_token_that_was_left_empty_is_made_anew() {
    let scratch = Scratch::with_own_cache();
    let component = nothing(&scratch, "nothing.wasm").display().to_string();
    std::fs::create_dir(scratch.data()).unwrap();
    let token = scratch.data().join("operator.token");
    std::fs::write(&token, "").unwrap();
    let mut child = cofferdam(&scratch, ["mcp", &component, "--listen", "127.0.0.1:0"]).start();
    let deadline = Instant::now() + PATIENCE;
    while std::fs::metadata(&token).is_ok_and(|metadata| metadata.len() == 0) || !token.exists() {
        assert!(
            Instant::now() < deadline && child.try_wait().unwrap().is_none(),
            "no token is made"
        );
        thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs `cofferdam` with these arguments in a shell that has changed its limits before.
fn limited(scratch: &Scratch, user: &[&str], limits: &str, args: &[&str]) -> Output {
    let shell = ["bash", "-c"].map(str::to_owned);
    let line = format!("{limits} && exec \"$0\" \"$@\"");
    let words = user.iter().map(|word| (*word).to_owned()).chain(shell);
    let mut words = words.chain([line]);
    let mut command = Command::new(words.next().expect("a shell at least"));
    command.args(words).arg(binary()).args(args);
    command
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .current_dir(scratch.path());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell");
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            panic!("{limits}: it does not end");
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its output")
}

/// The words that start a program as a user whose threads are limited, which root's are not. None
/// if there is no such user.
fn limited_user(scratch: &Scratch) -> Option<&'static [&'static str]> {
    const NOBODY: [&str; 4] = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let id = Command::new("id").arg("-u").output();
    let user: &[&str] = match id.expect("id is there").stdout.as_slice() {
        b"0\n" => &NOBODY,
        _ => &[],
    };
    if limited(scratch, user, "true", &["--version"])
        .status
        .success()
    {
        return Some(user);
    }
    eprintln!("SKIPPED: user nobody cannot start {}", binary().display());
    None
}

/// The stack that a shell gives to the first thread says nothing about those of the others.
#[test]
fn a_small_stack_is_enough() {
    let scratch = Scratch::with_own_cache();
    let component = component(&scratch).display().to_string();
    let ended = limited(&scratch, &[], "ulimit -s 128", &["tool", "run", &component]);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
}

/// The compiler gives itself 64 open files, also where it may have fewer.
#[test]
fn a_compiler_keeps_a_lower_limit_than_its_own() {
    let scratch = Scratch::with_own_cache();
    let component = component(&scratch).display().to_string();
    let args = ["tool", "run", "--limit", "open-files=2", &component];
    let ended = limited(&scratch, &[], "ulimit -n 40", &args);
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
}

/// A process that may start a few threads, and not those that it needs, would wait for them.
#[test]
fn a_process_without_threads_says_so() {
    let scratch = Scratch::new();
    let Some(user) = limited_user(&scratch) else {
        return;
    };
    for threads in [1, 2, 3, 4] {
        let limits = format!("ulimit -u {threads}");
        let ended = limited(&scratch, user, &limits, &["config", "show"]);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{limits}: {said}");
        assert!(said.contains("pids.max"), "{limits}: {said}");
        assert_eq!(said.lines().count(), 1, "{limits}: {said}");
    }
}
