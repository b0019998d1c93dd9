//! A host whose guest threads are all held by hostile work still serves everybody else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::grpc::{client, command};
use crate::support::{Host, Scratch, Typed, binary, content_of, guest, tool};

/// Calls that hold guest threads: several for each thread of a small machine.
const HOLDERS: [&str; 6] = [
    "cpu_spin",
    "memory_fill",
    "clock_spin",
    "cpu_spin",
    "memory_fill",
    "clock_spin",
];

/// Requests of each kind; the slowest but one of a hundred is compared.
const REQUESTS: &str = "100";

/// Milliseconds in which 99 of 100 requests are answered while the guest threads are held, on a
/// machine that does nothing else.
const ANSWER: f64 = 100.0;

/// Where the machine does other things, how many times longer than without guests.
const TIMES: f64 = 8.0;

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
        let events = BufReader::new(child.stdout.take().expect("piped"))
            .lines()
            .map_while(Result::ok);
        let begun = events
            .take_while(|event| !event.contains("\"tool.result\""))
            .any(|event| event.contains("\"tool.call\""));
        assert!(begun, "{tool} was not called");
        Self(child)
    }
}

impl Holder {
    /// Starts calls of the tool `checked` again and again. The host checks each input without a
    /// pause.
    fn checks(scratch: &Scratch, host: &Host<'_>) -> Self {
        let mut command = command(scratch, host, &["hold", "busy", "checked", "6"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"))
            .lines()
            .map_while(Result::ok);
        assert_eq!(lines.next().as_deref(), Some("\"held\""));
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_host_whose_guest_threads_are_held_answers() {
    let scratch = Scratch::new();
    let mut bins = String::new();
    let mut grants = String::new();
    for name in ["cpu_spin", "memory_fill", "clock_spin"] {
        bins += &format!("BIN {name} {}\n", guest(name).display());
        grants += &format!(
            "[[grant]]\nagent = \"busy\"\ntool = \"{name}\"\nlimits = {{ fuel = 1_000_000_000_000, \
                wall = \"2m\" }}\n"
        );
    }
    // Twice as many places of the schema for each level of the input.
    let twice = json!({ "properties": { "a": { "$ref": "#" } } });
    let schema = json!({ "allOf": [twice, twice] }).to_string();
    let checked = Typed {
        input_schema: &schema,
        ..Typed::default()
    }
    .file(&scratch, "checked");
    bins += &format!("BIN checked {}\n", checked.display());
    scratch.file("data/cofferdam.toml", grants);
    let busy = scratch.file(
        "busy/Agentfile",
        format!("FROM scratch\nNAME busy\nMODEL builtin/commands\n{bins}"),
    );
    let wc = format!(
        "FROM scratch\nNAME idle\nMODEL builtin/commands\nBIN wc {}\n",
        tool("wc").display()
    );
    let idle = scratch.file("idle/Agentfile", wc);
    let files = [
        "--agentfile".as_ref(),
        busy.as_os_str(),
        "--agentfile".as_ref(),
        idle.as_os_str(),
    ];
    let mut host = Host::start(&scratch, files);
    let measured = |host: &Host<'_>| client(&scratch, host, &["latencies", "idle", REQUESTS]);
    let guests = || Vec::from(HOLDERS.map(|name| Holder::start(&scratch, name)));
    let before = measured(&host);
    let mut holders = guests();
    holders.push(Holder::checks(&scratch, &host));
    let held = measured(&host);
    drop(holders);
    let after = measured(&host);
    let mut slow = Vec::new();
    for kind in ["ps", "health", "chat"] {
        let time = |measured: &Value| measured[kind].as_f64().expect("a number");
        // Other tests may begin or end meanwhile.
        let quiet = time(&before).max(time(&after));
        let held = time(&held);
        if held > ANSWER.max(TIMES * quiet) {
            slow.push(format!("{kind}: {held:.1} ms instead of {quiet:.1} ms"));
        }
    }
    assert!(
        slow.is_empty(),
        "while guest threads are held: {}",
        slow.join(", ")
    );

    let mut holders = guests();
    // A tool of another agent gets its share of the guest threads.
    assert!(content_of(&host.chat("idle", "run wc --version"), "tool.result").contains("wc"));
    holders.push(Holder::checks(&scratch, &host));
    let quiet = before["ps"]
        .as_f64()
        .expect("a number")
        .max(after["ps"].as_f64().expect("a number"));
    host.signal("TERM");
    let began = Instant::now();
    host.hears("ending: waiting for ");
    let told = began.elapsed().as_secs_f64() * 1000.0;
    assert!(
        told <= ANSWER.max(TIMES * quiet),
        "SIGTERM was heard after {told:.1} ms"
    );
    drop(holders);
    assert_eq!(host.ended(), Some(0));
}
