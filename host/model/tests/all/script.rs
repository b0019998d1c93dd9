use std::fs;
use std::path::Path;
use std::sync::Arc;

use cofferdam_model::{Credentials, Error, Message, Model, Turn, Usage};
use serde_json::json;

use crate::{ask, assistant, call, request, result, says, user};

fn open(name: &str, scripts: &Path) -> Result<Arc<dyn Model>, Error> {
    cofferdam_model::open(
        &format!("script/{name}").parse()?,
        &Credentials::default(),
        scripts,
    )
}

#[tokio::test]
async fn a_script_is_replayed_by_the_number_of_turns_spoken() {
    let scripts = tempfile::tempdir().unwrap();
    let lines = concat!(
        "# counts lines\n\n",
        r#"{"text": "I count.", "tool_calls": [{"name": "wc", "arguments": {"args": ["-l"]}}, "#,
        r#"{"id": "own", "name": "wc", "arguments": {}}], "#,
        r#""usage": {"input": 20, "output": 4, "cached": 7}}"#,
        "\n",
        r#"{"text": "There are three lines in that file."}"#,
    );
    fs::create_dir(scripts.path().join("days")).unwrap();
    fs::write(scripts.path().join("days/monday.jsonl"), lines).unwrap();
    let model = open("days/monday.jsonl", scripts.path()).unwrap();

    let calls = vec![
        call("call-1-1", "wc", json!({"args": ["-l"]})),
        call("own", "wc", json!({})),
    ];
    let mut messages = vec![Message::System("Be brief.".into()), user("how many?")];
    let (turn, _) = ask(&*model, request(messages.clone())).await;
    assert_eq!(
        turn.unwrap(),
        Turn {
            text: "I count.".into(),
            tool_calls: calls.clone(),
            usage: Usage {
                input: 20,
                output: 4,
                cached: 7,
                ..Usage::default()
            },
            ..Turn::default()
        }
    );

    messages.push(assistant("I count.", calls));
    messages.push(result("call-1-1", "wc", "3", false));
    let (turn, deltas) = ask(&*model, request(messages.clone())).await;
    assert_eq!(turn.unwrap(), says("There are three lines in that file."));
    assert_eq!(
        deltas,
        ["There are ", "three lines ", "in that file."],
        "a consumer sees that it streams"
    );

    messages.push(assistant("There are three lines in that file.", vec![]));
    match ask(&*model, request(messages)).await.0 {
        Err(Error::ScriptEnded { file, turns }) => {
            assert_eq!((file.as_str(), turns), ("days/monday.jsonl", 2))
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nobody_has_to_listen() {
    let scripts = tempfile::tempdir().unwrap();
    fs::write(
        scripts.path().join("s"),
        r#"{"text": "one two three four five"}"#,
    )
    .unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    drop(receiver);
    let turn = open("s", scripts.path())
        .unwrap()
        .turn(request(vec![user("go")]), sender)
        .await;
    assert_eq!(turn.unwrap(), says("one two three four five"));
}

#[test]
fn a_bad_script_is_refused_with_its_line() {
    let scripts = tempfile::tempdir().unwrap();
    let check = |text: &str, expected: &str| {
        fs::write(scripts.path().join("s"), text).unwrap();
        let error = open("s", scripts.path()).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("", "script s holds no turn");
    check("# only a comment\n", "script s holds no turn");
    check("{}", "script s, line 1: neither text nor tool_calls");
    check(
        "# one\n{\"text\": \"a\"}\n\nnot json",
        "script s, line 4: expected ident, at column 2",
    );
    check(r#"{"txt": "a"}"#, "script s, line 1: unknown field `txt`");
    check(
        r#"{"tool_calls": [{"name": "wc"}]}"#,
        "missing field `arguments`",
    );
    check(
        r#"{"tool_calls": [{"name": "wc", "arguments": []}]}"#,
        "invalid type: sequence, expected a map",
    );
    check(
        r#"{"tool_calls": [{"name": "wc", "arguments": {}, "x": 1}]}"#,
        "unknown field `x`",
    );
    let call = r#"{"id": "a", "name": "wc", "arguments": {}}"#;
    check(
        &format!(r#"{{"tool_calls": [{call}, {call}]}}"#),
        r#"line 1: the id "a" is used twice"#,
    );
    check(
        &format!(r#"{{"tool_calls": [{}]}}"#, [call; 33].join(",")),
        "line 1: more than 32 tool calls",
    );
    check(
        &"#".repeat(1024 * 1024 + 1),
        "script s is larger than 1048576 bytes",
    );
}

#[test]
fn a_script_lies_inside_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let scripts = root.path().join("scripts");
    fs::create_dir_all(scripts.join("folder")).unwrap();
    fs::write(root.path().join("outside"), r#"{"text": "secret"}"#).unwrap();
    fs::write(scripts.join("bytes"), [0xff, 0xfe]).unwrap();
    std::os::unix::fs::symlink(root.path().join("outside"), scripts.join("link")).unwrap();

    let check = |name: &str, expected: &str| {
        let error = open(name, &scripts).err().unwrap().to_string();
        assert_eq!(error, format!("script {name} {expected}"));
    };
    check(
        "../outside",
        "is not a relative path inside the scripts directory",
    );
    check(
        "folder/../../outside",
        "is not a relative path inside the scripts directory",
    );
    check(
        root.path().join("outside").to_str().unwrap(),
        "is not a relative path inside the scripts directory",
    );
    check("link", "leads out of the scripts directory");
    check("folder", "is not a file");
    check("bytes", "is not UTF-8 text");
    check("absent", "cannot be read: entity not found");
}
