//! The edge: clients that say nothing, read nothing or stay for ever, and a host that ends under
//! them.

/// Clients that hold what a host has for all of them.
mod flood;

/// Calls that wait for a place or for descriptors.
mod places;

/// Requests that do not come to their end.
mod requests;

/// The unix socket, for the user of the host alone.
mod socket;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::grpc::{client, command};
use crate::support::{Host, Scratch, binary, cofferdam, content_of, tool};

/// How long one read may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Maximum memory of the answers that one agent's clients do not read, in MiB. There are 48 of 1
/// MiB, and each is held a few times on its way: 250 MiB.
const MOST_UNREAD_MIB: u64 = 400;

/// An agent of this name with these tools, in a file.
fn agentfile(scratch: &Scratch, name: &str, model: &str, tools: &[&str]) -> PathBuf {
    let bins: String = tools
        .iter()
        .map(|name| format!("BIN {name} {}\n", tool(name).display()))
        .collect();
    scratch.file(
        &format!("{name}/Agentfile"),
        format!("FROM scratch\nNAME {name}\nMODEL {model}\n{bins}"),
    )
}

/// The open descriptors of a process.
fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the host runs")
        .count()
}

/// The memory of a process that no file stands behind, in MiB.
fn memory_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the host runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .expect("Linux tells");
    line.trim()
        .trim_end_matches(" kB")
        .parse::<u64>()
        .expect("a number")
        / 1024
}

/// Processor time of a process, in ticks.
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the host runs");
    let after = stat.rsplit_once(") ").expect("a name").1;
    let field = |index| {
        after
            .split(' ')
            .nth(index)
            .and_then(|field| field.parse::<u64>().ok())
            .expect("a number")
    };
    field(11) + field(12)
}

/// A client of gRPC that waits in the middle of its work until the test lets it go on.
struct Waiting {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Waiting {
    fn start(scratch: &Scratch, host: &Host<'_>, action: &[&str]) -> Self {
        let mut command = command(scratch, host, action);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, stdout }
    }

    /// What it prints next.
    #[track_caller]
    fn says(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it prints");
        serde_json::from_str(&line).expect("the client prints JSON")
    }

    /// Lets it go on, and returns what it prints at last.
    #[track_caller]
    fn goes_on(mut self) -> Value {
        drop(self.child.stdin.take());
        let said = self.says();
        assert!(self.child.wait().expect("it ends").success());
        said
    }
}

#[test]
fn answers_that_nobody_reads_are_bounded_and_keep_their_places() {
    let scratch = Scratch::new();
    let big = scratch.file("big.txt", "x".repeat(1 << 20));
    let (a, b) = (
        agentfile(&scratch, "a", "builtin/commands", &["cat"]),
        agentfile(&scratch, "b", "builtin/commands", &["echo"]),
    );
    let copy = format!("a:{}", big.display());
    let args = [
        "--agentfile".into(),
        a.into_os_string(),
        "--agentfile".into(),
        b.into_os_string(),
        "--copy-in".into(),
        copy.into(),
    ];
    let mut host = Host::start(&scratch, args);
    let before = memory_mib(host.pid());
    let mut unread = Waiting::start(&scratch, &host, &["unread", "a", "run cat big.txt", "200"]);
    let refused = unread.says().as_u64().expect("a number");
    // Those that were let in get as far as their results.
    let results = host.hears_up_to("tool=\"cat\"", 48, PATIENCE);
    let grown = memory_mib(host.pid()) - before;
    let told = format!("{results} answers of 1 MiB that nobody reads take {grown} MiB");
    assert_eq!(refused, 152, "48 of 64 places are for one agent; {told}");
    assert!(results == 48 && grown < MOST_UNREAD_MIB, "{told}");
    // Another agent has places, whoever holds those of this one; this one has none.
    assert_eq!(
        content_of(&host.chat("b", "run echo here"), "tool.result"),
        "here\n"
    );
    let ran = cofferdam(&scratch, ["chat", "a", "hello"]).run().exits(1);
    ran.complains(&[
        "this agent has 48 turns whose answers are not read",
        "try again",
    ]);
    // A client that takes nothing for half a minute is gone, with all that was kept for it.
    host.hears("it took nothing of an answer for 30 s");
    unread.child.kill().expect("ours");
    unread.child.wait().expect("ours");
    assert!(!content_of(&host.chat("a", "run cat --help"), "tool.call").is_empty());
}

