//! A host of a test's own: the real binary, on its unix socket, and on a free port where a test
//! asks for it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Scratch, binary, cofferdam};

/// How long the host may take to say something that a test waits for: the first start compiles
/// tools.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running host; killed when it is dropped.
pub(crate) struct Host<'a> {
    scratch: &'a Scratch,
    child: Child,
    log: Receiver<String>,
    /// What it has said so far.
    said: Vec<String>,
    /// Where clients of gRPC reach it: its socket, or its port.
    pub(crate) address: String,
}

impl<'a> Host<'a> {
    /// Starts a host on the data directory of `scratch` and waits until it takes clients.
    pub(crate) fn start<S: AsRef<OsStr>>(
        scratch: &'a Scratch,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::start_with(scratch, args, &[])
    }

    /// The same with these variables in its environment.
    pub(crate) fn start_with<S: AsRef<OsStr>>(
        scratch: &'a Scratch,
        args: impl IntoIterator<Item = S>,
        env: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new(binary());
        command.arg("serve").args(args).envs(env.iter().copied());
        Self::run(scratch, command)
    }

    /// Starts a host that listens on TCP too.
    pub(crate) fn listening<S: AsRef<OsStr>>(
        scratch: &'a Scratch,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let args: Vec<_> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let mut host = Self::start(
            scratch,
            ["--listen".into(), "127.0.0.1:0".into()]
                .into_iter()
                .chain(args),
        );
        let line = host.hears("listening on ");
        let address = line
            .split([' ', ','])
            .find_map(|word| word.strip_prefix("http://"));
        host.address = address.expect("the host says where it listens").to_owned();
        host
    }

    /// Starts this command line of the binary on the data directory of `scratch`, and waits until
    /// it takes clients.
    pub(crate) fn run(scratch: &'a Scratch, mut command: Command) -> Self {
        command.envs(scratch.variables());
        let mut host = Self::started(scratch, command);
        host.hears("listening on ");
        host.hears("next: ");
        host
    }

    /// Starts this command line of a runtime, which keeps its data in the tree of its agent, and
    /// waits until it takes clients on its port.
    pub(crate) fn runtime(scratch: &'a Scratch, mut command: Command) -> Self {
        command.env_remove("COFFERDAM_DATA_DIR");
        let shared = scratch.variables().into_iter();
        command.envs(shared.filter(|(name, _)| *name != "COFFERDAM_DATA_DIR"));
        let mut host = Self::started(scratch, command);
        let line = host.hears("listening on ");
        let address = line
            .split([' ', ','])
            .find_map(|word| word.strip_prefix("http://"));
        host.address = address
            .expect("the runtime says where it listens")
            .to_owned();
        host
    }

    fn started(scratch: &'a Scratch, mut command: Command) -> Self {
        command.current_dir(scratch.path());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (sender, log) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let address = format!("unix:{}", scratch.data().join("cofferdam.sock").display());
        Self {
            scratch,
            child,
            log,
            said: Vec::new(),
            address,
        }
    }

    /// Waits until the host says a line with `part`, and returns it. Lines that were heard before
    /// count.
    #[track_caller]
    pub(crate) fn hears(&mut self, part: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(part)) {
            return line.clone();
        }
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .log
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.said.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!(
            "the host did not say `{part}`; it said:\n{}",
            self.said.join("\n")
        );
    }

    /// Waits until the host says another line with `part`, and returns it. Lines that were heard
    /// before do not count.
    #[track_caller]
    pub(crate) fn hears_next(&mut self, part: &str) -> String {
        let heard = self.said.len();
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .log
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.said.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!(
            "the host did not say `{part}` again; it said:\n{}",
            self.said[heard..].join("\n")
        );
    }

    /// Waits for `most` further lines with `part`, at most for `patience`. Returns how many came.
    pub(crate) fn hears_up_to(&mut self, part: &str, most: u64, patience: Duration) -> u64 {
        let mut count = 0;
        let deadline = Instant::now() + patience;
        while count < most
            && let Ok(line) = self
                .log
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            count += u64::from(line.contains(part));
            self.said.push(line);
        }
        count
    }

    /// Waits until the host says a line with `part`, and returns how many it has said by now.
    #[track_caller]
    pub(crate) fn has_said(&mut self, part: &str) -> usize {
        self.hears(part);
        self.said.extend(self.log.try_iter());
        self.count(part)
    }

    /// Returns true if the host has said no line with `part` so far.
    pub(crate) fn is_silent_about(&mut self, part: &str) -> bool {
        self.said.extend(self.log.try_iter());
        self.count(part) == 0
    }

    fn count(&self, part: &str) -> usize {
        self.said.iter().filter(|line| line.contains(part)).count()
    }

    /// Returns true if everything that was heard so far is as `right` wants it.
    pub(crate) fn every_line(&self, right: impl Fn(&str) -> bool) -> bool {
        self.said.iter().all(|line| right(line))
    }

    /// Asks it to end, and returns everything that it has said.
    pub(crate) fn last_words(mut self) -> Vec<String> {
        self.signal("TERM");
        let mut said = std::mem::take(&mut self.said);
        // Until it has closed its standard error.
        said.extend(self.log.iter());
        said
    }

    /// The result of a call that the model `builtin/commands` of `agent` makes of this line.
    #[track_caller]
    pub(crate) fn tool_result(&self, agent: &str, line: &str) -> String {
        content_of(&self.chat(agent, &format!("run {line}")), "tool.result")
    }

    /// One turn, as the events of its stream.
    #[track_caller]
    pub(crate) fn chat(&self, agent: &str, prompt: &str) -> Vec<Value> {
        let ran = cofferdam(self.scratch, ["chat", agent, prompt, "--format", "json"])
            .run()
            .exits(0);
        ran.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event is JSON"))
            .collect()
    }

    /// One turn of this session, as the events of its stream.
    #[track_caller]
    pub(crate) fn chat_in(&self, agent: &str, session: &str, prompt: &str) -> Vec<Value> {
        let line = [
            "chat",
            agent,
            prompt,
            "--new",
            "--session",
            session,
            "--format",
            "json",
        ];
        let ran = cofferdam(self.scratch, line).run().exits(0);
        ran.stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event is JSON"))
            .collect()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it with SIGKILL: no farewell, no flush.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the host is ours");
        self.child.wait().expect("the host is ours");
    }

    /// Sends it a signal.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let ran = Command::new("kill")
            .args(["-s", name, &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(ran.success());
    }

    /// Asks it to end, and waits until it has.
    #[track_caller]
    pub(crate) fn terminate(self) -> Option<i32> {
        self.signal("TERM");
        self.ended()
    }

    /// Waits until it has ended by itself, and returns its exit code.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("the host is ours") {
                return status.code();
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("the host did not end");
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The content of the first event of this type.
#[track_caller]
pub(crate) fn content_of(events: &[Value], kind: &str) -> String {
    let event = events.iter().find(|event| event["type"] == kind);
    event.unwrap_or_else(|| panic!("no {kind} in {events:?}"))["content"]
        .as_str()
        .expect("text")
        .to_owned()
}
