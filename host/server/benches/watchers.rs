//! The time until a thousand clients know a new status of an agent, through the built binary.
//! `./just bench` runs it and writes its section of BENCHMARKS.md.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a benchmark is run by hand; one that cannot go on stops"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cofferdam_report::{Report, time};
use cofferdam_server::{Client, Statuses};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Clients that follow the status, and connections that they share.
const WATCHERS: usize = 1_000;
const CONNECTIONS: usize = 10;

/// Stops that are measured, each with a start after it.
const ROUNDS: usize = 21;

/// The time from the first client that knows to the last.
const FAN_OUT: Duration = Duration::from_millis(10);

const AGENT: &str = "watched";

/// The host, which is killed when this is dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A status that a client has heard of.
struct Heard {
    status: String,
    at: Instant,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let data = tempfile::tempdir().expect("a directory");
    let _host = serve(data.path());
    let socket = data.path().join("cofferdam.sock");
    let (told, mut heard) = unbounded_channel();
    for _ in 0..CONNECTIONS {
        let client = Client::connect(&socket).await.expect("the host listens");
        for _ in 0..WATCHERS / CONNECTIONS {
            let statuses = client.watch_agent(AGENT.to_owned()).await;
            let statuses = statuses.expect("there is room for it");
            tokio::spawn(listen(statuses, told.clone()));
        }
    }
    let operator = Client::connect(&socket).await.expect("the host listens");
    all(&mut heard, "ready").await;
    let mut from_first = Vec::new();
    let mut from_request = Vec::new();
    for _ in 0..ROUNDS {
        let asked = Instant::now();
        let stopped = operator.stop_agent(AGENT.to_owned()).await;
        stopped.expect("it runs");
        let times = all(&mut heard, "stopped").await;
        let first = times.iter().min().expect("there are some");
        let last = times.iter().max().expect("there are some");
        from_first.push(last.duration_since(*first));
        from_request.push(last.duration_since(asked));
        let started = operator.start_agent(AGENT.to_owned()).await;
        started.expect("it is stopped");
        all(&mut heard, "ready").await;
    }
    let fan_out = median(from_first);
    let mut report = Report::new("Followers of an agent");
    report.row(
        &format!("a new status, from the first of {WATCHERS} clients (`WatchAgent`) to the last"),
        &format!(
            "{} ({} from the request that changes it)",
            time(fan_out),
            time(median(from_request))
        ),
        "≤ 10 ms",
        fan_out <= FAN_OUT,
    );
    report.finish();
}

async fn listen(mut statuses: Statuses, told: UnboundedSender<Heard>) {
    while let Ok(Some(entry)) = statuses.next().await {
        let at = Instant::now();
        let status = entry.status;
        if told.send(Heard { status, at }).is_err() {
            return;
        }
    }
}

/// Waits until all clients know this status, and returns when each of them did.
async fn all(heard: &mut UnboundedReceiver<Heard>, status: &str) -> Vec<Instant> {
    let mut times = Vec::new();
    while times.len() < WATCHERS {
        let next = tokio::time::timeout(Duration::from_secs(60), heard.recv()).await;
        let next = next.unwrap_or_else(|_| {
            panic!(
                "{} of {WATCHERS} clients know that it is {status}",
                times.len()
            )
        });
        let next = next.expect("clients listen");
        if next.status == status {
            times.push(next.at);
        }
    }
    times
}

/// A host with one agent.
fn serve(data: &Path) -> Host {
    let echo = checkout().join("target/tools/echo.wasm");
    let agentfile = data.join("Agentfile");
    let text = format!(
        "FROM scratch\nNAME {AGENT}\nMODEL builtin/commands\nBIN echo {}\n",
        echo.display()
    );
    std::fs::write(&agentfile, text).expect("a file");
    let mut command = Command::new(binary());
    command
        .arg("serve")
        .arg("--agentfile")
        .arg(&agentfile)
        .env("COFFERDAM_DATA_DIR", data)
        .env("COFFERDAM_CACHE_DIR", checkout().join("target/cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let stderr = child.stderr.take().expect("piped");
    let mut said = BufReader::new(stderr).lines().map_while(Result::ok);
    assert!(
        said.any(|line| line.contains("next: ")),
        "the host has an agent"
    );
    // The rest is read, so that nothing waits for it.
    std::thread::spawn(move || said.for_each(drop));
    Host(child)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The binary of the profile of this benchmark.
fn binary() -> PathBuf {
    checkout().join(if cfg!(debug_assertions) {
        "target/debug/cofferdam"
    } else {
        "target/release/cofferdam"
    })
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .and_then(Path::parent)
        .expect("host/server lies in the checkout")
}
