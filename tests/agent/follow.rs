//! Clients that follow a session by the numbers of its events, and are cut off on the way.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::kept::{Client, Dripping};
use crate::support::{Host, Scratch, binary, cofferdam, tool};

/// Sequences of cuts that are tried.
const CASES: u32 = 24;

/// A session as a client knows it: the contents of its messages by their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
struct Transcript {
    messages: BTreeMap<i64, Value>,
    answer: i64,
    step: u64,
    last: i64,
}

impl Transcript {
    /// Takes the next event in.
    fn apply(&mut self, event: &Value) {
        let number = event["number"].as_i64().expect("a number");
        let content = || event["content"].as_str().expect("text").to_owned();
        let kind = event["type"].as_str().expect("a type");
        if kind == "snapshot" {
            self.messages.clear();
            for message in event["snapshot"].as_array().expect("messages") {
                let id = message["id"].as_i64().expect("a number");
                let text = message["content"].as_str().expect("text");
                let is_answer = message["role"] == "assistant";
                let content = if is_answer {
                    self.answer = id;
                    serde_json::from_str(text).expect("parts")
                } else {
                    json!(text)
                };
                self.messages.insert(id, content);
            }
            self.step = event["step"].as_u64().expect("a number");
            self.last = number;
            return;
        }
        assert!(number > self.last, "{number} comes after {}", self.last);
        self.last = number;
        match kind {
            "turn.start" => {
                let ids = event["messages"].as_array().expect("two numbers");
                self.answer = ids[1].as_i64().expect("a number");
                self.messages
                    .insert(ids[0].as_i64().expect("a number"), json!(content()));
                self.messages.insert(self.answer, json!([]));
                self.step = 0;
            }
            "step.start" => self.step = event["step"].as_u64().expect("a number"),
            "text.delta" => self.say(&content()),
            "tool.call" => {
                let mut part = json!({ "kind": "tool", "tool_id": event["tool_id"],
                    "name": event["tool"], "input": event["content"],
                    "state": "input-available" });
                if let Some(repaired) = event.get("repaired") {
                    part["repaired"] = repaired.clone();
                }
                self.push(part);
            }
            "tool.result" => self.answered(event),
            "tool.progress" | "step.finish" | "message.create" | "turn.interrupted" => {}
            other => panic!("an event {other}"),
        }
    }

    fn parts(&mut self) -> &mut Vec<Value> {
        let answer = self
            .messages
            .get_mut(&self.answer)
            .expect("a turn has begun");
        answer.as_array_mut().expect("parts")
    }

    fn push(&mut self, mut part: Value) {
        if self.step > 0 {
            part["step"] = json!(self.step);
        }
        self.parts().push(part);
    }

    fn say(&mut self, text: &str) {
        let step = self.step;
        if let Some(last) = self.parts().last_mut()
            && last["kind"] == "text"
            && last
                .get("step")
                .map_or(0, |step| step.as_u64().expect("a number"))
                == step
        {
            let before = last["text"].as_str().expect("text");
            last["text"] = json!(format!("{before}{text}"));
            return;
        }
        self.push(json!({ "kind": "text", "text": text }));
    }

    fn answered(&mut self, event: &Value) {
        let id = event["tool_id"].clone();
        let parts = self.parts().iter_mut().rev();
        let part = { parts }
            .find(|part| part["tool_id"] == id)
            .expect("a call");
        part["state"] = json!("output-available");
        part["output"] = event["content"].clone();
        part["duration_ms"] = event["duration_ms"].clone();
        if event["failed"] == true {
            part["failed"] = json!(true);
        }
    }
}

/// Follows the session from where the transcript is, and goes away after so many events. Returns
/// true at the end of the session's turns.
fn follow(scratch: &Scratch, transcript: &mut Transcript, most: usize) -> bool {
    let after = transcript.last.to_string();
    let line = ["sessions", "follow", "s", "--until-idle", "--after", &after];
    let mut child = Command::new(binary())
        .args(line)
        .env("COFFERDAM_DATA_DIR", scratch.data())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut seen = 0;
    while seen < most
        && let Some(Ok(line)) = lines.next()
    {
        transcript.apply(&serde_json::from_str(&line).expect("JSON"));
        seen += 1;
    }
    child.kill().ok();
    child.wait().expect("a child");
    seen < most
}

fn agent(scratch: &Scratch, model: &str) -> PathBuf {
    let text = format!(
        "FROM scratch\nNAME a\nMODEL {model}\nBIN echo {}\n",
        tool("echo").display()
    );
    scratch.file("Agentfile", text)
}

/// A turn of several steps, with text and calls.
fn script() -> String {
    let step = |number: usize| {
        let call = |word: &str| json!({ "name": "echo", "arguments": { "args": [word, "x"] } });
        json!({ "text": format!("Step {number} says a few words before it calls."),
            "tool_calls": [call("a"), call("b")] })
    };
    let mut lines: Vec<_> = (0..4).map(|number| step(number).to_string()).collect();
    lines.push(json!({ "text": "And that is the end of it." }).to_string());
    // The next turn begins after these.
    lines.push(json!({ "text": "Once more, for another prompt." }).to_string());
    lines.join("\n")
}

