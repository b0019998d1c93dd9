//! Turns: their settings and bounds, calls side by side, and results as a model reads them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::kept::Client;
use crate::support::vendor::{Vendor, ends, says};
use crate::support::{Host, Scratch, cofferdam, content_of, guest, tool};

fn agentfile(scratch: &Scratch, model: &str, lines: &str) -> PathBuf {
    scratch.file(
        "Agentfile",
        format!("FROM scratch\nNAME a\nMODEL {model}\n{lines}\n"),
    )
}

fn echo() -> String {
    format!("BIN echo {}", tool("echo").display())
}

/// A step that calls `echo` with these words, one call for each.
fn calls(words: &[&str]) -> String {
    let call = |word: &&str| json!({ "name": "echo", "arguments": { "args": [word] } });
    let calls: Vec<_> = words.iter().map(call).collect();
    format!("{}\n", json!({ "tool_calls": calls }))
}

/// A turn that ends early: its events, and the sentence about its end.
fn early(scratch: &Scratch, prompt: &str, sentence: &str) -> Vec<Value> {
    let ran = cofferdam(scratch, ["chat", "a", prompt, "--format", "json"])
        .run()
        .exits(1);
    let events = ran.stdout.lines();
    let events = events
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    ran.complains(&[sentence]);
    events
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["type"] == kind)
        .collect()
}

#[test]
fn a_setting_that_is_none_is_told_with_its_place() {
    let scratch = Scratch::new();
    for (line, sentence) in [
        ("max-iterations=abc", "is not a whole number from 1 to 1000"),
        ("max-iterations=0", "is not a whole number from 1 to 1000"),
        (
            "parallel-tool-calls=perhaps",
            "is neither `true`, `false` nor a number",
        ),
        ("limit.turn.wall=5", "is not a duration"),
        ("limit.turn.bytes=12", "is not a size"),
        ("limit.turn.calls=0", "leaves a turn nothing to do"),
        ("memory-strategy=forget", "write `summarize` or `sliding`"),
        (
            "memory-max-messages=1",
            "is not a whole number from 4 to 1000",
        ),
        ("max-iterations", "asks for nothing"),
    ] {
        let file = agentfile(&scratch, "builtin/commands", &format!("CONFIG {line}"));
        let line = ["image".as_ref(), "build".as_ref(), file.as_os_str()];
        let ran = cofferdam(&scratch, line).run().exits(2);
        ran.complains(&["Agentfile:4:", sentence]);
    }
}

#[test]
fn each_bound_of_a_turn_ends_it_with_its_reason() {
    for (setting, reason, sentence) in [
        (
            "max-iterations=2",
            "max-iterations",
            "stopped after 2 steps",
        ),
        (
            "limit.turn.calls=3",
            "turn-calls",
            "used its 3 calls of tools",
        ),
        ("limit.turn.fuel=1", "turn-fuel", "used its 1 of fuel"),
        ("limit.turn.bytes=1B", "turn-bytes", "used its 1B of text"),
        ("limit.turn.tokens=1", "turn-tokens", "used its 1 tokens"),
    ] {
        let scratch = Scratch::new();
        scratch.file("turns.jsonl", calls(&["one", "two"]).repeat(5));
        let lines = format!("{}\nCONFIG {setting}", echo());
        let file = agentfile(&scratch, "script/turns.jsonl", &lines);
        let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
        let events = early(&scratch, "go", sentence);
        let last = events.last().expect("an event");
        assert_eq!(last["stop_reason"], reason, "{last}");
        assert_eq!(last["type"], "message.create", "{last}");
        if reason == "turn-calls" {
            let results = of(&events, "tool.result");
            let refused = results[3]["content"].as_str().expect("text");
            assert!(refused.starts_with("not called: "), "{refused}");
        }
    }
}

#[test]
fn a_turn_whose_time_is_over_stops_its_tool() {
    let scratch = Scratch::new();
    let lines = format!(
        "BIN clock_sleep {}\nCONFIG limit.turn.wall=1s",
        guest("clock_sleep").display()
    );
    let file = agentfile(&scratch, "builtin/commands", &lines);
    let mut host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let events = early(&scratch, "run clock_sleep", "the turn has used its 1s");
    assert_eq!(
        content_of(&events, "tool.result"),
        "execution error: the time of the turn was over"
    );
    assert_eq!(events.last().expect("an event")["stop_reason"], "turn-wall");
    assert!(host.hears("outcome=").contains("cancelled"));
}