#[test]
fn silent_connections_make_room() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", "builtin/commands", &[]);
    let mut host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let before = descriptors(host.pid());
    let tcp: Vec<_> = (0..600)
        .map(|_| TcpStream::connect(&host.address).expect("it listens"))
        .collect();
    let socket = scratch.data().join("cofferdam.sock");
    let unix: Vec<_> = (0..600)
        .map(|_| UnixStream::connect(&socket).expect("it listens"))
        .collect();
    // Both doors serve those that come after them, at once.
    cofferdam(&scratch, ["ps"])
        .patience(Duration::from_secs(8))
        .run()
        .exits(0);
    assert_eq!(client(&scratch, &host, &["health", ""]), "SERVING");
    host.hears("connections on 127.0.0.1:");
    let open = descriptors(host.pid()) - before;
    assert!(open <= 2 * 128, "{open} descriptors for connections");
    // The last ones have made room for nobody: they are closed because they say nothing.
    let mut last = tcp.last().expect("one");
    last.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    last.read_to_end(&mut Vec::new())
        .expect("the host closes it");
    let mut last = unix.last().expect("one");
    last.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    last.read_to_end(&mut Vec::new())
        .expect("the host closes it");
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn a_host_without_descriptors_says_so_and_rests() {
    let scratch = Scratch::new();
    let mut host = Host::start::<&str>(&scratch, []);
    let limit = |host: &Host<'_>, files: u32| {
        let limit = format!("--nofile={files}:");
        let ran = Command::new("prlimit")
            .args(["--pid", &host.pid().to_string(), &limit])
            .status();
        assert!(ran.expect("prlimit is installed").success());
    };
    // All of these are taken since the start.
    limit(&host, 4);
    let before = ticks(host.pid());
    cofferdam(&scratch, ["ps"])
        .run()
        .exits(1)
        .complains(&["the host does not answer"]);
    host.hears("cannot accept a connection on");
    // A tick is 10 ms: the command has waited for a thousand of them.
    let spent = ticks(host.pid()) - before;
    assert!(spent < 250, "the host has spun for {spent} of 1000 ticks");
    limit(&host, 1_024);
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn requests_over_tcp_wait_for_no_acknowledgement() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", "builtin/commands", &[]);
    let host = Host::listening(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let socket = format!("unix:{}", scratch.data().join("cofferdam.sock").display());
    // Without TCP_NODELAY an answer of several messages waits between two of them until the client
    // acknowledges the first: 40 ms and more for each turn.
    let medians = client(&scratch, &host, &["turns", &socket, "40"]);
    let [tcp, unix] = [0, 1].map(|index: usize| medians[index].as_f64().expect("a number"));
    assert!(
        tcp < 2.0 * unix,
        "a turn takes {tcp:.1} ms over TCP and {unix:.1} ms through the socket"
    );
}

/// A command whose turn is under way.
fn sleeping(scratch: &Scratch, session: &str) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut client = Command::new(binary())
        .args([
            "chat",
            "a",
            "run sleep 2",
            "--new",
            "--session",
            session,
            "--format",
            "json",
        ])
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut events = BufReader::new(client.stdout.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    assert!(events.any(|line| line.contains("tool.call")));
    (client, events)
}

#[test]
fn a_host_that_is_told_to_end_lets_turns_finish_and_says_so() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", "builtin/commands", &["sleep"]);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let (mut client, mut events) = sleeping(&scratch, "s");
    host.signal("TERM");
    host.hears("ending: waiting for 1 turn (");
    let told = cofferdam(&scratch, ["ps"]).run().exits(0).stderr;
    assert!(
        told.contains("the host is ending: it waits for 1 turn or call,"),
        "{told}"
    );
    cofferdam(&scratch, ["chat", "a", "hello"])
        .run()
        .exits(1)
        .complains(&["the host is ending", "started again"]);
    assert!(
        events.any(|line| line.contains("message.create")),
        "the turn came to its end"
    );
    assert_eq!(host.ended(), Some(0));
    client.wait().expect("ours");
    cofferdam(&scratch, ["ps"])
        .run()
        .exits(1)
        .complains(&["no host answers", "cofferdam serve"]);
}

#[test]
fn a_host_that_was_started_with_nohup_outlives_its_terminal() {
    let scratch = Scratch::new();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$0\" serve"])
        .arg(binary());
    let host = Host::run(&scratch, shell);
    host.signal("HUP");
    cofferdam(&scratch, ["ps"]).run().exits(0);
    assert_eq!(host.terminate(), Some(0));
}

#[test]
fn a_host_that_ends_delivers_what_it_has() {
    let scratch = Scratch::new();
    let big = scratch.file("big.txt", "x".repeat(1 << 20));
    let file = agentfile(&scratch, "a", "builtin/commands", &["cat"]);
    let copy = format!("a:{}", big.display());
    let mut host = Host::start(
        &scratch,
        [
            "--agentfile".as_ref(),
            file.as_os_str(),
            "--copy-in".as_ref(),
            copy.as_ref(),
        ],
    );
    let mut slow = Waiting::start(&scratch, &host, &["slow", "s", "run cat big.txt"]);
    assert_eq!(slow.says(), "step.start");
    host.hears("tool=\"cat\"");
    host.signal("TERM");
    host.hears("ending: ");
    let events = slow.goes_on();
    let events = events.as_array().expect("a list");
    assert!(
        events.iter().any(|event| event == "tool.result"),
        "{events:?}"
    );
    assert_eq!(
        events.last().expect("events"),
        "message.create",
        "{events:?}"
    );
    assert_eq!(host.ended(), Some(0));
}

