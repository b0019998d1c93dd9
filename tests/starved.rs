//! A host whose guest threads are all held by hostile work still serves everybody else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Host, Scratch, binary, cofferdam, content_of, guest, tool};

/// Calls that hold guest threads: several for each thread of a small machine.
const HOLDERS: [&str; 6] = ["cpu_spin", "memory_fill", "clock_spin", "cpu_spin", "memory_fill", "clock_spin"];

/// Measurements of each kind; their median is compared.
const ROUNDS: usize = 9;

/// How much longer an answer may take while the guest threads are held.
const MORE: Duration = Duration::from_millis(100);

/// A client with a turn that does not end; killed when it is dropped.
struct Holder(Child);

impl Holder {
    /// Starts a turn that calls `tool`, and returns when the call has begun.
    fn start(scratch: &Scratch, tool: &str) -> Self {
        let mut child = Command::new(binary())
            .args(["chat", "busy", &format!("run {tool}"), "--format", "json"])
            .env("COFFERDAM_DATA_DIR", scratch.data())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let events = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let begun =
            events.take_while(|event| !event.contains("\"tool.result\"")).any(|event| event.contains("\"tool.call\""));
        assert!(begun, "{tool} was not called");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn median(mut act: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            act();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[ROUNDS / 2]
}

#[test]
fn a_host_whose_guest_threads_are_held_answers() {
    let scratch = Scratch::new();
    let mut bins = String::new();
    let mut grants = String::new();
    for name in ["cpu_spin", "memory_fill", "clock_spin"] {
        bins += &format!("BIN {name} {}\n", guest(name).display());
        grants += &format!(
            "[[grant]]\nagent = \"busy\"\ntool = \"{name}\"\nlimits = {{ fuel = 1_000_000_000_000, wall = \"2m\" }}\n"
        );
    }
    scratch.file("data/cofferdam.toml", grants);
    let busy = scratch.file("busy/Agentfile", format!("FROM scratch\nNAME busy\nMODEL builtin/commands\n{bins}"));
    let wc = format!("FROM scratch\nNAME idle\nMODEL builtin/commands\nBIN wc {}\n", tool("wc").display());
    let idle = scratch.file("idle/Agentfile", wc);
    let files = ["--agentfile".as_ref(), busy.as_os_str(), "--agentfile".as_ref(), idle.as_os_str()];
    let mut host = Host::start(&scratch, files);
    let ps = || drop(cofferdam(&scratch, ["ps", "--format", "json"]).run().exits(0));
    let chat = || assert!(!host.chat("idle", "hello").is_empty());
    let (quiet_ps, quiet_chat) = (median(ps), median(chat));

    let holders: Vec<_> = HOLDERS.iter().map(|name| Holder::start(&scratch, name)).collect();
    let (held_ps, held_chat) = (median(ps), median(chat));
    assert!(held_ps <= quiet_ps + MORE, "`ps` takes {held_ps:?} instead of {quiet_ps:?}");
    assert!(held_chat <= quiet_chat + MORE, "another agent's turn takes {held_chat:?} instead of {quiet_chat:?}");
    // A tool of another agent gets its share of the guest threads.
    assert!(content_of(&host.chat("idle", "run wc --version"), "tool.result").contains("wc"));

    let began = Instant::now();
    host.signal("TERM");
    host.hears("ending: waiting for ");
    let told = began.elapsed();
    assert!(told <= MORE * 10, "SIGTERM was heard after {told:?}");
    drop(holders);
    assert_eq!(host.ended(), Some(0));
}
