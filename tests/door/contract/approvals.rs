//! Calls that wait for a person, and come again with the approval.

use serde_json::{Value, json};

use super::{client, ended, envelope, headers, host, over_http, request, validate, verdict};
use crate::support::components::{built_of, directory};
use crate::support::{Host, Scratch, cofferdam, python, tool};

/// The verdict of a call that waits for a person.
const WAITS: &str = "error approval_pending tool_approval_pending false";

/// The verdict of a call with an approval that is none for it.
const DENIED: &str = "denied permission_denied tool_permission_denied false";

/// A host that asks clients about tools that write, with `tee` and `cat` on one directory.
fn asking(scratch: &Scratch) -> Host<'_> {
    cofferdam(scratch, ["policy", "init", "--profile", "ask-on-write"])
        .run()
        .exits(0);
    let workspace = directory("/workspace", "read-write");
    let tee = built_of(scratch, &tool("tee"), "tee", &workspace);
    let cat = tool("cat");
    host(
        scratch,
        &format!("BIN tee {}\nBIN cat {}", tee.display(), cat.display()),
    )
}

/// A request that adds a line to a file.
fn append(id: &str, text: &str) -> Value {
    let input = json!({ "args": ["-a", "log"], "stdin": text });
    request(id, "tee", &input.to_string())
}

/// A new token that calls tools.
fn token(scratch: &Scratch, name: &str) -> String {
    let line = ["token", "create", name, "--scope", "tools"];
    let created = cofferdam(scratch, line).run().exits(0).stdout;
    created.trim_end().to_owned()
}

/// The answer over HTTP to the client with this token, which brings no approval.
#[track_caller]
fn asked(host: &Host<'_>, token: &str, request: &Value) -> Value {
    answer(host, &headers(token), request)
}

/// The answer over HTTP to the client with this token, which brings an approval.
#[track_caller]
fn approved(host: &Host<'_>, token: &str, approval: &str, request: &Value) -> Value {
    let headers = format!("{}cofferdam-approval: {approval}\r\n", headers(token));
    answer(host, &headers, request)
}

#[track_caller]
fn answer(host: &Host<'_>, headers: &str, request: &Value) -> Value {
    let (status, body) = over_http(host, headers, &request.to_string());
    assert_eq!(status, 200, "{body}");
    let answer = serde_json::from_str(&body).expect("an envelope");
    validate(request, &answer);
    answer
}

/// The question that a call waits for.
#[track_caller]
fn question(answer: &Value) -> String {
    assert_eq!(verdict(answer), WAITS, "{answer}");
    let details = &answer["error"]["details"];
    assert_eq!(details["outcome"], "approval-pending", "{answer}");
    details["approval"].as_str().expect("an id").to_owned()
}

#[track_caller]
fn decide(scratch: &Scratch, decision: &str, question: &str) {
    cofferdam(scratch, ["approvals", decision, question])
        .run()
        .exits(0);
}

/// The lines that were added.
#[track_caller]
fn log(scratch: &Scratch, host: &Host<'_>) -> String {
    let input = json!({ "args": ["log"] }).to_string();
    let read = envelope(scratch, host, &request("read", "cat", &input));
    let text = read["output"]["result"].as_str();
    text.unwrap_or_default().to_owned()
}

/// Checks that a call was denied for this reason.
#[track_caller]
fn is_denied(answer: &Value, reason: &str) {
    assert_eq!(verdict(answer), DENIED, "{answer}");
    let message = answer["error"]["message"].as_str().expect("a sentence");
    assert!(message.contains(reason), "{message}");
}

