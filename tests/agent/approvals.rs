//! Calls that wait for a person: approved, denied, over kills and restarts, and never twice.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kept::Client;
use crate::support::{Host, Scratch, cofferdam, content_of, tool};

/// An agent whose tools write, on a host that asks about those.
fn agentfile(scratch: &Scratch) -> PathBuf {
    cofferdam(scratch, ["policy", "init", "--profile", "ask-on-write"])
        .run()
        .exits(0);
    let bins = ["touch", "rm", "ls"].map(|name| format!("BIN {name} {}\n", tool(name).display()));
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\n{}",
        bins.concat()
    );
    scratch.file("Agentfile", text)
}

fn host<'a>(scratch: &'a Scratch, file: &Path) -> Host<'a> {
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

/// The questions that wait.
fn waiting(scratch: &Scratch) -> Vec<Value> {
    let line = ["approvals", "ls", "--format", "json"];
    let listed = cofferdam(scratch, line).run().exits(0).json();
    listed.as_array().expect("a list").clone()
}

/// The only question that waits.
fn question(scratch: &Scratch) -> String {
    let waiting = waiting(scratch);
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    waiting[0]["id"].as_str().expect("an id").to_owned()
}

fn state(scratch: &Scratch, id: &str) -> String {
    let line = ["approvals", "show", id, "--format", "json"];
    let shown = cofferdam(scratch, line).run().exits(0).json();
    shown["state"].as_str().expect("a state").to_owned()
}

fn approve(scratch: &Scratch, id: &str) {
    cofferdam(scratch, ["approvals", "approve", id])
        .run()
        .exits(0);
}

/// True if a file is in the workspace of the only agent.
fn is_there(scratch: &Scratch, name: &str) -> bool {
    let mut agents = std::fs::read_dir(scratch.data().join("agents")).expect("agents");
    let agent = agents.next().expect("one").expect("an entry").path();
    agent.join("workspace").join(name).exists()
}

/// The calls of tools in the log of the only agent.
fn logged(scratch: &Scratch) -> Vec<Value> {
    let line = ["logs", "a", "--format", "json"];
    let logs = cofferdam(scratch, line).run().exits(0).stdout;
    let lines = logs.lines().map(serde_json::from_str);
    let lines = lines.map(|line| line.expect("JSON"));
    lines
        .filter(|line: &Value| line["event"] == "tool-call")
        .collect()
}

/// The sums of the calls of a tool; null where there is none.
fn stats(scratch: &Scratch, tool: &str) -> Value {
    let line = ["stats", "a", "--format", "json"];
    let stats = cofferdam(scratch, line).run().exits(0).json();
    let tools = stats[0]["tools"].as_array().expect("tools");
    let found = tools.iter().find(|row| row["tool"] == tool);
    found.cloned().unwrap_or_default()
}

/// Asks for a call that has to be approved, and returns once it waits.
fn ask(scratch: &Scratch, session: &str, prompt: &str) -> Client {
    let mut client = Client::start(scratch, session, prompt);
    client.hears("approval.requested");
    client
}

#[test]
fn a_call_waits_until_it_is_approved_and_runs_as_it_was_shown() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = host(&scratch, &file);
    // What only reads is not asked about.
    host.chat_in("a", "s", "run ls");
    let mut client = ask(&scratch, "s", "run touch new.txt");
    assert!(!is_there(&scratch, "new.txt"));
    let asked = &waiting(&scratch)[0];
    assert_eq!(asked["agent"], "a");
    assert_eq!(asked["tool"], "touch");
    assert_eq!(asked["effect"], "write");
    assert_eq!(asked["arguments"], r#"{"args":["new.txt"]}"#);
    assert_eq!(asked["principal"], "agent a");
    assert_eq!(asked["session"], "s");
    assert_eq!(asked["state"], "pending");
    let id = question(&scratch);
    let shown = cofferdam(&scratch, ["sessions", "show", "s"]).run();
    let waits = format!("waits for an approval: `cofferdam approvals show {id}`");
    assert!(shown.stdout.contains(&waits), "{}", shown.stdout);
    let shown = cofferdam(&scratch, ["approvals", "show", &id]).run();
    assert_eq!(shown.stdout.lines().next(), Some(&*format!(" {id}")));
    // A question is no call.
    assert_eq!(stats(&scratch, "touch"), Value::Null);
    // Its beginning stands for it.
    approve(&scratch, &id[..8]);
    client.hears("tool.result");
    client.hears("message.create");
    assert!(is_there(&scratch, "new.txt"));
    assert_eq!(state(&scratch, &id), "used");
    let used = stats(&scratch, "touch");
    assert_eq!(used["calls"], 1, "{used}");
    assert_eq!(used["failed"], 0, "{used}");
    // Once and for all.
    cofferdam(&scratch, ["approvals", "approve", &id])
        .run()
        .exits(1)
        .complains(&["does not wait any more", "used"]);
    // The next call of the same kind is asked about again.
    drop(ask(&scratch, "s", "run touch new.txt"));
}