#[test]
fn calls_of_a_step_run_side_by_side_where_the_agent_allows_it() {
    let words = ["a", "b", "c"];
    for (setting, expected) in [
        ("false", "call result call result call result"),
        ("true", "call call call result result result"),
        ("2", "call call result result call result"),
    ] {
        let scratch = Scratch::new();
        scratch.file("turns.jsonl", calls(&words) + "{\"text\": \"done\"}\n");
        let lines = format!("{}\nCONFIG parallel-tool-calls={setting}", echo());
        let file = agentfile(&scratch, "script/turns.jsonl", &lines);
        let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
        let events = host.chat("a", "go");
        let kinds = events
            .iter()
            .filter_map(|event| event["type"].as_str()?.strip_prefix("tool."));
        assert_eq!(kinds.collect::<Vec<_>>().join(" "), expected);
        let results = of(&events, "tool.result");
        let contents: Vec<_> = results.iter().map(|result| &result["content"]).collect();
        assert_eq!(contents, ["a\n", "b\n", "c\n"]);
    }
}

#[test]
fn an_input_that_was_put_right_is_told() {
    let scratch = Scratch::new();
    let call = json!({ "tool_calls": [
        { "name": "echo", "arguments": { "args": "[\"a\", \"b c\"]" } },
        { "name": "echo", "arguments": { "args": "a 'b c'" } },
        { "name": "echo", "arguments": { "args": ["a", "b c"] } },
    ] });
    scratch.file("turns.jsonl", format!("{call}\n{{\"text\": \"done\"}}\n"));
    let file = agentfile(&scratch, "script/turns.jsonl", &echo());
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let events = host.chat_in("a", "s", "go");
    for result in of(&events, "tool.result") {
        assert_eq!(result["content"], "a b c\n");
    }
    let told = of(&events, "tool.call");
    for call in &told[..2] {
        assert_eq!(call["repaired"], "{\"args\":[\"a\",\"b c\"]}", "{call}");
        assert_eq!(
            call["repairs"],
            json!(["`args` was a text: read as a list"])
        );
    }
    assert!(told[2].get("repaired").is_none(), "{}", told[2]);
    let line = ["sessions", "show", "s", "--format", "json"];
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    let part = &messages[1]["content"][1];
    assert_eq!(
        part["input"],
        json!({ "args": "a 'b c'" }),
        "as the model wrote it"
    );
    assert_eq!(part["repaired"], "{\"args\":[\"a\",\"b c\"]}");
}

#[test]
fn a_long_result_is_cut_and_all_of_it_is_a_file() {
    let scratch = Scratch::new();
    let text: String = (0..40_000).map(|line| format!("line {line}\n")).collect();
    let long = scratch.file("long.txt", &text);
    let red = scratch.file("red.txt", "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}\n");
    let lines = format!(
        "BIN cat {}\nBIN tail {}\nBIN ls {}",
        tool("cat").display(),
        tool("tail").display(),
        tool("ls").display()
    );
    let file = agentfile(&scratch, "builtin/commands", &lines);
    let args = [
        "--agentfile".into(),
        file.into_os_string(),
        "--copy-in".into(),
        format!("a:{}", long.display()).into(),
        "--copy-in".into(),
        format!("a:{}", red.display()).into(),
    ];
    let host = Host::start(&scratch, args);
    assert_eq!(host.tool_result("a", "cat red.txt"), "red\n");
    let events = host.chat("a", "run cat long.txt");
    let result = of(&events, "tool.result")[0];
    let content = result["content"].as_str().expect("text");
    assert!(content.len() < 70_000, "{} bytes", content.len());
    assert!(content.starts_with("line 0\n") && content.ends_with("line 39999\n"));
    let kept = result["file"].as_str().expect("a file");
    assert!(
        kept.starts_with("/workspace/.cofferdam/output/")
            && content.contains(&format!("bytes are left out here; all of it is in {kept}]")),
        "{content}"
    );
    // The agent's tools read it, and it is whole.
    let last = host.tool_result("a", &format!("tail -n 1 {kept}"));
    assert_eq!(last, "line 39999\n");
    let copy = host.chat("a", &format!("run cat {kept}"));
    assert!(of(&copy, "tool.result")[0]["content"] != "");
    // The oldest make room.
    for _ in 0..34 {
        host.chat("a", "run cat long.txt");
    }
    let listed = host.tool_result("a", "ls /workspace/.cofferdam/output");
    assert_eq!(listed.lines().count(), 32, "{listed}");
}