#[test]
fn a_command_does_not_wait_for_a_host_that_is_stopped() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch, "a", "builtin/commands", &["sleep"]);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let (mut client, _events) = sleeping(&scratch, "s");
    host.signal("STOP");
    for command in [&["ps"][..], &["sessions", "ls"], &["chat", "a", "hello"]] {
        let ran = cofferdam(&scratch, command)
            .patience(PATIENCE)
            .run()
            .exits(1);
        ran.complains(&["the host does not answer", "stopped"]);
    }
    // Nor does one whose answer has begun.
    assert_eq!(client.wait().expect("ours").code(), Some(1));
    host.signal("CONT");
    cofferdam(&scratch, ["ps"]).run().exits(0);
}

#[test]
fn a_session_of_any_size_is_read_back() {
    let scratch = Scratch::new();
    let big = scratch.file("big.txt", "é".repeat(400 << 10));
    let call = "{\"name\": \"cat\", \"arguments\": {\"args\": [\"big.txt\"]}}";
    // A model reads 64 KiB of each result.
    let step = |calls: usize| format!("{{\"tool_calls\": [{}]}}\n", vec![call; calls].join(", "));
    let one = step(14) + "{\"text\": \"one\"}\n";
    let six = step(32).repeat(2) + "{\"text\": \"six\"}\n";
    scratch.file("a/turns.jsonl", one.repeat(6) + &six);
    let file = agentfile(&scratch, "a", "script/turns.jsonl", &["cat"]);
    let copy = format!("a:{}", big.display());
    let host = Host::start(
        &scratch,
        [
            "--agentfile".as_ref(),
            file.as_os_str(),
            "--copy-in".as_ref(),
            copy.as_ref(),
        ],
    );
    for _ in 0..6 {
        assert_eq!(
            content_of(&host.chat_in("a", "s", "go"), "message.create"),
            "one"
        );
    }
    // Old clients read the newest messages, as many as they can take.
    let messages = client(&scratch, &host, &["messages", "s"]);
    let messages = messages.as_array().expect("a list");
    assert_eq!(messages.last().expect("messages")[0], "assistant");
    assert!(
        (2..12).contains(&messages.len()),
        "{} messages",
        messages.len()
    );
    assert!(
        messages
            .iter()
            .filter(|message| message[0] == "assistant")
            .all(|message| message[1].as_str().unwrap().len() > 800_000)
    );
    // A message that is longer than they can take does not keep the others from them.
    assert_eq!(
        content_of(&host.chat_in("a", "s", "go"), "message.create"),
        "six"
    );
    let messages = client(&scratch, &host, &["messages", "s"]);
    let messages = messages.as_array().expect("a list");
    let last = messages.last().expect("messages")[1]
        .as_str()
        .expect("text");
    assert!(
        last.contains("this message has") && last.contains("sessions show"),
        "{last}"
    );
    assert!(messages.len() > 4, "{} messages", messages.len());
    // The command reads all of it.
    let shown = cofferdam(&scratch, ["sessions", "show", "s", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let shown = shown.as_array().expect("an array");
    assert_eq!(shown.len(), 14);
    // Everything is structured, whoever said it.
    assert_eq!(
        shown[0]["content"],
        json!([{ "kind": "text", "text": "go" }])
    );
    let parts = shown[13]["content"].as_array().expect("parts");
    assert_eq!(parts[0]["input"], json!({ "args": ["big.txt"] }));
    let outputs = parts.iter().filter(|part| part["kind"] == "tool");
    let lengths: Vec<_> = outputs
        .map(|part| part["output"].as_str().expect("text").len())
        .collect();
    assert_eq!(lengths.len(), 64);
    assert!(
        lengths.iter().all(|length| *length > 64 << 10),
        "{lengths:?}"
    );
    let shown = cofferdam(
        &scratch,
        ["sessions", "show", "s", "--limit", "3", "--format", "json"],
    )
    .run()
    .exits(0);
    assert_eq!(shown.json().as_array().map(Vec::len), Some(3));
    let sessions = cofferdam(&scratch, ["sessions", "ls", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(sessions[0]["message_count"], 14);
}

#[test]
fn the_door_of_mcp_makes_room_and_ends_on_a_hangup() {
    let scratch = Scratch::new();
    let mut child = Command::new(binary())
        .args(["mcp", "--listen", "127.0.0.1:0"])
        .arg(tool("wc"))
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut said = BufReader::new(child.stderr.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    let line = said
        .find(|line| line.contains("listening on http://"))
        .expect("it listens");
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect("an address");
    let silent: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(address).expect("it listens"))
        .collect();
    // The door of MCP makes room as those of gRPC do.
    let mut client = TcpStream::connect(address).expect("it listens");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client
        .write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())
        .expect("it is read");
    let mut head = [0; 12];
    client.read_exact(&mut head).expect("an answer");
    assert_eq!(&head, b"HTTP/1.1 401");
    assert!(
        descriptors(child.id()) < 200,
        "{} descriptors",
        descriptors(child.id())
    );
    drop(silent);
    let ended = Command::new("kill")
        .args(["-s", "HUP", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(ended.success());
    assert_eq!(child.wait().expect("ours").code(), Some(0));
}
