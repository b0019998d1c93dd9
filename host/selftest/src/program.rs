//! The binary, run to its end and looked at from outside.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::problem::Problem;

/// Maximum bytes that are read of a program's output. Hostile guests print without end, and the
/// host must cut them long before.
const MOST_OUTPUT: u64 = 16 << 20;

/// The longest time a program may take before it is killed: four times the longest deadline of a
/// row.
const PATIENCE: Duration = Duration::from_secs(120);

/// Interval at which a running program is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// A program to start, with an environment of its own.
#[derive(Debug)]
pub struct Program {
    command: Command,
    stdin: Vec<u8>,
    patience: Duration,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// The beginning of what it printed.
    pub stdout: String,
    /// The beginning of what it complained.
    pub stderr: String,
    /// Time it ran.
    pub wall: Duration,
    /// The most memory it held, in KiB, as its last breath but one told.
    pub peak_kib: u64,
    /// The most descriptors that were seen open.
    pub descriptors: usize,
}

impl Program {
    /// `binary ARGS` in `directory`.
    pub fn new<S: AsRef<OsStr>>(
        binary: &Path,
        directory: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(binary);
        command.args(args).current_dir(directory);
        Self {
            command,
            stdin: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Begins with an empty environment.
    pub(crate) fn without_environment(mut self) -> Self {
        self.command.env_clear();
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Says this on standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Waits so long for its end, instead of two minutes.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts it and leaves it to the caller, with its output in pipes.
    ///
    /// # Errors
    /// The binary does not start.
    pub fn start(mut self) -> Result<Child, Problem> {
        let command = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let name = PathBuf::from(command.get_program());
        Problem::at(name.display(), command.spawn())
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// The binary does not start, or does not end while it is waited for.
    pub fn run(mut self) -> Result<Ran, Problem> {
        let command = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let name = OsString::from(command.get_program());
        let began = Instant::now();
        let mut child = Problem::at(Path::new(&name).display(), command.spawn())?;
        if let Some(mut stdin) = child.stdin.take() {
            let input = std::mem::take(&mut self.stdin);
            // A program that does not read its input closes it; the thread ends with the pipe.
            thread::spawn(move || stdin.write_all(&input).ok());
        }
        let stdout = child.stdout.take().map(capped);
        let stderr = child.stderr.take().map(capped);
        let (code, peak_kib, descriptors) = wait(&mut child, began, self.patience)?;
        let wall = began.elapsed();
        Ok(Ran {
            code,
            stdout: text(stdout),
            stderr: text(stderr),
            wall,
            peak_kib,
            descriptors,
        })
    }
}

fn capped(pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        pipe.take(MOST_OUTPUT).read_to_end(&mut bytes).ok();
        bytes
    })
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader
        .and_then(|reader| reader.join().ok())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for the end, with a bound from outside, and looks at the process meanwhile.
fn wait(
    child: &mut Child,
    began: Instant,
    patience: Duration,
) -> Result<(Option<i32>, u64, usize), Problem> {
    let mut peak = 0;
    let mut descriptors = 0;
    loop {
        if is_itself(child.id()) {
            peak = peak.max(memory(child.id(), "VmHWM:"));
        }
        descriptors = descriptors.max(open(child.id()));
        if let Some(status) = Problem::at("waiting for a process", child.try_wait())? {
            return Ok((status.code(), peak, descriptors));
        }
        if began.elapsed() > patience {
            child.kill().ok();
            child.wait().ok();
            return Err(Problem(format!(
                "the process did not end within {patience:?}"
            )));
        }
        thread::park_timeout(LOOK);
    }
}

/// Returns true once a process that was started has memory of its own. Until then it shows that of
/// this one, and its command line.
fn is_itself(id: u32) -> bool {
    let line = |id: &str| std::fs::read(format!("/proc/{id}/cmdline")).ok();
    line(&id.to_string()) != line("self")
}

/// A line of `/proc/<id>/status`, in KiB; 0 when the process is gone.
pub(crate) fn memory(id: u32, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

/// Descriptors that a process has open; 0 when it is gone.
pub(crate) fn open(id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count)
}