#[test]
fn an_approved_call_runs_once_and_no_other_call_does() {
    let scratch = Scratch::new();
    let host = asking(&scratch);
    let own = token(&scratch, "own");
    let one = append("w", "one\n");
    let id = question(&asked(&host, &own, &one));
    assert_eq!(log(&scratch, &host), "");
    // Before anybody has decided, it is the same question.
    assert_eq!(question(&approved(&host, &own, &id, &one)), id);
    let line = ["approvals", "ls", "--format", "json"];
    let waiting = cofferdam(&scratch, line).run().exits(0).json();
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
    assert_eq!(waiting[0]["principal"], "client own", "{waiting}");
    decide(&scratch, "approve", &id);

    // Another input, another caller, and an approval that nobody gave.
    let two = append("w2", "two\n");
    is_denied(&approved(&host, &own, &id, &two), "another input");
    let other = token(&scratch, "other");
    is_denied(&approved(&host, &other, &id, &one), "another caller");
    let none = approved(&host, &own, "00000000", &one);
    is_denied(&none, "no approval `00000000`");
    let long = approved(&host, &own, &"0".repeat(65), &one);
    assert_eq!(long["error"]["code"], "invalid_input", "{long}");
    assert_eq!(log(&scratch, &host), "");

    // None of these has used it up, and a refusal is not the answer to the same request.
    let ran = approved(&host, &own, &id, &one);
    assert_eq!(verdict(&ran), "ok - - null", "{ran}");
    assert_eq!(log(&scratch, &host), "one\n");
    // The same request is delivered again, and another one is another call.
    let again = approved(&host, &own, &id, &one);
    assert_eq!(again["output"], ran["output"], "{again}");
    is_denied(
        &approved(&host, &own, &id, &append("w3", "one\n")),
        "is used",
    );
    assert_eq!(log(&scratch, &host), "one\n");
    // Without an approval, it is asked about anew.
    assert_ne!(question(&asked(&host, &own, &append("w4", "one\n"))), id);
}

#[test]
fn an_approval_is_brought_over_grpc_too() {
    let scratch = Scratch::new();
    let host = asking(&scratch);
    let own = token(&scratch, "own");
    let one = append("w", "one\n");
    let first = ended(client(&host, &own, ""), std::slice::from_ref(&one));
    validate(&one, &first[0]);
    let id = question(&first[0]);
    decide(&scratch, "approve", &id);
    let mut command = client(&host, &own, "research-agent");
    command.env("COFFERDAM_APPROVAL", &id);
    let requests = [
        append("w2", "two\n"),
        one.clone(),
        one,
        append("w3", "one\n"),
    ];
    let answers = ended(command, &requests);
    is_denied(&answers[0], "another input");
    assert_eq!(verdict(&answers[1]), "ok - - null", "{answers:?}");
    assert_eq!(answers[2]["output"], answers[1]["output"], "{answers:?}");
    is_denied(&answers[3], "is used");
    assert_eq!(log(&scratch, &host), "one\n");
}

#[test]
fn an_approval_that_was_denied_or_is_over_runs_nothing() {
    let scratch = Scratch::new();
    let first = asking(&scratch);
    let own = token(&scratch, "own");
    let ask = |name: &str| question(&asked(&first, &own, &append(name, name)));
    let denied = ask("denied");
    decide(&scratch, "deny", &denied);
    let refused = approved(&first, &own, &denied, &append("denied", "denied"));
    is_denied(&refused, "is denied");
    let over = ask("over");
    let kept = ask("kept");
    for id in [&over, &kept] {
        decide(&scratch, "approve", id);
    }
    assert_eq!(first.terminate(), Some(0));
    // Its ten minutes are over.
    let end = format!("UPDATE approvals SET expires_at = 1 WHERE id = '{over}'");
    let script = "import sqlite3, sys\n\
                  with sqlite3.connect(sys.argv[1]) as database:\n    \
                  assert database.execute(sys.argv[2]).rowcount == 1";
    let changed = std::process::Command::new(python())
        .args(["-c", script])
        .arg(scratch.data().join("cofferdam.db"))
        .arg(end)
        .status()
        .expect("Python runs");
    assert!(changed.success());
    let second = Host::listening::<&str>(&scratch, []);
    let late = approved(&second, &own, &over, &append("over", "over"));
    is_denied(&late, "is expired");
    // The other one outlives its host.
    let ran = approved(&second, &own, &kept, &append("kept", "kept"));
    assert_eq!(verdict(&ran), "ok - - null", "{ran}");
    assert_eq!(log(&scratch, &second), "kept");
}