/// The session as the host has it.
fn stored(scratch: &Scratch) -> Vec<Value> {
    let mut whole = Transcript::default();
    assert!(follow(scratch, &mut whole, usize::MAX));
    whole.messages.into_values().collect()
}

#[test]
fn a_client_that_is_cut_off_anywhere_ends_with_the_same_transcript() {
    let scratch = Scratch::new();
    scratch.file("turns.jsonl", script());
    let file = agent(&scratch, "script/turns.jsonl");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let host = RefCell::new(Some(host));
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let cuts = (
        prop::collection::vec(1_usize..16, 0..8),
        any::<bool>(),
        0_usize..4,
    );
    let outcome = runner.run(&cuts, |(cuts, is_killed, kill_at)| {
        let turn = |prompt: &str| Client::start(&scratch, "s", prompt);
        let first = turn("go");
        let mut cut = Transcript::default();
        for (place, events) in cuts.iter().enumerate() {
            follow(&scratch, &mut cut, *events);
            if is_killed && place == kill_at {
                host.take().expect("a host").kill();
                host.replace(Some(Host::start::<&str>(&scratch, [])));
            }
        }
        first.end();
        let second = turn("again");
        follow(&scratch, &mut cut, 3);
        second.end();
        while !follow(&scratch, &mut cut, usize::MAX) {}
        let cut: Vec<_> = cut.messages.into_values().collect();
        prop_assert_eq!(&cut, &stored(&scratch));
        let shown = cofferdam(&scratch, ["sessions", "show", "s", "--format", "json"]);
        let shown = shown.run().exits(0).json();
        prop_assert_eq!(shown.as_array().expect("a list").len(), cut.len());
        cofferdam(&scratch, ["sessions", "rm", "s"]).run().exits(0);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn events_that_are_gone_are_replaced_by_the_session_as_it_is() {
    let scratch = Scratch::new();
    let file = agent(&scratch, "builtin/commands");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat_in("a", "s", "run echo first");
    let mut client = Transcript::default();
    assert!(follow(&scratch, &mut client, usize::MAX));
    let before = client.clone();
    // More than is kept of a session whose turn is over.
    for _ in 0..3 {
        host.chat_in("a", "s", &format!("run echo {}", "x".repeat(60_000)));
    }
    let line = ["sessions", "follow", "s", "--until-idle", "--after", "1"];
    let told = cofferdam(&scratch, line).run().exits(0).stdout;
    let first: Value = serde_json::from_str(told.lines().next().expect("an event")).expect("JSON");
    assert_eq!(first["type"], "snapshot", "{first}");
    assert!(follow(&scratch, &mut client, usize::MAX));
    assert_eq!(client.messages.len(), 8);
    let first: Vec<_> = before.messages.keys().collect();
    assert!(first.iter().all(|id| client.messages.contains_key(id)));
    // A number from nowhere is told too.
    let line = [
        "sessions",
        "follow",
        "s",
        "--until-idle",
        "--after",
        "999999",
    ];
    let told = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(told.contains("\"snapshot\""), "{told}");
}

#[test]
fn a_detached_turn_goes_on_without_its_client_and_others_can_cancel_it() {
    let scratch = Scratch::new();
    let vendor = Dripping::start();
    super::kept::providers(&scratch, &vendor.base);
    let file = agent(&scratch, "openai/m");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut client = Client::start_with(&scratch, "s", "say it", &["--detach"]);
    vendor.say("one ");
    client.hears("text.delta");
    client.leave();
    let mut other = Transcript::default();
    follow(&scratch, &mut other, 3);
    vendor.say("two ");
    follow(&scratch, &mut other, 1);
    let answer = other.messages.last_key_value().expect("an answer").1;
    assert_eq!(answer[0]["text"], "one two ", "{other:?}");
    cofferdam(&scratch, ["sessions", "cancel", "s"])
        .run()
        .exits(0);
    assert!(follow(&scratch, &mut other, usize::MAX));
    let line = ["sessions", "show", "s", "--format", "json"];
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(messages[1]["stop_reason"], "cancelled");
    assert_eq!(messages[1]["content"][0]["text"], "one two ");
    cofferdam(&scratch, ["sessions", "cancel", "s"])
        .run()
        .exits(1)
        .complains(&["session `s` has no turn"]);
}

#[test]
fn a_conversation_from_a_script_replays_to_the_same_events() {
    let scratch = Scratch::new();
    scratch.file("turns.jsonl", script());
    let file = agent(&scratch, "script/turns.jsonl");
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let conversation = |session: &str| {
        let prompts = ["go", "again"];
        let events = prompts
            .map(|prompt| host.chat_in("a", session, prompt))
            .concat();
        let timeless = |mut event: Value| {
            event["duration_ms"] = json!(0);
            event
        };
        events.into_iter().map(timeless).collect::<Vec<_>>()
    };
    let once = conversation("one");
    assert!(once.len() > 30, "{} events", once.len());
    assert_eq!(conversation("two"), once);
}
