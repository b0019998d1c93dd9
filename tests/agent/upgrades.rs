//! Databases that older versions left: nothing that is in them is lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::kept::Client;
use crate::support::{Host, Scratch, checkout, cofferdam, python, tool};

/// The version that has tables for sessions and parts.
const SESSIONS: usize = 3;

/// The version that has a table for tokens.
const TOKENS: usize = 4;

/// The version that has a table for notes.
const NOTES: usize = 5;

/// The version that has a table for approvals.
const APPROVALS: usize = 6;

/// The files with the versions of the tables.
fn migrations() -> Vec<PathBuf> {
    let directory = checkout().join("host/store/migrations");
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths
}

fn database(scratch: &Scratch) -> PathBuf {
    scratch.data().join("cofferdam.db")
}

/// Puts the database in the place of `new` as this version left it, and returns the number of rows
/// that each table has.
#[track_caller]
fn leave(scratch: &Scratch, new: &Path, version: usize) -> Value {
    let output = Command::new(python())
        .arg(checkout().join("tests/agent/older.py"))
        .args([new.to_owned(), database(scratch)])
        .arg(version.to_string())
        .args(migrations())
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "version {version}: {said}");
    // There was no trail then.
    std::fs::remove_dir_all(scratch.data().join("audit")).expect("a trail");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The number of rows that each of these tables has now.
fn rows(scratch: &Scratch, tables: &Value) -> Value {
    let script = "import json, sqlite3, sys\n\
                  database = sqlite3.connect(sys.argv[1])\n\
                  count = lambda table: database.execute(f'SELECT count(*) FROM {table}')\n\
                  tables = json.loads(sys.argv[2])\n\
                  print(json.dumps({table: count(table).fetchone()[0] for table in tables}))";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(database(scratch))
        .arg(tables.to_string())
        .output()
        .expect("Python runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The data directory of a host with something in every table.
fn lived(scratch: &Scratch) -> String {
    let bins = ["touch", "echo"].map(|name| format!("BIN {name} {}\n", tool(name).display()));
    let text = format!(
        "FROM scratch\nNAME a\nMODEL builtin/commands\nCAPABILITY note_save note_show\n{}",
        bins.concat()
    );
    let file = scratch.file("Agentfile", text);
    let host = Host::start(scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat_in("a", "s", "run echo hello");
    host.chat_in("a", "s", "and again");
    host.tool_result("a", r#"note_save {"key": "team", "content": "blue"}"#);
    // From here on, what writes waits for a person.
    cofferdam(scratch, ["policy", "init", "--profile", "ask-on-write"])
        .run()
        .exits(0);
    let line = ["token", "create", "ci", "--scope", "tools"];
    cofferdam(scratch, line).run().exits(0);
    let mut client = Client::start(scratch, "waits", "run touch new.txt");
    client.hears("approval.requested");
    let line = ["approvals", "ls", "--format", "json"];
    let waiting = cofferdam(scratch, line).run().exits(0).json();
    assert_eq!(host.terminate(), Some(0));
    waiting[0]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_database_of_any_version_is_brought_to_this_one_and_keeps_everything() {
    let scratch = Scratch::new();
    let approval = lived(&scratch);
    let new = scratch.path().join("new.db");
    std::fs::copy(database(&scratch), &new).expect("one file");
    for version in 1..=migrations().len() {
        let tables = leave(&scratch, &new, version);
        let host = Host::start::<&str>(&scratch, []);
        let inspect = ["inspect", "a", "--format", "json"];
        let agent = cofferdam(&scratch, inspect).run().exits(0).json();
        // A turn that waits for a person goes on, once approvals are kept.
        if version < APPROVALS {
            assert_eq!(agent["status"], "ready", "version {version}: {agent}");
        }
        assert_eq!(agent["desired"], "running", "version {version}: {agent}");
        for session in ["s", "waits"] {
            keeps(&scratch, session, version);
        }
        if version >= TOKENS {
            let tokens = cofferdam(&scratch, ["token", "ls"]).run().exits(0).stdout;
            assert!(tokens.contains("ci"), "version {version}: {tokens}");
        }
        if version >= NOTES {
            let note = host.tool_result("a", r#"note_show {"key": "team"}"#);
            assert_eq!(note, "blue", "version {version}");
        }
        if version >= APPROVALS {
            let show = ["approvals", "show", &approval, "--format", "json"];
            let shown = cofferdam(&scratch, show).run().exits(0).json();
            assert_eq!(shown["state"], "pending", "{shown}");
            assert_eq!(shown["arguments"], r#"{"args":["new.txt"]}"#, "{shown}");
            let approve = ["approvals", "approve", &approval];
            cofferdam(&scratch, approve).run().exits(0);
            let line = ["sessions", "follow", "a", "waits", "--until-idle"];
            cofferdam(&scratch, line).run();
            let shown = cofferdam(&scratch, show).run().exits(0).json();
            assert_eq!(shown["state"], "used", "{shown}");
        }
        // It works, and from here on calls are recorded.
        let events = host.chat_in("a", "s", "run echo anew");
        assert!(!events.is_empty());
        let line = ["audit", "ls", "--tool", "echo", "--format", "json"];
        let recorded = cofferdam(&scratch, line).run().exits(0).stdout;
        assert_eq!(recorded.lines().count(), 1, "version {version}: {recorded}");
        assert_eq!(host.terminate(), Some(0));
        cofferdam(&scratch, ["audit", "verify"]).run().exits(0);
        let now = rows(&scratch, &tables);
        for (table, before) in tables.as_object().expect("tables") {
            let now = now[table].as_u64();
            assert!(
                now >= before.as_u64() && now.is_some(),
                "version {version}: {table} had {before} rows, and has {now:?}"
            );
        }
    }
}

/// Everything that was said in a session is there.
#[track_caller]
fn keeps(scratch: &Scratch, session: &str, version: usize) {
    let line = ["sessions", "show", session, "--format", "json"];
    let messages = cofferdam(scratch, line).run().exits(0).json();
    let said = messages.to_string();
    match session {
        "s" => {
            for part in ["run echo hello", "hello\\n", "and again"] {
                assert!(said.contains(part), "version {version}: {part}: {said}");
            }
            let states: Vec<_> = messages
                .as_array()
                .expect("messages")
                .iter()
                .map(|message| &message["state"])
                .collect();
            let complete = json!("complete");
            assert_eq!(states, [&complete; 4], "version {version}: {said}");
        }
        _ => assert!(said.contains("touch new.txt"), "version {version}: {said}"),
    }
    if version < SESSIONS {
        return;
    }
    let line = ["sessions", "ls", "--format", "json"];
    let listed = cofferdam(scratch, line).run().exits(0).stdout;
    assert!(listed.contains(session), "version {version}: {listed}");
}