#[test]
fn a_model_reads_why_its_call_was_denied() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let _host = host(&scratch, &file);
    let mut client = ask(&scratch, "s", "run touch new.txt");
    let id = question(&scratch);
    let line = ["approvals", "deny", &id, "--reason", "not on a Friday"];
    cofferdam(&scratch, line).run().exits(0);
    let result = client.hears("tool.result");
    assert!(result.contains("not on a Friday"), "{result}");
    assert!(!is_there(&scratch, "new.txt"));
    assert_eq!(state(&scratch, &id), "denied");
    client.end();
    let call = &logged(&scratch)[0];
    assert_eq!(call["outcome"], "denied", "{call}");
    assert!(
        call["reason"].to_string().contains("not on a Friday"),
        "{call}"
    );
    // The answer is a line of the trail: who gave it, about what, and why.
    let line = ["audit", "ls", "--agent", "a", "--format", "json"];
    let listed = cofferdam(&scratch, line).run().exits(0).stdout;
    let answers = listed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let answers: Vec<Value> = answers
        .filter(|line: &Value| line["kind"] == "answer")
        .collect();
    assert_eq!(answers.len(), 1, "{listed}");
    let answer = &answers[0];
    assert_eq!(answer["approval"], id.as_str());
    assert_eq!(answer["approved"], false);
    assert_eq!(answer["by"], "the operator");
    assert_eq!(answer["caller"], "agent a");
    assert_eq!(answer["tool"], "touch");
    assert_eq!(answer["reason"], "not on a Friday");
    cofferdam(&scratch, ["audit", "verify"]).run().exits(0);
    let told = cofferdam(&scratch, ["audit", "ls", "--decision", "deny"]).run();
    assert!(told.stdout.contains("answer  denied touch by the operator"));
}

#[test]
fn a_turn_that_waits_outlives_a_kill_and_its_call_runs_once() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let first = host(&scratch, &file);
    ask(&scratch, "s", "run touch new.txt");
    let id = question(&scratch);
    first.kill();

    // Killed again before anybody has answered.
    host(&scratch, &file).kill();
    let third = host(&scratch, &file);
    assert_eq!(question(&scratch), id);
    approve(&scratch, &id);
    let line = ["sessions", "follow", "a", "s", "--until-idle"];
    cofferdam(&scratch, line).run();
    assert!(is_there(&scratch, "new.txt"));
    assert_eq!(state(&scratch, &id), "used");
    let line = ["sessions", "show", "s", "--format", "json"];
    let messages = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(messages[1]["state"], "complete", "{messages}");
    let part = &messages[1]["content"][0];
    assert_eq!(part["state"], "output-available", "{messages}");
    // Another start does not do it again.
    third.kill();
    let _fourth = host(&scratch, &file);
    assert!(waiting(&scratch).is_empty());
    assert_eq!(state(&scratch, &id), "used");
}

#[test]
fn an_approval_that_a_kill_follows_is_used_by_the_next_host() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let first = host(&scratch, &file);
    ask(&scratch, "s", "run touch new.txt");
    let id = question(&scratch);
    assert_eq!(first.terminate(), Some(0));
    assert_eq!(logged(&scratch)[0]["outcome"], "approval-pending");
    let second = host(&scratch, &file);
    approve(&scratch, &id);
    second.kill();
    let _third = host(&scratch, &file);
    let line = ["sessions", "follow", "a", "s", "--until-idle"];
    cofferdam(&scratch, line).run();
    assert!(is_there(&scratch, "new.txt"));
    assert_eq!(state(&scratch, &id), "used");
}

#[test]
fn a_turn_that_is_cancelled_takes_its_question_back() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let _host = host(&scratch, &file);
    let client = ask(&scratch, "s", "run touch new.txt");
    let id = question(&scratch);
    cofferdam(&scratch, ["sessions", "cancel", "a", "s"])
        .run()
        .exits(0);
    client.end();
    assert_eq!(state(&scratch, &id), "withdrawn");
    assert_eq!(logged(&scratch)[0]["outcome"], "cancelled");
    cofferdam(&scratch, ["approvals", "approve", &id])
        .run()
        .exits(1)
        .complains(&["withdrawn"]);
    assert!(!is_there(&scratch, "new.txt"));
}

#[test]
fn an_approval_for_a_session_holds_for_its_tool_there_and_nowhere_else() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = host(&scratch, &file);
    let mut client = ask(&scratch, "s", "run touch one.txt");
    let id = question(&scratch);
    cofferdam(&scratch, ["approvals", "approve", &id, "--session"])
        .run()
        .exits(0);
    client.hears("message.create");
    let events = host.chat_in("a", "s", "run touch two.txt");
    assert!(!content_of(&events, "tool.result").contains("approv"));
    assert!(is_there(&scratch, "one.txt") && is_there(&scratch, "two.txt"));
    // Another tool, and another session.
    ask(&scratch, "s", "run rm one.txt").leave();
    ask(&scratch, "other", "run touch three.txt").leave();
    assert!(is_there(&scratch, "one.txt") && !is_there(&scratch, "three.txt"));
}

#[test]
fn an_agent_that_changed_is_asked_about_anew() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let first = host(&scratch, &file);
    ask(&scratch, "s", "run touch new.txt");
    let id = question(&scratch);
    assert_eq!(first.terminate(), Some(0));
    // The same tool under another grant.
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}CONFIG limit.touch.fuel=7000000\n")).unwrap();
    let _second = host(&scratch, &file);
    approve(&scratch, &id);
    let line = ["sessions", "follow", "a", "s", "--until-idle"];
    cofferdam(&scratch, line).run();
    assert!(!is_there(&scratch, "new.txt"));
    let line = ["sessions", "show", "s"];
    let text = cofferdam(&scratch, line).run().exits(0).stdout;
    assert!(text.contains("for another grant"), "{text}");
}
