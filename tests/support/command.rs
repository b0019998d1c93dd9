//! The command line, run to its end.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Scratch, binary};

/// What is read of a command's output. Hostile guests print without end, and the host must cut them long before.
const MOST_OUTPUT: u64 = 16 << 20;

/// How long a command may take before the test gives up and kills it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory the process held, in KiB, as its last breath but one told.
    pub(crate) peak_kib: u64,
}

/// A command line of the binary under test, on the data directory of `scratch`.
pub(crate) struct Cofferdam {
    command: Command,
    stdin: Vec<u8>,
}

/// `cofferdam ARGS`, on the data directory of `scratch`.
pub(crate) fn cofferdam<S: AsRef<OsStr>>(scratch: &Scratch, args: impl IntoIterator<Item = S>) -> Cofferdam {
    let mut command = Command::new(binary());
    command.args(args).env("COFFERDAM_DATA_DIR", scratch.data()).current_dir(scratch.path());
    Cofferdam { command, stdin: Vec::new() }
}

impl Cofferdam {
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it and leaves it to the test, with its output in pipes.
    pub(crate) fn start(mut self) -> Child {
        let command = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary starts")
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        let input = std::mem::take(&mut self.stdin);
        // A command that does not read its input closes it.
        let feed = thread::spawn(move || stdin.write_all(&input).ok());
        let stdout = capped(child.stdout.take().expect("piped"));
        let stderr = capped(child.stderr.take().expect("piped"));
        let (code, peak_kib) = wait(&mut child);
        feed.join().expect("the input was written");
        let text = |reader: thread::JoinHandle<Vec<u8>>| {
            String::from_utf8_lossy(&reader.join().expect("the output was read")).into_owned()
        };
        Ran { code, stdout: text(stdout), stderr: text(stderr), peak_kib }
    }
}

impl Ran {
    /// The exit code, or a panic with everything that was printed.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// One clear sentence on standard error that holds all of `parts`, and no trace of a panic.
    #[track_caller]
    pub(crate) fn complains(self, parts: &[&str]) -> Self {
        let complaint = self.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        for part in parts {
            assert!(complaint.contains(part), "`{part}` is not in the complaint: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}

fn capped(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.take(MOST_OUTPUT).read_to_end(&mut bytes).expect("the pipe is readable");
        bytes
    })
}

/// Waits for the end, with a bound from outside, and looks at the memory of the process meanwhile.
fn wait(child: &mut Child) -> (Option<i32>, u64) {
    let began = Instant::now();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let now = std::fs::read_to_string(&status).unwrap_or_default();
        let now = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = peak.max(now.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return (status.code(), peak);
        }
        if began.elapsed() > PATIENCE {
            child.kill().expect("the child is ours");
            panic!("the command did not end within {PATIENCE:?}");
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}
