//! A host that is killed again and again while it works: nothing that a client was told is lost,
//! and nothing happens twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::thread;

use serde_json::Value;

use super::faults::{agentfile, nothing};
use crate::support::{Host, Scratch, cofferdam};

/// Kills in one run.
const KILLS: usize = 50;

/// The seed of the workload. Another one is another run.
const SEED: u64 = 0x00c0_ffee;

/// Names that agents may have.
const NAMES: [&str; 4] = ["ant", "bee", "cat", "dog"];

/// Operations that end before each kill, at most.
const BEFORE: u64 = 3;

/// The most looks at a command under way before its host is killed: a whole command takes some
/// thousands of them.
const LOOKS: u64 = 4_000;

/// An operation of the workload.
#[derive(Debug, Clone)]
enum Operation {
    Run(&'static str),
    Replace(&'static str),
    Start(&'static str),
    Stop(&'static str),
    Restart(&'static str),
    Remove(&'static str),
    /// A turn with this prompt, which no other turn has.
    Chat(&'static str, String),
    /// The host itself is started, with a file for the workspace of this agent.
    Host(Option<&'static str>),
}

/// An agent as clients know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    stopped: bool,
    /// Prompts of its session, and true for each whose answer a client has seen to its end.
    prompts: Vec<(String, bool)>,
}

/// The agents as clients know them.
type Model = BTreeMap<&'static str, Known>;

/// The part of an operation that its client has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// An event of a turn.
    Begin,
    End,
}

/// Numbers that come in the same order in each run.
struct Random(u64);

impl Random {
    /// A number below `most`.
    fn below(&mut self, most: u64) -> u64 {
        // Knuth's multiplier; the high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        let place = self.below(items.len() as u64);
        items[usize::try_from(place).expect("small")].clone()
    }
}

/// The workload, and what clients know after it.
struct Workload<'a> {
    scratch: &'a Scratch,
    random: Random,
    model: Model,
    turns: usize,
    /// The number in the file that is copied in.
    copies: u64,
}

impl Workload<'_> {
    /// The next operation: one that may succeed.
    fn next(&mut self) -> Operation {
        let name = self.random.of(&NAMES);
        let Some(known) = self.model.get(name) else {
            return Operation::Run(name);
        };
        let stopped = known.stopped;
        match (self.random.below(10), stopped) {
            (0, _) => Operation::Remove(name),
            (1, _) => Operation::Replace(name),
            (2, _) => Operation::Restart(name),
            (3, false) => Operation::Stop(name),
            (_, true) => Operation::Start(name),
            (_, false) => {
                self.turns += 1;
                Operation::Chat(name, format!("run one turn-{}", self.turns))
            }
        }
    }

    fn start(&self, operation: &Operation) -> Child {
        let path = |name| self.scratch.path().join(name).display().to_string();
        let copied = |name: &&str| format!("{name}:{}", path("copied"));
        let line: Vec<String> = match operation {
            Operation::Run(name) => vec!["run".into(), path(name)],
            Operation::Replace(name) => vec!["run".into(), path(name), "--replace".into()],
            Operation::Start(name) => vec!["start".into(), (*name).into()],
            Operation::Stop(name) => vec!["stop".into(), (*name).into()],
            Operation::Restart(name) => vec!["restart".into(), (*name).into()],
            Operation::Remove(name) => vec!["rm".into(), "-f".into(), (*name).into()],
            Operation::Chat(name, prompt) => {
                let words = [
                    "chat",
                    name,
                    prompt,
                    "--new",
                    "--session",
                    "kept",
                    "--format",
                    "json",
                ];
                words.map(str::to_owned).into()
            }
            Operation::Host(name) => {
                let copy = name
                    .iter()
                    .flat_map(|name| ["--copy-in".into(), copied(name)]);
                std::iter::once("serve".into()).chain(copy).collect()
            }
        };
        cofferdam(self.scratch, line).start()
    }

    /// Changes the model by an operation of which its client has seen so much.
    fn done(&mut self, operation: &Operation, seen: Seen) {
        match operation {
            Operation::Run(name) => {
                self.model.insert(name, Known::default());
            }
            Operation::Replace(name) | Operation::Start(name) | Operation::Restart(name) => {
                self.model.entry(name).or_default().stopped = false;
            }
            Operation::Stop(name) => self.model.entry(name).or_default().stopped = true,
            Operation::Remove(name) => {
                self.model.remove(name);
            }
            Operation::Chat(name, prompt) => {
                let known = self.model.entry(name).or_default();
                known.prompts.push((prompt.clone(), seen == Seen::End));
            }
            Operation::Host(_) => {}
        }
    }

    /// Runs an operation to its end, which is a good one.
    #[track_caller]
    fn run(&mut self, operation: &Operation) {
        let output = self.start(operation).wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{operation:?}: {said}");
        self.done(operation, Seen::End);
    }

    /// Begins an operation and kills the host while it is under way.
    fn cut(&mut self, operation: &Operation, host: Host<'_>) -> Seen {
        let mut child = self.start(operation);
        if self.random.below(6) == 0 {
            // At the moment at which its end was told.
            let ended = child.wait_with_output().expect("it ends");
            host.kill();
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "{operation:?}: {said}");
            return Seen::End;
        }
        if matches!(operation, Operation::Chat(..)) && self.random.below(2) == 0 {
            // After so many events of the turn.
            let events = self.random.below(6);
            let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
            let mut seen: Vec<_> = Vec::new();
            let mut lines = lines.map_while(Result::ok);
            seen.extend(lines.by_ref().take(usize::try_from(events).expect("small")));
            host.kill();
            seen.extend(lines);
            child.wait().expect("a child");
            let ended = seen.iter().any(|event| event.contains("message.create"));
            return match (ended, seen.is_empty()) {
                (true, _) => Seen::End,
                (false, false) => Seen::Begin,
                (false, true) => Seen::Nothing,
            };
        }
        self.look_at(&mut child);
        host.kill();
        if child.wait().expect("a child").success() {
            Seen::End
        } else {
            Seen::Nothing
        }
    }

    /// Looks at a child a random number of times, or until it has ended.
    fn look_at(&mut self, child: &mut Child) {
        for _ in 0..self.random.below(LOOKS) {
            if child.try_wait().expect("a child").is_some() {
                return;
            }
            thread::yield_now();
        }
    }

    /// Starts a host and kills it before it is ready, or soon after.
    fn cut_start(&mut self, name: Option<&'static str>) {
        self.copies += 1;
        self.scratch.file("copied", format!("{}\n", self.copies));
        let mut child = self.start(&Operation::Host(name));
        self.look_at(&mut child);
        child.kill().expect("a child");
        child.wait().expect("a child");
    }

    /// Compares the host with what clients know. `cut` is the operation that was under way: it has
    /// happened or it has not, as a whole.
    #[track_caller]
    fn compare(&mut self, cut: Option<&Operation>, kill: usize) {
        let before = self.model.clone();
        if let Some(cut) = cut {
            self.done(cut, Seen::Nothing);
        }
        let after = std::mem::take(&mut self.model);
        let found = self.found();
        for name in NAMES {
            let now = found.get(name);
            let one_of = [before.get(name), after.get(name)];
            assert!(
                one_of.iter().any(|known| fits(*known, now)),
                "kill {kill}, {cut:?}: {name} is {now:?}, and none of {one_of:?}"
            );
        }
        self.model = found;
    }

    /// The agents of the running host, as it tells them.
    #[track_caller]
    fn found(&self) -> Model {
        let list = self.json(&["ps", "--format", "json"]);
        let mut found = Model::new();
        for agent in list.as_array().expect("a list") {
            let name = agent["name"].as_str().expect("a name");
            let name = NAMES
                .into_iter()
                .find(|known| *known == name)
                .expect("a known name");
            let status = agent["status"].as_str().expect("a status");
            let desired = agent["desired"].as_str().expect("a wish");
            let expected = if desired == "running" {
                "ready"
            } else {
                "stopped"
            };
            assert_eq!(status, expected, "{agent}");
            let stopped = status == "stopped";
            let prompts = self.prompts(name);
            found.insert(name, Known { stopped, prompts });
        }
        found
    }

    /// The prompts of the session of an agent, and true for each that is answered to its end. Each
    /// is there once, and has at most one answer.
    #[track_caller]
    fn prompts(&self, agent: &str) -> Vec<(String, bool)> {
        let sessions = self.json(&["sessions", "ls", agent, "--format", "json"]);
        if sessions.as_array().is_some_and(Vec::is_empty) {
            return Vec::new();
        }
        let line = [
            "sessions", "show", "kept", "--agent", agent, "--format", "json",
        ];
        let messages = self.json(&line);
        let mut prompts: Vec<(String, bool)> = Vec::new();
        let mut answers = 0;
        for message in messages.as_array().expect("a list") {
            let parts = message["content"].as_array().expect("parts");
            if message["role"] == "user" {
                let prompt = parts[0]["text"].as_str().expect("a prompt").to_owned();
                assert!(
                    prompts.iter().all(|(before, _)| *before != prompt),
                    "{messages}"
                );
                prompts.push((prompt, false));
                answers = 0;
            } else {
                answers += 1;
                assert_eq!(answers, 1, "{messages}");
                let (_, answered) = prompts.last_mut().expect("a prompt before its answer");
                *answered = parts.last().is_some_and(|part| part["kind"] == "text");
            }
        }
        prompts
    }

    #[track_caller]
    fn json(&self, line: &[&str]) -> Value {
        cofferdam(self.scratch, line).run().exits(0).json()
    }
}

/// Returns true if an agent is as its clients know it: what they have seen of its turns is there.
fn fits(known: Option<&Known>, now: Option<&Known>) -> bool {
    match (known, now) {
        (None, None) => true,
        (Some(known), Some(now)) => {
            let mut both = known.prompts.iter().zip(&now.prompts);
            known.stopped == now.stopped
                && known.prompts.len() == now.prompts.len()
                && both.all(|(known, now)| known.0 == now.0 && known.1 <= now.1)
        }
        _ => false,
    }
}

#[test]
fn nothing_is_lost_and_nothing_happens_twice_wherever_the_host_is_killed() {
    let scratch = Scratch::new();
    for name in NAMES {
        nothing(&scratch, &format!("{name}/one.wasm"));
        agentfile(&scratch, name, "BIN one ./one.wasm");
    }
    let mut workload = Workload {
        scratch: &scratch,
        random: Random(SEED),
        model: Model::new(),
        turns: 0,
        copies: 0,
    };
    let mut kills = 0;
    let mut seen_to_end = 0;
    let mut host = Host::start::<&str>(&scratch, []);
    while kills < KILLS {
        for _ in 0..workload.random.below(BEFORE + 1) {
            let operation = workload.next();
            workload.run(&operation);
        }
        let operation = workload.next();
        let seen = workload.cut(&operation, host);
        kills += 1;
        seen_to_end += usize::from(seen == Seen::End);
        if seen != Seen::Nothing {
            workload.done(&operation, seen);
        }
        if workload.random.below(4) == 0 {
            let names: Vec<_> = workload.model.keys().copied().collect();
            let name = (!names.is_empty()).then(|| workload.random.of(&names));
            workload.cut_start(name);
            kills += 1;
        }
        host = Host::start::<&str>(&scratch, []);
        workload.compare(Some(&operation).filter(|_| seen == Seen::Nothing), kills);
    }
    // Otherwise the kills come too late, or too early, to show anything.
    assert!(
        (1..KILLS).contains(&seen_to_end),
        "{seen_to_end} of {kills}"
    );
    assert!(workload.turns > 10, "{} turns", workload.turns);
}
