//! A host that serves the guests to an agent, so that what one leaves behind would show in the next
//! call.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::guest::ARGS_ECHO;
use crate::place::Place;
use crate::problem::Problem;
use crate::program::{memory, open};
use crate::row::Row;

/// The longest time until the host listens: the first start compiles every guest.
const PATIENCE: Duration = Duration::from_secs(300);

/// Lines of the log that may wait to be read. A host that is served says less.
const LINES: usize = 1_024;

/// Maximum bytes that are read of its log.
const MOST_LOG: u64 = 16 << 20;

/// Memory that a host may hold beyond what it began with, in KiB: slots of its pool that are kept
/// for the next call.
const GROWTH_KIB: u64 = 128 << 10;

/// Descriptors that a host may have open beyond what it began with: connections of clients that
/// have just gone. What calls leave behind would be more after a hundred rows.
const GROWTH_OPEN: usize = 16;

/// A running host; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Host {
    place: Place,
    child: Child,
    memory_kib: u64,
    descriptors: usize,
}

impl Host {
    /// Starts a host whose agent has these guests as tools, and waits until it listens.
    pub(crate) fn start(place: Place, rows: &[&Row]) -> Result<Self, Problem> {
        let mut agentfile = "FROM scratch\nNAME hostile\nMODEL builtin/commands\n".to_owned();
        let mut grants = String::new();
        for row in rows {
            let name = row.guest.name;
            let component = place.file(&format!("{name}.wasm"), row.guest.bytes)?;
            let capabilities = place.file("capabilities.toml", row.capabilities())?;
            let out = place.path().join(name);
            let mut build = vec![
                "tool".into(),
                "build".into(),
                component.into_os_string(),
                "--capabilities".into(),
            ];
            build.extend([
                capabilities.into_os_string(),
                "--out".into(),
                out.clone().into_os_string(),
            ]);
            let built = place.cofferdam(build).run()?;
            Problem::unless(built.code == Some(0), || {
                format!("tool build {name}: {}", built.stderr)
            })?;
            grants +=
                &format!("[[grant]]\nagent = \"hostile\"\ntool = \"{name}\"\n[grant.limits]\n");
            grants.extend(
                row.given_limits()
                    .map(|(key, value)| format!("{key} = \"{value}\"\n")),
            );
            agentfile += &format!("BIN {name} {}\n", out.join("guest.wasm").display());
        }
        let agentfile = place.file("Agentfile", agentfile)?;
        let config = place.file("grants.toml", grants)?;
        let mut command = Command::new(place.binary());
        command
            .args(["serve", "--agentfile"])
            .arg(agentfile)
            .arg("--config")
            .arg(config);
        command
            .env_clear()
            .env("COFFERDAM_DATA_DIR", place.data())
            .current_dir(place.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = Problem::at("the host", command.spawn())?;
        let log = child.stderr.take().map(lines);
        let mut host = Self {
            place,
            child,
            memory_kib: 0,
            descriptors: 0,
        };
        until_it_listens(log)?;
        host.normal_call()?;
        host.memory_kib = memory(host.child.id(), "VmRSS:");
        host.descriptors = open(host.child.id());
        Ok(host)
    }

    /// Has the agent call the row's guest; it may end in any way but one.
    pub(crate) fn hostile_call(&self, row: &Row) -> Result<(), Problem> {
        let mut prompt = format!("run {}", row.guest.name);
        for arg in row.args {
            prompt += &format!(" '{arg}'");
        }
        let said = self.ask(&prompt)?;
        Problem::unless(!said.contains("ESCAPED"), || {
            format!("served to an agent: {said}")
        })
    }

    /// The call of somebody else, right after.
    pub(crate) fn normal_call(&self) -> Result<(), Problem> {
        let said = self.ask(&format!("run {} still here", ARGS_ECHO.name))?;
        let expected = format!("{}\nstill\nhere\n", ARGS_ECHO.name);
        Problem::unless(said == expected, || {
            format!("a normal call after it said `{said}`")
        })
    }

    /// Fails if the host has grown by what guests left behind.
    pub(crate) fn has_not_grown(&self) -> Result<(), Problem> {
        let memory_kib = memory(self.child.id(), "VmRSS:");
        let descriptors = open(self.child.id());
        Problem::unless(
            memory_kib > 0 && memory_kib < self.memory_kib + GROWTH_KIB,
            || {
                format!(
                    "the host holds {memory_kib} KiB, and held {} before",
                    self.memory_kib
                )
            },
        )?;
        Problem::unless(descriptors <= self.descriptors + GROWTH_OPEN, || {
            format!(
                "the host has {descriptors} descriptors open, and had {} before",
                self.descriptors
            )
        })
    }

    /// The result of the tool that this prompt calls.
    fn ask(&self, prompt: &str) -> Result<String, Problem> {
        let ran = self
            .place
            .cofferdam(["chat", "hostile", prompt, "--format", "json"])
            .run()?;
        let events = ran
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let result = events
            .into_iter()
            .find(|event| event.get("type").is_some_and(|kind| kind == "tool.result"));
        let content = result
            .as_ref()
            .and_then(|event| event.get("content")?.as_str());
        content
            .map(str::to_owned)
            .ok_or_else(|| Problem(format!("the host gave no result: {}", ran.stderr)))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines(stderr: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = sync_channel(LINES);
    thread::spawn(move || {
        for line in BufReader::new(stderr.take(MOST_LOG))
            .lines()
            .map_while(Result::ok)
        {
            // Nobody listens any more once the host does; the pipe must not fill up all the same.
            sender.try_send(line).ok();
        }
    });
    lines
}

fn until_it_listens(log: Option<Receiver<String>>) -> Result<(), Problem> {
    let deadline = Instant::now() + PATIENCE;
    let mut said = String::new();
    while let Some(Ok(line)) = log
        .as_ref()
        .map(|log| log.recv_timeout(deadline.saturating_duration_since(Instant::now())))
    {
        if line.contains("listening on ") {
            return Ok(());
        }
        said += &line;
        said.push('\n');
    }
    Err(Problem(format!(
        "the host does not listen; it said: {said}"
    )))
}
