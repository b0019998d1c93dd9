//! `cofferdam mcp` as the tests run it, and a client in Python (`mcp` from PyPI).

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Scratch, binary, checkout, python};

/// How long a process may take to say something that a test waits for: the first start compiles
/// tools.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// What `COFFERDAM_LOG` lets into the log: errors, and how calls ended.
const LOG: &str = "error,cofferdam_tool=info";

/// `cofferdam mcp ARGS`, left to the test. It is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// Dropped to end it.
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Receiver<String>,
    pub(crate) stderr: Receiver<String>,
}

impl Server {
    pub(crate) fn start<S: Into<OsString>>(
        scratch: &Scratch,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(binary());
        command
            .arg("mcp")
            .args(args.into_iter().map(Into::into))
            .current_dir(scratch.path());
        command.envs(scratch.variables()).env("COFFERDAM_LOG", LOG);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let (stdin, stdout) = (
            child.stdin.take(),
            lines(child.stdout.take().expect("piped")),
        );
        let stderr = lines(child.stderr.take().expect("piped"));
        Self {
            child,
            stdin,
            stdout,
            stderr,
        }
    }

    /// The next line on standard error that holds `part`.
    #[track_caller]
    pub(crate) fn complains(&self, part: &str) -> String {
        next(&self.stderr, part)
    }

    /// Over HTTP: the address it listens on.
    #[track_caller]
    pub(crate) fn address(&self) -> String {
        let line = self.complains("listening on http://");
        let url = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("http://"))
            .expect("an address");
        url.trim_end_matches(';')
            .trim_end_matches("/mcp")
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn send(&mut self, line: &[u8]) {
        let stdin = self.stdin.as_mut().expect("not closed");
        stdin
            .write_all(line)
            .and_then(|()| stdin.write_all(b"\n"))
            .expect("the server reads");
    }

    /// A request, with what its answer says.
    #[track_caller]
    pub(crate) fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.send(
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
                .to_string()
                .as_bytes(),
        );
        let line = next(&self.stdout, &format!("\"id\":{id},"));
        serde_json::from_str(&line).expect("an answer is JSON")
    }

    /// The handshake of older versions.
    #[track_caller]
    pub(crate) fn initialize(&mut self) -> Value {
        let client = json!({ "name": "test", "version": "0" });
        let params =
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        let answer = self.ask(0, "initialize", params);
        self.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("the server is ours") {
                return status.code();
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("the server did not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

#[track_caller]
pub(crate) fn next(lines: &Receiver<String>, part: &str) -> String {
    let (deadline, mut said) = (Instant::now() + PATIENCE, Vec::new());
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if line.contains(part) {
            return line;
        }
        said.push(line);
    }
    panic!("`{part}` was not said, but:\n{}", said.join("\n"));
}

/// A server that a client starts itself.
pub(crate) fn over_stdio(scratch: &Scratch, mode: &str, args: &[&str]) -> Value {
    let mut command = vec![binary().display().to_string(), "mcp".to_owned()];
    command.extend(args.iter().map(|&arg| arg.to_owned()));
    let mut env: Map<String, Value> = scratch
        .variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    env.insert("COFFERDAM_LOG".to_owned(), json!(LOG));
    json!({ "command": command, "env": env, "mode": mode })
}

/// A server that runs already.
pub(crate) fn over_http(scratch: &Scratch, mode: &str, address: &str) -> Value {
    json!({ "url": format!("http://{address}/mcp"), "token": token(scratch), "mode": mode })
}

pub(crate) fn token(scratch: &Scratch) -> String {
    std::fs::read_to_string(scratch.data().join("operator.token"))
        .expect("a token")
        .trim_end()
        .to_owned()
}

/// `tests/door/mcp/client.py SERVER ACTION…`.
pub(crate) fn client(server: &Value, action: &[&str]) -> Command {
    let mut command = Command::new(python());
    command
        .arg(checkout().join("tests/door/mcp/client.py"))
        .arg(server.to_string())
        .args(action);
    command
}

/// What a client printed, and what its server said on standard error.
#[track_caller]
pub(crate) fn asked(server: &Value, action: &[&str]) -> (Value, String) {
    let output = client(server, action).output().expect("Python runs");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
    (
        serde_json::from_str(&stdout).expect("the client prints JSON"),
        stderr.into_owned(),
    )
}
