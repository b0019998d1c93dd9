//! Approvals for a session: taken back, and for the very caller that the person was shown.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::kept::Client;
use crate::support::components::{built, may_call};
use crate::support::{Host, Scratch, cofferdam, content_of, tool};

/// An agent with `touch` and a tool that calls it, on a host that asks about `touch` alone.
fn agentfile(scratch: &Scratch) -> PathBuf {
    let policy = scratch.data().join("policy");
    std::fs::create_dir_all(&policy).expect("a directory");
    let text = "permit (principal, action == Action::\"call\", resource);\n\
                permit (principal, action, resource)\n\
                when { resource != Tool::\"touch\" };";
    std::fs::write(policy.join("a.cedar"), text).expect("a file");
    let nested = built(scratch, "nested", "nested", &may_call("touch"));
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nBIN touch {}\nBIN nested {}\n",
        tool("touch").display(),
        nested.display()
    );
    scratch.file("Agentfile", text)
}

/// The questions of this state, the newest first.
fn questions(scratch: &Scratch, state: &str) -> Vec<Value> {
    let line = ["approvals", "ls", "--all", "--format", "json"];
    let listed = cofferdam(scratch, line).run().exits(0).json();
    let listed = listed.as_array().expect("a list").clone();
    let of_state = listed.into_iter().filter(|asked| asked["state"] == state);
    of_state.collect()
}

/// Approves the only question that waits for its session, and returns its id.
fn approve_for_session(scratch: &Scratch) -> String {
    let waiting = questions(scratch, "pending");
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let id = waiting[0]["id"].as_str().expect("an id").to_owned();
    cofferdam(scratch, ["approvals", "approve", "--session", &id])
        .run()
        .exits(0);
    id
}

/// True if a file is in the workspace of the only agent.
fn is_there(scratch: &Scratch, name: &str) -> bool {
    let mut agents = std::fs::read_dir(scratch.data().join("agents")).expect("agents");
    let agent = agents.next().expect("one").expect("an entry").path();
    agent.join("workspace").join(name).exists()
}

/// Has `touch` called by the model, and approved for the session.
fn stand(scratch: &Scratch, name: &str) -> String {
    let mut client = Client::start(scratch, "s", &format!("run touch {name}"));
    client.hears("approval.requested");
    let id = approve_for_session(scratch);
    client.end();
    assert!(is_there(scratch, name));
    id
}

#[test]
fn an_approval_for_a_session_is_taken_back_by_a_denial() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    let id = stand(&scratch, "one.txt");
    host.chat_in("a", "s", "run touch two.txt");
    assert!(is_there(&scratch, "two.txt"));
    let deny = ["approvals", "deny", &id, "--reason", "enough"];
    cofferdam(&scratch, deny).run().exits(0);
    let denied = questions(&scratch, "denied");
    assert_eq!(denied[0]["scope"], "session", "{denied:?}");
    // The next call is asked about again.
    let mut client = Client::start(&scratch, "s", "run touch three.txt");
    client.hears("approval.requested");
    assert!(!is_there(&scratch, "three.txt"));
    client.leave();
    let line = ["audit", "ls", "--agent", "a", "--format", "json"];
    let listed = cofferdam(&scratch, line).run().exits(0).stdout;
    let lines = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let answers: Vec<Value> = lines
        .filter(|line| line["kind"] == "answer" && line["approval"] == id.as_str())
        .map(|line| json!([line["approved"], line["session_wide"]]))
        .collect();
    assert_eq!(answers.len(), 2, "{listed}");
    assert!(answers.contains(&json!([true, true])), "{listed}");
    assert!(answers.contains(&json!([false, true])), "{listed}");
    // It stays so.
    cofferdam(&scratch, deny)
        .run()
        .exits(1)
        .complains(&["does not wait any more", "denied"]);
}

#[test]
fn an_approval_for_a_session_holds_for_the_caller_that_was_shown() {
    let scratch = Scratch::new();
    let file = agentfile(&scratch);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    stand(&scratch, "one.txt");
    let nested = |name: &str| {
        let input = json!({ "act": "call", "tool": "touch", "input": { "args": [name] } });
        let events = host.chat_in("a", "s", &format!("run nested {input}"));
        content_of(&events, "tool.result")
    };
    // The person has seen a call of the model, and no tool that makes one.
    let refused = nested("two.txt");
    assert!(refused.contains("Denied"), "{refused}");
    assert!(!is_there(&scratch, "two.txt"));
    let asked = &questions(&scratch, "pending")[0];
    assert_eq!(asked["caller"], "nested", "{asked}");
    let id = asked["id"].as_str().expect("an id");
    let shown = cofferdam(&scratch, ["approvals", "show", id]).run();
    let caller = shown.stdout.lines().find(|line| line.contains("called by"));
    assert!(
        caller.is_some_and(|line| line.ends_with("nested")),
        "{}",
        shown.stdout
    );
    approve_for_session(&scratch);
    nested("two.txt");
    assert!(is_there(&scratch, "two.txt"));

    // Both end with their session, also where another begins under its id.
    let rm = ["sessions", "rm", "a", "s"];
    cofferdam(&scratch, rm).run().exits(0);
    assert!(questions(&scratch, "approved").is_empty());
    nested("three.txt");
    assert!(!is_there(&scratch, "three.txt"));
}