#[test]
fn a_turn_waits_for_the_one_before_in_its_session() {
    let scratch = Scratch::new();
    let lines = format!(
        "{}\nBIN clock_sleep {}",
        echo(),
        guest("clock_sleep").display()
    );
    let file = agentfile(&scratch, "builtin/commands", &lines);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let mut first = Client::start(&scratch, "s", "run clock_sleep");
    first.hears("tool.call");
    let second = Client::start(&scratch, "s", "run echo second");
    // Another session waits for nobody.
    host.chat_in("a", "other", "run echo other");
    let line = ["sessions", "show", "s", "--format", "json"];
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(messages.as_array().expect("a list").len(), 2, "{messages}");
    first.leave();
    let events = second.end();
    assert!(
        events.iter().any(|event| event.contains("second")),
        "{events:?}"
    );
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    let states: Vec<_> = messages
        .as_array()
        .expect("a list")
        .iter()
        .map(|message| message["state"].as_str().expect("a state"))
        .collect();
    assert_eq!(states, ["complete", "interrupted", "complete", "complete"]);
    assert_eq!(messages[1]["stop_reason"], "cancelled");
}

#[test]
fn an_answer_that_is_not_whole_says_so() {
    let scratch = Scratch::new();
    let reasons = Mutex::new(vec![
        ("Half of", "length"),
        ("", "stop"),
        ("I may", "content_filter"),
    ]);
    let vendor = Vendor::answering(move |_| {
        let (text, reason) = reasons.lock().expect("no panic").remove(0);
        ends(text, reason)
    });
    super::kept::providers(&scratch, &vendor.base());
    let file = agentfile(&scratch, "openai/m", "");
    let _host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for (sentence, reason, text) in [
        (
            "the answer was cut",
            "answer-length",
            "Half of\n\n[the answer",
        ),
        ("empty answer", "answer-empty", "[the model gave"),
        (
            "withheld a part",
            "answer-withheld",
            "I may\n\n[the provider",
        ),
    ] {
        let events = early(&scratch, "go", sentence);
        let last = events.last().expect("an end");
        assert_eq!(last["stop_reason"], reason);
        let content = last["content"].as_str().expect("text");
        assert!(content.starts_with(text), "{content}");
    }
}

#[test]
fn older_messages_are_summarised_for_the_model_and_stay_for_people() {
    let scratch = Scratch::new();
    let asked = Arc::new(Mutex::new(Vec::<Value>::new()));
    let kept = Arc::clone(&asked);
    let vendor = Vendor::answering(move |request| {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let is_summary = body["messages"][0]["content"]
            .as_str()
            .is_some_and(|text| text.starts_with("Summarise this conversation"));
        kept.lock().expect("no panic").push(body);
        says(if is_summary {
            "THE SUMMARY"
        } else {
            "an answer"
        })
    });
    super::kept::providers(&scratch, &vendor.base());
    let lines = "CONFIG memory-strategy=summarize\nCONFIG memory-max-messages=4";
    let file = agentfile(&scratch, "openai/m", lines);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    for turn in 0..5 {
        host.chat_in("a", "s", &format!("prompt {turn}"));
    }
    let asked = asked.lock().expect("no panic");
    let last = asked.last().expect("a request")["messages"].to_string();
    assert!(
        last.contains("[Conversation summary]: THE SUMMARY"),
        "{last}"
    );
    assert!(
        last.contains("prompt 4") && !last.contains("prompt 0"),
        "{last}"
    );
    let line = ["sessions", "show", "s", "--format", "json"];
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(
        messages.as_array().expect("a list").len(),
        10,
        "all of it is there"
    );
}
