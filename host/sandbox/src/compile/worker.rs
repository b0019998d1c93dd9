//! The process that compiles, seen from both of its ends.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use cofferdam_capability::SystemError;
use rustix::process::{Resource, Rlimit, Signal, getppid, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::cache::{Cache, MAX_CODE, Native, Writing};
use crate::pool;
use cofferdam_call::MAX_COMPONENT;

/// The argument that makes the `cofferdam` binary a compiler.
const WORKER: &str = "compile-worker";

/// CPU time of one compilation in seconds. A Python component of 18 MB takes about 20 over two
/// threads.
const CPU_SECONDS: u64 = 60;

/// Seconds of CPU time after the first signal of that limit, at which the system would kill. The
/// first one ends the worker, so that a kill is known to be somebody else's.
const CPU_GRACE: u64 = 5;

/// Address space of one compilation, in bytes. A Python component needs about half.
const ADDRESS_SPACE: u64 = 2 << 30;

/// The longest message of a failed compilation that is read, in bytes.
const MAX_WORDS: u64 = 4 << 10;

/// Time between two looks of a compiler at its host.
const LOOK: Duration = Duration::from_millis(500);

/// Code that is read at once, in bytes: the size of a pipe.
const PIECE: usize = 64 << 10;

/// The way out for the author of a component that is too large.
const SMALLER: &str =
    "build it for size (`opt-level = \"s\"`, `lto = true`), without what it does not use";

/// Signals by which a compiler ends itself: at the limit of its CPU time, without memory, or by a
/// mistake of its own. Others come from outside, also when the system has no memory left for
/// anybody.
const OWN_ENDS: [Signal; 7] = [
    Signal::XCPU,
    Signal::ABORT,
    Signal::SEGV,
    Signal::BUS,
    Signal::ILL,
    Signal::FPE,
    Signal::XFSZ,
];

/// Exit codes of a compiler without code: because of the component, or of its host. A panic has
/// another one.
const OF_COMPONENT: u8 = 1;
pub(super) const OF_HOST: u8 = 3;

/// The reason for which there is no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The component cannot be compiled within the limits: another try would end the same way.
    Component(String),
    /// The host could not do its part.
    Host(String),
}

/// Compiles `bytes` and keeps the code under `name`. Whoever drops this future ends the process.
#[allow(
    clippy::disallowed_methods,
    reason = "the compiler is this host's own binary, started under limits"
)]
pub(super) async fn compile(
    compiler: &Path,
    cache: &Cache,
    name: &str,
    bytes: &[u8],
) -> Result<Native, Failure> {
    let mut child = Command::new(compiler)
        .arg(WORKER)
        .env_clear()
        // Signals of a terminal are for the host, which ends this process itself.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            Failure::Host(format!("{} cannot be started: {error}", compiler.display()))
        })?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Failure::Host(
            "the compiler's streams are closed".to_owned(),
        ));
    };
    // A compiler that dies early closes its input; its words and its exit status say why.
    let feed = async move {
        let _ = stdin.write_all(bytes).await;
    };
    let words = async move {
        let mut words = Vec::new();
        let _ = stderr.take(MAX_WORDS).read_to_end(&mut words).await;
        words
    };
    let mut writing = cache.begin().map_err(|error| not_stored(&error))?;
    let (read, words, ()) = tokio::join!(receive(&mut child, stdout, &mut writing), words, feed);
    read?;
    let status = child
        .wait()
        .await
        .map_err(|error| Failure::Host(error.to_string()))?;
    if !status.success() {
        return Err(failure(status, &words));
    }
    writing.keep(name).map_err(|error| not_stored(&error))
}

