//! What an MCP client waits for, measured at the client. It is a pipe and a line of JSON, so that
//! nothing but the server is measured.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use serde_json::json;

use crate::in_process::Calls;
use crate::support::{Scratch, binary, tool};
use crate::{count, median};

/// Calls that are measured, after some that are not.
const CALLS: usize = 5_000;
const WARM: usize = 500;

/// Rounds in which calls over MCP and in process are measured, one after the other.
const ROUNDS: usize = 5;

/// Starts that are measured.
const STARTS: usize = 15;

const CALL: Duration = Duration::from_micros(150);
const START: Duration = Duration::from_millis(50);
const ANSWER: Duration = Duration::from_secs(1);

/// The longest time in which all tools are compiled.
const COMPILED: Duration = Duration::from_secs(1_800);

/// The most that a call may take, in calls in process.
const MOST: f64 = 3.0;

const INPUT: &str = r#"{"text":"one two three"}"#;

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let Compared { call, directly } = calls(&scratch, &tool("text-stats"));
    let what =
        "MCP `tools/call` of a typed tool over stdio, a fresh instance each, median at the client";
    report.row(what, &time(call), "≤ 150 µs", call <= CALL);
    let ratio = call.as_secs_f64() / directly.as_secs_f64();
    report.row(
        "the same ÷ the call in process, recorded both",
        &format!("{ratio:.2} ({} ÷ {})", time(call), time(directly)),
        "≤ 3",
        ratio <= MOST,
    );
    let tools = shipped(&scratch);
    let number = tools.read_dir().expect("a directory").count();
    let cold = median((0..count(STARTS)).map(|_| answered(&tools)).collect());
    report.row(
        &format!(
            "start of `cofferdam mcp` until `initialize` is answered, {number} tools, none compiled"
        ),
        &time(cold),
        "≤ 1 s",
        cold <= ANSWER,
    );
    let start = starts(&tools);
    report.row(
        &format!("start of `cofferdam mcp` to the end of its first call, {number} tools cached"),
        &time(start),
        "≤ 50 ms",
        start <= START,
    );
}

/// Calls over MCP, and the same ones made directly.
struct Compared {
    call: Duration,
    directly: Duration,
}

/// A running server and its client's ends of the pipes.
pub(crate) struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(scratch: &Scratch, tools: &Path) -> Self {
        let mut command = Command::new(binary());
        command.arg("mcp").arg(tools).envs(scratch.variables());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().expect("piped"));
        let mut server = Self {
            child,
            stdin,
            stdout,
        };
        let client = json!({ "name": "bench", "version": "0" });
        let params =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        server.ask(
            &json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params })
                .to_string(),
        );
        server.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        server
    }

    fn say(&mut self, line: &str) {
        self.stdin
            .write_all(format!("{line}\n").as_bytes())
            .expect("the server reads");
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.say(line);
        let mut answer = String::new();
        // What the server says by itself is no answer.
        while !answer.contains("\"id\":") {
            answer.clear();
            let read = self.stdout.read_line(&mut answer);
            assert!(
                read.expect("the server answers") > 0,
                "the server has ended"
            );
        }
        answer
    }

    fn call(&mut self, tool: &str, id: usize) {
        let params = json!({ "name": tool, "arguments": { "text": "one two three" } });
        let answer = self.ask(
            &json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
                .to_string(),
        );
        assert!(answer.contains("\"structuredContent\":{"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn calls(scratch: &Scratch, component: &Path) -> Compared {
    let mut server = Server::start(scratch, component);
    // In a data directory of its own: the server has the other trail.
    let apart = Scratch::new();
    let direct = Calls {
        scratch: &apart,
        component,
        input: INPUT,
        count: u32::try_from(count(1_000)).expect("small"),
        flags: &[],
    };
    direct.each();
    let mut id = 0;
    let mut call = || {
        id += 1;
        let began = Instant::now();
        server.call("text-stats", id);
        began.elapsed()
    };
    for _ in 0..count(WARM) {
        call();
    }
    let mut calls = Vec::new();
    let mut directly = Vec::new();
    for _ in 0..ROUNDS {
        calls.extend((0..count(CALLS) / ROUNDS).map(|_| call()));
        directly.push(direct.each());
    }
    Compared {
        call: median(calls),
        directly: median(directly),
    }
}

/// The time until a server has answered that has nothing of its tools compiled.
fn answered(tools: &Path) -> Duration {
    let scratch = Scratch::with_own_cache();
    let began = Instant::now();
    let server = Server::start(&scratch, tools);
    let took = began.elapsed();
    drop(server);
    took
}

fn starts(tools: &Path) -> Duration {
    let scratch = Scratch::with_own_cache();
    let number = tools.read_dir().expect("a directory").count();
    let server = Server::start(&scratch, tools);
    let deadline = Instant::now() + COMPILED;
    while compiled(&scratch) < number {
        assert!(Instant::now() < deadline, "the tools are not compiled");
        thread::park_timeout(Duration::from_millis(100));
    }
    drop(server);
    let start = || {
        let began = Instant::now();
        Server::start(&scratch, tools).call("text-stats", 1);
        began.elapsed()
    };
    start();
    median((0..count(STARTS)).map(|_| start()).collect())
}

/// Components in the cache.
fn compiled(scratch: &Scratch) -> usize {
    let Ok(cache) = scratch.data().join("cache").read_dir() else {
        return 0;
    };
    let names = cache.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.ends_with(".cwasm")).count()
}

/// A directory with every tool that ships.
fn shipped(scratch: &Scratch) -> PathBuf {
    let tools = scratch.directory("tools");
    let built = tool("text-stats");
    let directory = built.parent().expect("it lies in one");
    for file in directory.read_dir().expect("a directory") {
        let path = file.expect("an entry").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let name = path.file_name().expect("a name");
            std::fs::copy(&path, tools.join(name)).expect("a file");
        }
    }
    tools
}
