use cofferdam_model::{Message, Request, Sampling, Turn};
use serde_json::{Value, json};

use crate::{ask, assistant, call, open, request, result, says, user};

async fn answer(request: Request) -> Turn {
    let model = open("builtin/commands", &[]).unwrap();
    let (turn, deltas) = ask(&*model, request).await;
    let turn = turn.unwrap();
    assert_eq!(
        deltas.concat(),
        turn.text,
        "what is streamed is what is said"
    );
    turn
}

#[tokio::test]
async fn a_command_becomes_a_tool_call() {
    async fn check(prompt: &str, tool: &str, arguments: Value) {
        let turn = answer(request(vec![user(prompt)])).await;
        assert_eq!(
            turn,
            Turn {
                text: String::new(),
                tool_calls: vec![call("call-1", tool, arguments)],
                ..Turn::default()
            },
            "{prompt}"
        );
    }
    check(
        "run wc -l notes.txt",
        "wc",
        json!({"args": ["-l", "notes.txt"]}),
    )
    .await;
    check("  run   wc\n-l ", "wc", json!({"args": ["-l"]})).await;
    check("run wc", "wc", json!({"args": []})).await;
    check(
        r#"run wc "two words" 'it''s' a\ b "#,
        "wc",
        json!({"args": ["two words", "its", "a b"]}),
    )
    .await;
    check(
        r#"run notes_add {"title": "milk", "n": 2}"#,
        "notes_add",
        json!({"title": "milk", "n": 2}),
    )
    .await;
    check("run wc {a}", "wc", json!({"args": ["{a}"]})).await;
    check(
        r#"run wc {"a": 1} more"#,
        "wc",
        json!({"args": ["{a:", "1}", "more"]}),
    )
    .await;
}

#[tokio::test]
async fn anything_else_is_answered_with_help() {
    async fn check(messages: Vec<Message>, expected: &[&str]) {
        let turn = answer(request(messages)).await;
        assert!(turn.tool_calls.is_empty());
        for part in expected {
            assert!(
                turn.text.contains(part),
                "{part:?} is not in {:?}",
                turn.text
            );
        }
    }
    let help = [
        "run wc -l notes.txt",
        "\n  wc: Count lines, words and bytes.\n",
        "\n  notes_add: Add a note.",
    ];
    check(vec![user("hello")], &help).await;
    check(vec![user("run")], &help).await;
    check(vec![user("runs wc")], &help).await;
    check(vec![assistant("done", vec![])], &help).await;
    check(vec![], &help).await;
    check(
        vec![user("run rm -rf /")],
        &["There is no tool rm. The tools are: wc, notes_add."],
    )
    .await;
    check(
        vec![user("run wc 'open")],
        &["A quote or backslash in these arguments has no end: 'open"],
    )
    .await;

    let bare = Request {
        messages: vec![user("hello")],
        tools: vec![],
        sampling: Sampling::default(),
        object: None,
    };
    assert!(answer(bare).await.text.ends_with("There are no tools."));
}

#[tokio::test]
async fn an_object_is_repeated_as_it_is() {
    async fn check(prompt: &str, expected: &str) {
        assert_eq!(
            answer(request(vec![user(prompt)])).await,
            says(expected),
            "{prompt}"
        );
    }
    check(r#"object {"a": 1}"#, r#"{"a": 1}"#).await;
    check(" object\n[1,\n2] ", "[1,\n2]").await;
    check(r#"object{"a": "#, r#"{"a":"#).await;
    let help = answer(request(vec![user("object to this")])).await.text;
    assert!(help.contains("I answer `object {json}`"), "{help}");
}

#[tokio::test]
async fn a_result_is_repeated_as_it_is() {
    async fn check(content: &str, failed: bool, expected: &str) {
        let called = assistant("", vec![call("call-1", "wc", json!({}))]);
        let messages = vec![
            user("run wc"),
            called,
            result("call-1", "wc", content, failed),
        ];
        assert_eq!(answer(request(messages)).await, says(expected));
    }
    check("3 notes.txt\n", false, "3 notes.txt\n").await;
    check("", false, "wc said nothing.").await;
    check("no such file", true, "wc failed: no such file").await;
}

#[tokio::test]
async fn ids_are_unique_within_a_conversation() {
    let called = |id| assistant("", vec![call(id, "wc", json!({}))]);
    let second = vec![
        user("run wc"),
        called("call-1"),
        result("call-1", "wc", "1", false),
        user("run wc"),
    ];
    assert_eq!(answer(request(second)).await.tool_calls[0].id, "call-4");
    // The caller kept only the end of a longer conversation.
    let shortened = vec![called("call-2"), user("run wc")];
    assert_eq!(answer(request(shortened)).await.tool_calls[0].id, "call-3");
}
