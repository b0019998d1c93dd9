//! Compilation, in a process of its own.
//!
//! Compiling a hostile component can take a minute and gigabytes, and the engine does not defend against that. So the
//! host starts its own binary again, which takes a component on standard input under limits of the operating system, and
//! answers with native code on standard output.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cofferdam_capability::Digest;
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::cache::{MAX_CODE, Native};
use crate::component::MAX_COMPONENT;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::pool;

/// The argument that makes the `cofferdam` binary a compiler.
const WORKER: &str = "compile-worker";

/// CPU time of one compilation in seconds. A Python component of 18 MB takes about 20 over two threads.
const CPU_SECONDS: u64 = 60;

/// Address space of one compilation, in bytes. A Python component needs about half.
const ADDRESS_SPACE: u64 = 2 << 30;

/// Wall clock of one compilation: its CPU time on one core that it shares with another process.
const WALL: Duration = Duration::from_secs(120);

/// What is read of a failed compilation's words, in bytes.
const MAX_WORDS: u64 = 4 << 10;

/// Native code for a component: from the cache, or compiled now.
pub(crate) async fn native(engine: &Engine, digest: Digest, bytes: &[u8], origin: &str) -> Result<Native, LoadError> {
    let name = entry_name(engine, digest);
    if let Some(native) = engine.cache.get(&name) {
        return Ok(native);
    }
    let _turn = engine.compiling.lock().await;
    // Somebody else may have compiled it while this call waited.
    if let Some(native) = engine.cache.get(&name) {
        return Ok(native);
    }
    let failed = |problem: String| LoadError::Compile { origin: origin.to_owned(), problem };
    let work = compile(&engine.compiler, bytes);
    let code = match tokio::time::timeout(WALL, work).await {
        Ok(code) => code.map_err(failed)?,
        Err(_) => return Err(failed(format!("it took longer than {} s", WALL.as_secs()))),
    };
    engine.cache.put(&name, &code).map_err(|error| failed(format!("the result cannot be stored: {error}")))
}

/// What native code depends on: the component, the engine's version and configuration, the machine it was made for.
fn entry_name(engine: &Engine, digest: Digest) -> String {
    format!("{}-{:016x}", digest.hex(), engine.pools.compatibility())
}

#[allow(clippy::disallowed_methods, reason = "the compiler is this host's own binary, started under limits")]
async fn compile(compiler: &Path, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(compiler)
        .arg(WORKER)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", compiler.display()))?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("the compiler's streams are closed".to_owned());
    };
    // A compiler that dies early closes its input; its words and its exit status say why.
    let feed = async move {
        let _ = stdin.write_all(bytes).await;
        drop(stdin);
    };
    let (mut code, mut words) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(MAX_CODE), stderr.take(MAX_WORDS));
    let (_, read, _) = tokio::join!(feed, stdout.read_to_end(&mut code), stderr.read_to_end(&mut words));
    let status = child.wait().await.map_err(|error| error.to_string())?;
    read.map_err(|error| error.to_string())?;
    if status.success() {
        return Ok(code);
    }
    let words = String::from_utf8_lossy(&words);
    match words.lines().next() {
        Some(line) if status.code() == Some(1) => Err(line.to_owned()),
        _ => Err(format!("it needs more than {CPU_SECONDS} s of CPU time or {} GiB of memory", ADDRESS_SPACE >> 30)),
    }
}

/// The other side: what the `cofferdam` binary does when it is started as a compiler. It gives up its own resources
/// before it reads the first byte.
pub fn compile_worker() -> Result<(), String> {
    limit_self().map_err(|error| format!("the compiler's limits cannot be set: {error}"))?;
    let mut bytes = Vec::new();
    std::io::stdin().take(MAX_COMPONENT as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let engine = wasmtime::Engine::new(&pool::config()).map_err(|error| format!("{error:#}"))?;
    let code = engine.precompile_component(&bytes).map_err(|error| format!("{error:#}").replace('\n', " "))?;
    std::io::stdout().write_all(&code).map_err(|error| error.to_string())
}

fn limit_self() -> rustix::io::Result<()> {
    let limit = |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, 64)?;
    limit(Resource::Cpu, CPU_SECONDS)?;
    limit(Resource::As, ADDRESS_SPACE)
}