/// Takes the code as it comes. Where there is too much of it, or no room for it, the compiler is
/// ended at once.
async fn receive(
    child: &mut Child,
    mut stdout: impl AsyncRead + Unpin,
    writing: &mut Writing<'_>,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    let failure = loop {
        let read = match stdout.read(&mut piece).await {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) => break Failure::Host(error.to_string()),
        };
        match writing.write(piece.get(..read).unwrap_or_default()) {
            Ok(true) => {}
            Ok(false) => {
                break Failure::Component(format!(
                    "its code has more than the {} MiB that are loaded; {SMALLER}",
                    MAX_CODE >> 20
                ));
            }
            Err(error) => break not_stored(&error),
        }
    };
    // If it has ended already, there is nothing to end.
    let _ = child.start_kill();
    Err(failure)
}

fn not_stored(error: &std::io::Error) -> Failure {
    Failure::Host(format!(
        "its code cannot be stored in cache/ of the data directory: {}",
        SystemError(error)
    ))
}

/// The reason of a compiler that failed: its own words, its limits, or somebody who has ended it.
fn failure(status: ExitStatus, words: &[u8]) -> Failure {
    let words = String::from_utf8_lossy(words);
    match (words.lines().next(), status.code().map(u8::try_from)) {
        (Some(line), Some(Ok(OF_COMPONENT))) => return Failure::Component(line.to_owned()),
        (Some(line), Some(Ok(OF_HOST))) => return Failure::Host(line.to_owned()),
        _ => {}
    }
    match status.signal() {
        Some(signal) if !OWN_ENDS.iter().any(|own| own.as_raw() == signal) => {
            Failure::Host(format!(
                "its compiler was ended by signal {signal}, which it did not cause itself: try \
                 again"
            ))
        }
        _ => {
            let memory = ADDRESS_SPACE >> 30;
            Failure::Component(format!(
                "it needs more than {CPU_SECONDS} s of CPU time or {memory} GiB of memory; \
                 {SMALLER}"
            ))
        }
    }
}

/// The reason for which a compiler has no code. The host reads its first line, and its exit code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The component cannot be compiled.
    #[error("{0}")]
    Component(String),
    /// The compiler could not do its part, whatever the component is.
    #[error("{0}")]
    Host(String),
}

impl CompileError {
    /// The exit code by which the host knows it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Component(_) => OF_COMPONENT,
            Self::Host(_) => OF_HOST,
        }
    }
}

/// Runs the `cofferdam` binary as a compiler. It gives up its own resources before it reads the
/// first byte.
///
/// # Errors
///
/// If its limits cannot be set, or if the component cannot be compiled.
pub fn compile_worker() -> Result<(), CompileError> {
    let io = |error: std::io::Error| CompileError::Host(error.to_string());
    end_with_host()
        .map_err(|error| CompileError::Host(format!("its compiler has no watch: {error}")))?;
    limit_self().map_err(|error| {
        CompileError::Host(format!("the limits of its compiler cannot be set: {error}"))
    })?;
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_COMPONENT)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let engine = wasmtime::Engine::new(&pool::config())
        .map_err(|error| CompileError::Host(format!("{error:#}")))?;
    let code = engine.precompile_component(&bytes);
    let code =
        code.map_err(|error| CompileError::Component(format!("{error:#}").replace('\n', " ")))?;
    std::io::stdout().write_all(&code).map_err(io)
}

/// Ends this process when its host has: no signal for the group of the host reaches it.
fn end_with_host() -> std::io::Result<()> {
    let host = getppid();
    let watch = move || {
        while getppid() == host {
            std::thread::park_timeout(LOOK);
        }
        std::process::exit(1);
    };
    std::thread::Builder::new().spawn(watch).map(drop)
}

/// Lowers what this process may have. Where it may have less already, that holds: only some users
/// may raise it.
fn limit_self() -> rustix::io::Result<()> {
    let set = |resource, current: u64, maximum: u64| {
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        setrlimit(
            resource,
            Rlimit {
                current: Some(current.min(most)),
                maximum: Some(maximum.min(most)),
            },
        )
    };
    let limit = |resource, most| set(resource, most, most);
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, 64)?;
    set(Resource::Cpu, CPU_SECONDS, CPU_SECONDS + CPU_GRACE)?;
    limit(Resource::As, ADDRESS_SPACE)
}
