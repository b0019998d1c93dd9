//! Calls of tools that get less than the called tools were granted.

use serde_json::{Value, json};

use crate::support::components::{built, may_call};
use crate::support::{Host, Scratch, content_of, tool};

/// An agent whose `nested` passes on what these keys of its row say to `touch`, `cat` and itself.
fn answer(keys: &str, called: &str, args: &[&str]) -> Value {
    let scratch = Scratch::new();
    let row = |name: &str| may_call(name).replace("reason", &format!("{keys}reason"));
    let rows = row("touch") + &row("cat") + &may_call("nested");
    let nested = built(&scratch, "nested", "nested", &rows);
    let mut file = "FROM scratch\nNAME a\nMODEL builtin/commands\n".to_owned();
    for (name, path) in [
        ("nested", nested),
        ("touch", tool("touch")),
        ("cat", tool("cat")),
        ("mkdir", tool("mkdir")),
    ] {
        file += &format!("BIN {name} {}\n", path.display());
    }
    let file = scratch.file("Agentfile", file);
    let host = Host::start(&scratch, ["--agentfile".as_ref(), file.as_os_str()]);
    host.chat("a", "run mkdir notes");
    host.chat("a", "run touch notes/there.txt");
    let input = json!({ "act": "call", "tool": called, "input": { "args": args } });
    let events = host.chat("a", &format!("run nested {input}"));
    let answer = content_of(&events, "tool.result");
    serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"))
}

fn failed(answer: &Value) -> bool {
    answer["inner"].is_null()
}

#[test]
fn a_call_writes_nothing_where_its_caller_passes_on_reading() {
    assert!(!failed(&answer("", "touch", &["new.txt"])));
    let refused = answer("access = \"read-only\"\n", "touch", &["new.txt"]);
    assert!(failed(&refused), "{refused}");
    assert!(!failed(&answer(
        "access = \"read-only\"\n",
        "cat",
        &["notes/there.txt"]
    )));
}

#[test]
fn a_call_sees_the_directories_that_its_caller_passes_on() {
    let keys = "directories = [\"/workspace/notes\"]\n";
    assert!(!failed(&answer(
        keys,
        "touch",
        &["/workspace/notes/new.txt"]
    )));
    let refused = answer(keys, "touch", &["/workspace/new.txt"]);
    assert!(failed(&refused), "{refused}");
    let nothing = answer("directories = []\n", "cat", &["notes/there.txt"]);
    assert!(failed(&nothing), "{nothing}");
    // One that is not there is said, and nothing runs.
    let missing = answer(
        "directories = [\"/workspace/gone\"]\n",
        "cat",
        &["notes/there.txt"],
    );
    let message = missing["message"].as_str().unwrap_or_default();
    assert!(message.contains("/workspace/gone"), "{missing}");
}
