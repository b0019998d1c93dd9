//! A program, run to its end or to what is looked at of its output.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::directory::{self, Tree};
use super::table::{Case, Table};
use crate::support::{binary, checkout, tool};

/// What is read of an output. Cases print a few lines; this much only comes of a mistake.
const MOST_OUTPUT: u64 = 16 << 20;

/// How long a program may take: the first call of a tool compiles it, on a machine that does the
/// same for others.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(1);

/// What tools see as their working directory.
const WORKSPACE: &str = "/workspace";

/// What every tool sees, and before it what makes a native program speak the language and keep the
/// time of tools.
const VARIABLES: [(&str, &str); 9] = [
    ("LC_ALL", "C"),
    ("TZ", "UTC0"),
    ("PATH", "/usr/bin"),
    ("HOME", "/home"),
    ("XDG_CONFIG_HOME", "/home/.config"),
    ("XDG_CACHE_HOME", "/home/.cache"),
    ("XDG_DATA_HOME", "/home/.local/share"),
    ("TMPDIR", "/tmp"),
    ("OTTERS_AGENT_ROOT", "/"),
];

/// The user `nobody`, and his group. A mistake in a table must not reach the machine (`date -s`
/// does, as root).
const NOBODY: u32 = 65_534;

/// What a program did.
#[derive(Debug)]
pub(super) struct Did {
    /// The exit code; nothing when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
    pub(super) left: Tree,
}

impl Did {
    /// A program that printed this, said nothing else and left no file.
    pub(super) fn well(stdout: &[u8]) -> Self {
        Self {
            code: Some(0),
            stdout: stdout.to_owned(),
            stderr: String::new(),
            left: Tree::default(),
        }
    }
}

/// The program of that name on `PATH`.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// The native program, in a directory of its own. It sees the variables of a tool, and speaks the
/// language `C`. Nothing holds it in its directory but its rights, so it never has those of root.
pub(super) fn native(program: &Path, table: &Table, case: &Case, args: &[String]) -> Did {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    directory::lay(scratch.path(), [&table.files, &case.files]);
    let mut command = Command::new(program);
    command
        .arg0(&table.native[0])
        .args(&table.native[1..])
        .args(args)
        .current_dir(scratch.path());
    command.env_clear().envs(VARIABLES).envs(&case.env);
    if directory::is_roots(scratch.path()) {
        directory::give_away(scratch.path(), NOBODY);
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut did = end(command, case, scratch.path());
    did.stdout = replace(&did.stdout, scratch.path().as_os_str().as_encoded_bytes());
    did
}

/// Ours, in the sandbox.
pub(super) fn ours(
    name: &str,
    data: &Path,
    web: Option<u16>,
    table: &Table,
    case: &Case,
    args: &[String],
) -> Did {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    directory::lay(scratch.path(), [&table.files, &case.files]);
    let mut command = Command::new(binary());
    command
        .env("COFFERDAM_DATA_DIR", data)
        .env("COFFERDAM_CACHE_DIR", checkout().join("target/cache"))
        .args(["tool", "run", "--unrecorded"])
        .arg(tool(name));
    command.args([
        "--dir".into(),
        format!("{}:{WORKSPACE}", scratch.path().display()),
    ]);
    for (name, value) in &case.env {
        command.args(["--env".into(), format!("{name}={value}")]);
    }
    for (name, limit) in &case.limits {
        command.args([format!("--{name}"), limit.text()]);
    }
    if let Some(port) = web {
        command.args([
            "--http".into(),
            format!("127.0.0.1:{port}"),
            "--allow-address".into(),
            "127.0.0.0/8".into(),
        ]);
    }
    command.arg("--").args(args).current_dir(scratch.path());
    let mut did = end(command, case, scratch.path());
    did.code = told(&did.stderr, name).or(did.code);
    did
}

/// The exit code of a command, where the host tells it because it is not the host's own.
fn told(stderr: &str, name: &str) -> Option<i32> {
    let line = stderr.lines().next_back()?;
    line.strip_prefix(&exit_code(name))?.parse().ok()
}

/// The beginning of the line in which the host tells an exit code.
pub(super) fn exit_code(name: &str) -> String {
    format!("error: {name}: exit code ")
}

fn end(mut command: Command, case: &Case, directory: &Path) -> Did {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    let (mut stdin, input) = (child.stdin.take().expect("piped"), case.stdin.get());
    // A program that does not read its input closes it.
    let feed = thread::spawn(move || stdin.write_all(&input).ok());
    let stdout = reader(
        child.stdout.take().expect("piped"),
        case.first.map_or(MOST_OUTPUT, |first| first as u64),
    );
    let stderr = reader(child.stderr.take().expect("piped"), MOST_OUTPUT);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            break status;
        }
        let late = began.elapsed() > PATIENCE;
        if late || (case.first.is_some() && stdout.is_finished()) {
            child.kill().expect("the child is ours");
            assert!(!late, "{command:?} did not end within {PATIENCE:?}");
        }
        thread::park_timeout(LOOK);
    };
    feed.join().expect("the input was written");
    Did {
        code: status.code(),
        stdout: stdout.join().expect("the output was read"),
        stderr: String::from_utf8_lossy(&stderr.join().expect("the output was read")).into_owned(),
        left: directory::read(directory, case.times),
    }
}

fn reader(pipe: impl Read + Send + 'static, most: u64) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.take(most)
            .read_to_end(&mut bytes)
            .expect("the pipe is readable");
        bytes
    })
}

/// The output with the name that tools know in the place of the real directory.
fn replace(bytes: &[u8], directory: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    while let Some(at) = rest
        .windows(directory.len())
        .position(|window| window == directory)
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(WORKSPACE.as_bytes());
        rest = &rest[at + directory.len()..];
    }
    out.extend_from_slice(rest);
    out
}
