//! What an MCP client waits for, measured at the client. It is a pipe and a line of JSON, so that
//! nothing but the server is measured.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use serde_json::json;

use crate::median;
use crate::support::{Scratch, binary, cofferdam, tool};

/// Calls that are measured, after some that are not.
const CALLS: u64 = 5_000;
const WARM: u64 = 500;

/// Starts that are measured, after one that fills the cache.
const STARTS: usize = 15;

/// Components of the second measurement, each another one.
const TOOLS: usize = 50;

const CALL: Duration = Duration::from_micros(150);
const START: Duration = Duration::from_millis(50);

pub(crate) fn measure(report: &mut Report) {
    let scratch = Scratch::new();
    let call = calls(&scratch.data(), &tool("text-stats"));
    let what =
        "MCP `tools/call` of a typed tool over stdio, a fresh instance each, median at the client";
    report.row(what, &time(call), "≤ 150 µs", call <= CALL);
    let start = starts(&scratch.data(), &many(&scratch, TOOLS));
    let what = "start of `cofferdam mcp` to the end of its first call, 50 tools cached";
    report.row(what, &time(start), "≤ 50 ms", start <= START);
}

/// A running server and its client's ends of the pipes.
pub(crate) struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(data: &Path, tools: &Path) -> Self {
        let mut command = Command::new(binary());
        command
            .arg("mcp")
            .arg(tools)
            .env("COFFERDAM_DATA_DIR", data);
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

    fn call(&mut self, tool: &str, id: u64) {
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

fn calls(data: &Path, component: &Path) -> Duration {
    let mut server = Server::start(data, component);
    (1..=WARM).for_each(|id| server.call("text-stats", id));
    let measured = |id| {
        let began = Instant::now();
        server.call("text-stats", WARM + id);
        began.elapsed()
    };
    median((1..=CALLS).map(measured).collect())
}

fn starts(data: &Path, tools: &Path) -> Duration {
    let start = || {
        let began = Instant::now();
        Server::start(data, tools).call("text-stats", 1);
        began.elapsed()
    };
    start();
    median((0..STARTS).map(|_| start()).collect())
}

/// So many components that differ, because their manifests do; one of them is the tool as it is.
pub(crate) fn many(scratch: &Scratch, count: usize) -> PathBuf {
    let tools = scratch.directory("tools");
    std::fs::copy(tool("text-stats"), tools.join("text-stats.wasm")).expect("a file");
    for index in 1..count {
        let name = format!("tool-{index}");
        let other = scratch.directory("other").join(format!("{name}.wasm"));
        std::fs::copy(tool("text-stats"), &other).expect("a file");
        let text = format!(
            "schema = 1\n[tool]\nname = \"{name}\"\nversion = \"0.0.0\"\nsummary = \"one of \
                many\"\n"
        );
        let manifest = scratch.file("capabilities.toml", text);
        let build = [
            "tool".as_ref(),
            "build".as_ref(),
            other.as_os_str(),
            "--capabilities".as_ref(),
        ];
        let to = [manifest.as_os_str(), "--out".as_ref(), tools.as_os_str()];
        cofferdam(scratch, build.into_iter().chain(to))
            .run()
            .exits(0);
    }
    tools
}
