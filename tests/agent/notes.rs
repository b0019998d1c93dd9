//! The tools that an agent holds by `CAPABILITY`: its notes, and what it was given.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::grpc::client;
use crate::support::vendor::{Vendor, says};
use crate::support::{Host, Scratch, cofferdam, content_of, tool};

/// Everything that `CAPABILITY` can name here, in both spellings.
const ALL: &str = "CAPABILITY context_list context-show env_list mount_list note_delete note_list\n\
                   CAPABILITY note-pin note_save note_show note_unpin note-save agent_exec\n";

fn agentfile(scratch: &Scratch, more: &str) -> PathBuf {
    let text = format!("FROM scratch\nNAME a\nMODEL builtin/commands\n{more}");
    scratch.file("Agentfile", text)
}

fn serve<'a>(scratch: &'a Scratch, more: &str) -> Host<'a> {
    let file = agentfile(scratch, more);
    Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()])
}

/// The result of a call as JSON.
fn json_of(host: &Host<'_>, line: &str) -> Value {
    let text = host.tool_result("a", line);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn notes_are_tools_and_outlive_sessions_and_hosts() {
    let scratch = Scratch::new();
    let host = serve(&scratch, ALL);
    let saved = json_of(
        &host,
        r#"note_save {"key": "team", "content": "They\nare blue."}"#,
    );
    let expected = json!({ "key": "team", "pinned": false, "overwrote": false });
    assert_eq!(saved, expected);
    let again = r#"note_save {"key": "team", "content": "They are red.", "pin": true}"#;
    assert_eq!(json_of(&host, again)["overwrote"], true);
    // What is not said stays.
    let again = r#"note_save {"key": "team", "content": "They are green."}"#;
    assert_eq!(json_of(&host, again)["pinned"], true);
    host.kill();
    let host = Host::start::<&str>(&scratch, []);
    assert_eq!(
        host.tool_result("a", r#"note_show {"key": "team"}"#),
        "They are green."
    );
    let listed = json_of(&host, "note_list {}");
    assert_eq!(listed[0]["preview"], "They are green.");
    assert_eq!(
        json_of(&host, r#"note_unpin {"key": "team"}"#)["pinned"],
        false
    );
    assert_eq!(
        json_of(&host, r#"note_pin {"key": "team"}"#)["pinned"],
        true
    );

    // A call that cannot be is told in words that a model can act on.
    for (line, says) in [
        (r#"note_show {"key": "other"}"#, "there is no note `other`"),
        (r#"note_save {"key": "No", "content": "x"}"#, "`No` is not"),
        (r#"note_save {"key": "x"}"#, "content"),
        (
            r#"note_save {"key": "x", "content": "y", "more": 1}"#,
            "more",
        ),
    ] {
        let answer = host.tool_result("a", line);
        assert!(answer.contains(says), "{line}: {answer}");
    }
    assert_eq!(
        json_of(&host, r#"note_delete {"key": "team"}"#)["deleted"],
        true
    );
    assert_eq!(
        json_of(&host, r#"note_delete {"key": "team"}"#)["deleted"],
        false
    );

    // They are calls like any other: counted, logged, with a receipt.
    let stats = cofferdam(&scratch, ["stats", "a", "--format", "json"]);
    let stats = stats.run().exits(0).json();
    let tools = stats[0]["tools"].as_array().expect("tools").iter();
    let mut counted = tools.filter(|row| row["tool"] == "note_show");
    assert_eq!(counted.next().expect("a row")["calls"], 2);
    let log = cofferdam(&scratch, ["logs", "a"]).run().exits(0).stdout;
    assert!(log.contains("tool=note_save"), "{log}");
}

#[test]
fn an_agent_holds_what_its_author_asked_for() {
    let scratch = Scratch::new();
    let host = serve(&scratch, "CAPABILITY note_list agent_exec\n");
    let tools = |scratch: &Scratch| {
        let line = ["inspect", "a", "--format", "json"];
        cofferdam(scratch, line).run().exits(0).json()["tools"].clone()
    };
    assert_eq!(tools(&scratch), json!(["note_list"]));
    let said = content_of(&host.chat("a", "run note_save {}"), "message.create");
    assert!(said.contains("There is no tool note_save"), "{said}");
    drop(host);

    let echo = tool("echo");
    let other = Scratch::new();
    let file = agentfile(
        &other,
        &format!("CAPABILITY note_save\nBIN note_save {}\n", echo.display()),
    );
    let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
    cofferdam(&other, line).run().exits(2).complains(&[
        "note_save",
        "is a tool of the host: give this one another name",
    ]);
}

#[test]
fn an_agent_reads_what_it_was_given_and_no_value() {
    let scratch = Scratch::new();
    let directory = scratch.directory("facts").display().to_string();
    let row =
        format!("[[agent]]\nname = \"a\"\nmount = [\"{directory}:/srv/facts:the facts:ro\"]\n");
    scratch.file("data/cofferdam.toml", row);
    let host = serve(
        &scratch,
        &format!(
            "{ALL}ENV TEAM=secret-whale \"who it is\"\n\
             CONTEXT SOUL \"who you are\" <<EOF\nBe kind.\nEOF\n"
        ),
    );
    let contexts = json_of(&host, "context_list {}");
    assert_eq!(
        contexts,
        json!([{ "name": "SOUL", "description": "who you are" }])
    );
    assert_eq!(
        host.tool_result("a", r#"context_show {"name": "SOUL"}"#),
        "Be kind."
    );
    let missing = host.tool_result("a", r#"context_show {"name": "../agent.yaml"}"#);
    assert!(missing.contains("there is SOUL"), "{missing}");
    let variables = json_of(&host, "env_list {}");
    assert_eq!(
        variables,
        json!([{ "key": "TEAM", "description": "who it is" }])
    );
    let mounts = json_of(&host, "mount_list {}");
    let expected = json!([
        { "target": "/srv/facts", "description": "the facts", "read_only": true }
    ]);
    assert_eq!(mounts, expected);
    assert!(!mounts.to_string().contains(&directory), "{mounts}");
}

#[test]
fn notes_have_a_quota_that_the_agentfile_sets() {
    let scratch = Scratch::new();
    let few = "CONFIG notes-max-count=2\nCONFIG notes-max-bytes-per=10\n";
    let host = serve(&scratch, &format!("{ALL}{few}"));
    for key in ["a", "b"] {
        let line = format!(r#"note_save {{"key": "{key}", "content": "1234567890"}}"#);
        json_of(&host, &line);
    }
    let full = host.tool_result("a", r#"note_save {"key": "c", "content": "x"}"#);
    assert!(
        full.contains("there are 2 notes, the most there may be"),
        "{full}"
    );
    // One of them can still be written anew.
    json_of(&host, r#"note_save {"key": "b", "content": "x"}"#);
    let long = host.tool_result("a", r#"note_save {"key": "b", "content": "12345678901"}"#);
    assert!(long.contains("11 bytes, and at most 10 are kept"), "{long}");
    drop(host);
    for (config, says) in [
        (
            "notes-max-count=0",
            "notes-max-count = 0: expected a whole number from 1 to 128",
        ),
        (
            "notes-max-bytes-per=much",
            "notes-max-bytes-per = much: expected",
        ),
        ("notes-prompt-section=top", "expected off, above or below"),
    ] {
        let other = Scratch::new();
        let file = agentfile(&other, &format!("CONFIG {config}\n"));
        let line = ["serve".as_ref(), "--agentfile".as_ref(), file.as_os_str()];
        cofferdam(&other, line).run().exits(2).complains(&[says]);
    }
}

#[test]
fn pinned_notes_stand_in_the_prompt_where_the_agentfile_says_so() {
    for (place, is_first) in [("above", true), ("below", false)] {
        let scratch = Scratch::new();
        let prompts = std::sync::Arc::<std::sync::Mutex<Vec<Value>>>::default();
        let kept = std::sync::Arc::clone(&prompts);
        let vendor = Vendor::answering(move |request| {
            let body = serde_json::from_slice(&request.body).expect("JSON");
            kept.lock().expect("no thread panicked").push(body);
            says("hi")
        });
        let text = format!(
            "FROM scratch\nNAME a\nMODEL openai/m\nCAPABILITY note_save\n\
             CONFIG notes-prompt-section={place}\n"
        );
        let file = scratch.file("Agentfile", text);
        let host = Host::start_with(
            &scratch,
            ["--agentfile".as_ref(), file.as_os_str()],
            &[("OPENAI_API_KEY", "x"), ("OPENAI_API_BASE", &vendor.base())],
        );
        for (key, content) in [("team", "They are blue."), ("loose", "Not pinned.")] {
            client(&scratch, &host, &["save_note", key, content]);
        }
        client(&scratch, &host, &["pin_note", "team"]);
        host.chat("a", "hello");
        let prompts = prompts.lock().expect("no thread panicked");
        let prompt = prompts[0]["messages"][0]["content"].as_str().expect("text");
        let note = prompt.find("They are blue.").expect("a note");
        assert!(!prompt.contains("Not pinned."), "{prompt}");
        assert_eq!(
            note < prompt.find("## AGENT").expect("a document"),
            is_first
        );
        assert!(prompt.contains("your notes stay"), "{prompt}");
    }
}

#[test]
fn notes_are_reached_over_the_wire_of_openotters() {
    let scratch = Scratch::new();
    let host = serve(&scratch, "");
    let called = client(&scratch, &host, &["notes"]);
    assert_eq!(
        called["saved"],
        json!(["team", "They are\nblue.", "They are blue.", false, false])
    );
    assert_eq!(called["overwrote"], true);
    assert_eq!(called["pinned"], json!(["team"]));
    assert_eq!(called["all"], json!(["other", "team"]));
    assert_eq!(called["unknown"][0], "NOT_FOUND");
    assert_eq!(called["key"][0], "INVALID_ARGUMENT");
    assert_eq!(called["long"][0], "INVALID_ARGUMENT");
    assert_eq!(called["full"][0], "RESOURCE_EXHAUSTED");
    assert_eq!(called["deleted"], json!([true, false]));
}
