//! What an MCP client waits for, measured at the client: `cargo bench --locked --package cofferdam-server --bench mcp`,
//! after `./just tools`. The client here is a pipe and a line of JSON, so that nothing but the server is measured.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_capability::Manifest;
use serde_json::json;

/// Calls that are measured, after some that are not.
const CALLS: u64 = 5_000;
const WARM: u64 = 500;

/// Starts that are measured, after one that fills the cache.
const STARTS: usize = 15;

/// Components of the second measurement, each another one.
const TOOLS: usize = 50;

/// A running server and its client's ends of the pipes.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(data: &Path, tools: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cofferdam"));
        command.arg("mcp").arg(tools).env("COFFERDAM_DATA_DIR", data);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().expect("piped"));
        let mut server = Self { child, stdin, stdout };
        let client = json!({ "name": "bench", "version": "0" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        server.ask(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string());
        server.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        server
    }

    fn say(&mut self, line: &str) {
        self.stdin.write_all(format!("{line}\n").as_bytes()).expect("the server reads");
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(line);
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).expect("the server answers");
        answer
    }

    fn call(&mut self, tool: &str, id: u64) {
        let params = json!({ "name": tool, "arguments": { "text": "one two three" } });
        let answer =
            self.ask(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string());
        assert!(answer.contains("\"structuredContent\":{"), "{answer}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn main() {
    let scratch = tempfile::tempdir().expect("a directory");
    let component = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/text-stats.wasm");
    assert!(component.exists(), "{} is missing: `./just tools` builds it", component.display());
    let calls = calls(&scratch.path().join("data"), &component);
    row("typed `tools/call` over stdio, fresh instance, median at the client", calls, Duration::from_micros(150));
    let tools = many(scratch.path(), &std::fs::read(&component).expect("a file"));
    let start = starts(&scratch.path().join("data"), &tools);
    row("process start to the first call, 50 tools cached, median", start, Duration::from_millis(50));
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
        Server::start(data, tools).call("tool-0", 1);
        began.elapsed()
    };
    start();
    median((0..STARTS).map(|_| start()).collect())
}

/// Fifty components that differ, because their manifests do.
fn many(scratch: &Path, component: &[u8]) -> PathBuf {
    let tools = scratch.join("tools");
    std::fs::create_dir(&tools).expect("a directory");
    for index in 0..TOOLS {
        let text =
            format!("schema = 1\n[tool]\nname = \"tool-{index}\"\nversion = \"0.0.0\"\nsummary = \"one of many\"\n");
        let manifest = Manifest::from_toml(&text, "capabilities.toml").expect("a manifest");
        let component = cofferdam_tool::embed_manifest(component, &manifest).expect("a component");
        std::fs::write(tools.join(format!("{index}.wasm")), component).expect("a file");
    }
    tools
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn row(what: &str, measured: Duration, target: Duration) {
    let holds = if measured <= target { "yes" } else { "no" };
    println!("| {what} | {measured:.1?} | ≤ {target:.0?} | {holds} |");
}
