//! `cofferdam secret` from outside, on the files of the store.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{KEY, Setting, TOKEN, is_clean, mode};
use crate::support::{Scratch, cofferdam, typed_unseen};

#[test]
fn secrets_are_listed_with_their_grants_and_without_their_values() {
    let setting = Setting::new(&["token", "key"]);
    let scratch = &setting.scratch;
    let list = |args: &[&str]| {
        let line = [&["secret", "ls"], args].concat();
        let ran = cofferdam(scratch, line).run().exits(0);
        is_clean("the list", ran.stdout.as_bytes());
        ran
    };
    assert_eq!(list(&["--format", "json"]).json(), json!([]));
    assert!(!setting.stored("").exists(), "looking makes nothing");

    setting.set("token", TOKEN, &[]);
    setting.set("token", KEY, &["--agent", "b"]);
    let file = scratch.file("value", format!("{KEY}\n"));
    let line = ["secret", "set", "key", "--from-file"].map(AsRef::as_ref);
    let line = line.into_iter().chain([file.as_os_str()]);
    cofferdam(scratch, line).run().exits(0);
    let listed = list(&["--format", "json"]).json();
    let row = |row: &serde_json::Value| {
        assert!(
            row["set"].as_i64().is_some_and(|set| set > 1_700_000_000),
            "{row}"
        );
        json!([row["name"], row["agent"], row["grants"]])
    };
    let rows: Vec<_> = listed.as_array().expect("a list").iter().map(row).collect();
    let granted = json!([{ "agent": "a", "tool": "fetch" }]);
    assert_eq!(
        json!(rows),
        json!([
            ["key", null, granted],
            ["token", null, granted],
            ["token", "b", []]
        ])
    );
    assert!(list(&[]).stdout.contains("fetch of a"));
    let own = list(&["--agent", "b", "--format", "json"]).json();
    assert_eq!(own.as_array().map(Vec::len), Some(1), "{own}");

    // Files that others can neither read nor find.
    for (name, expected) in [
        ("", 0o700),
        ("identity", 0o600),
        ("host", 0o700),
        ("host/token.age", 0o600),
        ("agents/b/token.age", 0o600),
    ] {
        let found = std::fs::metadata(setting.stored(name)).expect("it is there");
        assert_eq!(found.permissions().mode() & 0o777, expected, "{name}");
    }
    cofferdam(scratch, ["secret", "rm", "key"]).run().exits(0);
    cofferdam(scratch, ["secret", "rm", "key"])
        .run()
        .exits(2)
        .complains(&["the host has no secret `key`"]);
}

#[test]
fn a_value_that_is_no_secret_changes_nothing() {
    let setting = Setting::new(&["token"]);
    setting.set("token", TOKEN, &[]);
    let before = std::fs::read(setting.stored("host/token.age")).expect("a file");
    let refused = |args: &[&str], value: &str, parts: &[&str]| {
        let line = [&["secret", "set"], args].concat();
        let ran = cofferdam(&setting.scratch, line).stdin(value).run();
        ran.exits(2).complains(parts);
    };
    refused(&["token"], "", &["standard input is empty"]);
    refused(&["token"], "short", &["5 bytes", "8 to 65536"]);
    refused(&["token"], "two\nlines of it", &["line break"]);
    refused(&["token"], &"e".repeat((64 << 10) + 4), &["8 to 65536"]);
    refused(
        &["token", "--agent", "../a"],
        TOKEN,
        &["--agent", "is not the name of an agent"],
    );
    refused(&["a/b"], TOKEN, &[]);
    // The agent may come later.
    let line = ["secret", "set", "token", "--agent", "nobody"];
    let ran = cofferdam(&setting.scratch, line)
        .stdin(TOKEN)
        .run()
        .exits(0);
    assert!(
        ran.stderr.contains("there is no agent `nobody` yet"),
        "{}",
        ran.stderr
    );
    // The value is no argument.
    refused(&["token", TOKEN], TOKEN, &[]);
    let after = std::fs::read(setting.stored("host/token.age")).expect("a file");
    assert!(before == after);
}

/// On a terminal the value is asked for, and what is typed is not seen.
#[test]
fn a_value_that_is_typed_is_not_shown() {
    let scratch = Scratch::new();
    let seen = typed_unseen(&scratch, ["secret", "set", "token"], TOKEN);
    is_clean("the terminal", seen.as_bytes());
    assert!(scratch.data().join("secrets/host/token.age").exists());
}

#[test]
fn a_plain_secret_of_a_former_host_is_encrypted_when_a_host_starts() {
    let setting = Setting::new(&["token"]);
    let plain = setting
        .scratch
        .file("data/secrets/token", format!("{TOKEN}\n"));
    mode(&setting.stored(""), 0o700);
    mode(&plain, 0o600);
    let mut host = setting.host();
    host.hears("the secret `token` was a plain file and is encrypted now");
    setting.ask(&host, "bearer.test/echo");
    assert!(setting.last_head().contains(TOKEN));
    assert!(!plain.exists() && setting.stored("host/token.age").exists());
}
