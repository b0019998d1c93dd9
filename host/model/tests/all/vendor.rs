mod failures;
mod objects;
mod sampling;
mod thinking;
mod wires;

use std::sync::Arc;
use std::time::Duration;

use cofferdam_model::{Error, FailureKind, Message, Model, Turn, Usage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::server::{Answer, Server};
use crate::{ask, assistant, call, open, request, result, says, user};

const KEY: &str = "sk-test-0123456789";

/// An OpenAI model whose address is the server.
fn openai(server: &Server) -> Arc<dyn Model> {
    let base = format!("{}/v1", server.address);
    open(
        "openai/gpt-4.1",
        &[("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", &base)],
    )
    .unwrap()
}

/// An answer in OpenAI's streaming protocol.
fn stream(deltas: &[Value], done: bool) -> Answer {
    let mut events: Vec<String> = deltas
        .iter()
        .map(|delta| event(json!({"choices": [{"delta": delta}]})))
        .collect();
    if done {
        events.push(event(
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
        ));
        events.push("data: [DONE]\n\n".into());
    }
    Answer::Events(events)
}

fn event(data: Value) -> String {
    format!("data: {data}\n\n")
}

fn hello() -> Answer {
    stream(&[json!({"content": "Hello"})], true)
}

fn status(status: &'static str, headers: &'static str, message: &str) -> Answer {
    Answer::Status(
        status,
        headers,
        json!({"error": {"message": message}}).to_string(),
    )
}

/// Asks once and returns the error with its kind.
async fn refused(server: &Server) -> (String, FailureKind) {
    match ask(&*openai(server), request(vec![user("hi")])).await.0 {
        Err(Error::Vendor {
            provider,
            message,
            kind,
        }) => {
            assert_eq!(provider, "openai");
            (message, kind)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn text_arrives_in_deltas_and_whole() {
    let deltas = [
        json!({"role": "assistant", "content": "Three "}),
        json!({"content": "lines"}),
        json!({"content": "."}),
    ];
    let server = Server::start(vec![stream(&deltas, true)]).await;
    let (turn, deltas) = ask(&*openai(&server), request(vec![user("how many?")])).await;
    assert_eq!(turn.unwrap(), says("Three lines."));
    assert_eq!(deltas, ["Three ", "lines", "."]);
}

#[tokio::test]
async fn tool_calls_are_put_together() {
    let part = |index: u32, id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if let (Some(id), Some(name)) = (id, name) {
            call["id"] = json!(id);
            call["function"]["name"] = json!(name);
        }
        json!({"tool_calls": [call]})
    };
    let deltas = [
        json!({"content": "I look."}),
        part(0, Some("call_a"), Some("wc"), ""),
        part(0, None, None, "{\"args\": [\"-l\", "),
        part(0, None, None, "\"notes.txt\"]}"),
        part(1, Some("call#wc#0"), Some("wc"), ""),
        part(2, Some("call#wc#0"), Some("notes_add"), "{\"title\""),
    ];
    let server = Server::start(vec![stream(&deltas, true)]).await;
    let earlier = assistant("", vec![call("call_a", "wc", json!({}))]);
    let messages = vec![
        user("count"),
        earlier,
        result("call_a", "wc", "3", false),
        user("again"),
    ];
    let (turn, _) = ask(&*openai(&server), request(messages)).await;
    let tool_calls = vec![
        // Its id was taken by an earlier turn.
        call("call_a-2", "wc", json!({"args": ["-l", "notes.txt"]})),
        // Nothing written is no arguments; ids that repeat, or that another vendor would refuse,
        // are replaced.
        call("call_wc_0", "wc", json!({})),
        // What is not JSON is kept as it is: the tool's schema refuses it, and the model sees why.
        call("call_wc_0-2", "notes_add", json!("{\"title\"")),
    ];
    assert_eq!(
        turn.unwrap(),
        Turn {
            text: "I look.".into(),
            tool_calls,
            ..Turn::default()
        }
    );
}

#[tokio::test]
async fn the_whole_conversation_is_sent() {
    let server = Server::start(vec![hello()]).await;
    let messages = vec![
        Message::System("Be brief.".into()),
        user("count"),
        assistant(
            "I look.",
            vec![
                call("a", "wc", json!({"args": []})),
                call("b", "wc", json!("{broken")),
            ],
        ),
        result("a", "wc", "3", false),
        result("b", "wc", "arguments are not an object", true),
        assistant("", vec![]),
    ];
    ask(&*openai(&server), request(messages)).await.0.unwrap();

    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(
        asked.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(
        (&asked.body["model"], &asked.body["max_tokens"]),
        (&json!("gpt-4.1"), &json!(1000))
    );
    let tool = |id: &str, arguments: &str| {
        let function = json!({"name": "wc", "arguments": arguments});
        json!({"type": "function", "id": id, "function": function})
    };
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "count"},
        {"role": "assistant", "content": "I look.",
         "tool_calls": [tool("a", r#"{"args":[]}"#), tool("b", r#"{"arguments":"{broken"}"#)]},
        {"role": "tool", "tool_call_id": "a", "content": "3"},
        {"role": "tool", "tool_call_id": "b",
         "content": "The call failed: arguments are not an object"},
    ]);
    assert_eq!(asked.body["messages"], messages);
    assert_eq!(asked.body["tools"][1]["function"]["name"], "notes_add");
    assert_eq!(
        asked.body["tools"][1]["function"]["parameters"]["required"],
        json!(["title"])
    );
}

#[tokio::test]
async fn anthropic_gets_all_results_of_a_turn_in_one_message() {
    let events = [
        (
            "message_start",
            json!({"message": {"usage": {"input_tokens": 1, "output_tokens": 1}}}),
        ),
        (
            "content_block_start",
            json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        (
            "content_block_delta",
            json!({"index": 0, "delta": {"type": "text_delta", "text": "Done."}}),
        ),
        ("content_block_stop", json!({"index": 0})),
        (
            "content_block_start",
            json!({"index": 1, "content_block": {"type": "tool_use", "id": "toolu_1",
                "name": "wc"}}),
        ),
        (
            "content_block_delta",
            json!({"index": 1, "delta": {"type": "input_json_delta",
                "partial_json": "{\"args\": []}"}}),
        ),
        ("content_block_stop", json!({"index": 1})),
        (
            "message_delta",
            json!({"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}),
        ),
        ("message_stop", json!({})),
    ];
    let events = events.map(|(kind, mut data)| {
        data["type"] = json!(kind);
        format!("event: {kind}\ndata: {data}\n\n")
    });
    let server = Server::start(vec![Answer::Events(events.into())]).await;
    let base = format!("{}/v1", server.address);
    let variables = [
        ("ANTHROPIC_API_KEY", KEY),
        ("ANTHROPIC_API_BASE", base.as_str()),
    ];
    let model = open("anthropic/claude-sonnet-4-5", &variables).unwrap();
    let calls = vec![call("a", "wc", json!({})), call("b", "wc", json!({}))];
    let results = [result("a", "wc", "1", false), result("b", "wc", "2", false)];
    let messages = [
        Message::System("Be brief.".into()),
        user("count"),
        assistant("", calls),
    ];
    let (turn, deltas) = ask(
        &*model,
        request(messages.into_iter().chain(results).collect()),
    )
    .await;

    let expected = Turn {
        text: "Done.".into(),
        tool_calls: vec![call("toolu_1", "wc", json!({"args": []}))],
        usage: Usage {
            input: 1,
            output: 2,
            ..Usage::default()
        },
        ..Turn::default()
    };
    assert_eq!(
        (turn.unwrap(), deltas.concat().as_str()),
        (expected, "Done.")
    );
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.path.as_str(), asked.header("x-api-key")),
        ("/v1/messages", Some(KEY))
    );
    let messages = asked.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    assert_eq!(messages[2]["content"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_provider_with_an_address_needs_no_row_and_no_key() {
    let server = Server::start(vec![hello(), hello()]).await;
    let base = format!("{}/api", server.address);
    for key in [None, Some(("VLLM_API_KEY", KEY))] {
        let variables: Vec<_> = [("VLLM_API_BASE", base.as_str())]
            .into_iter()
            .chain(key)
            .collect();
        let model = open("vllm/qwen/qwen3", &variables).unwrap();
        assert_eq!(
            ask(&*model, request(vec![user("hi")])).await.0.unwrap(),
            says("Hello")
        );
    }
    let asked = server.asked();
    assert_eq!(
        (asked[0].path.as_str(), &asked[0].body["model"]),
        ("/api/chat/completions", &json!("qwen/qwen3"))
    );
    assert_eq!(asked[0].header("authorization"), None);
    assert_eq!(
        asked[1].header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
}

#[tokio::test]
async fn a_key_is_never_repeated() {
    for code in ["401 Unauthorized", "403 Forbidden", "400 Bad Request"] {
        let server = Server::start(vec![status(
            code,
            "",
            &format!("Incorrect API key provided: {KEY}."),
        )])
        .await;
        let (message, kind) = refused(&server).await;
        assert!(
            !message.contains(KEY) && message.starts_with(&format!("answered {code}: ")),
            "{message}"
        );
        let expected = match code {
            "400 Bad Request" => FailureKind::Invalid,
            _ => FailureKind::Auth,
        };
        assert_eq!(kind, expected, "{code}");
    }
    let server = Server::start(vec![status(
        "401 Unauthorized",
        "",
        "Incorrect API key provided: sk-***6789",
    )])
    .await;
    assert_eq!(
        refused(&server).await.0,
        "answered 401 Unauthorized: check the key in OPENAI_API_KEY"
    );
}

#[tokio::test]
async fn a_turn_has_bounds() {
    async fn check(deltas: &[Value], expected: &str) {
        let server = Server::start(vec![stream(deltas, true)]).await;
        assert_eq!(
            refused(&server).await,
            (expected.to_owned(), FailureKind::Answer)
        );
    }
    let half = "x".repeat(600 * 1024);
    let text = json!({"content": half});
    check(
        &[text.clone(), text],
        "said more than 1048576 bytes in one turn",
    )
    .await;
    let called = |index: usize, arguments: &str| {
        let function = json!({"name": "wc", "arguments": arguments});
        json!({"tool_calls": [{"index": index, "id": format!("call_{index}"),
            "function": function}]})
    };
    let many: Vec<Value> = (0..33).map(|index| called(index, "{}")).collect();
    check(&many, "called more than 32 tools in one turn").await;
    let too_much = "wrote more than 1048576 bytes of arguments in one turn";
    check(&[called(0, &half), called(0, &half)], too_much).await;
    check(&[called(0, &half), called(1, &half)], too_much).await;
}

#[tokio::test]
async fn a_silent_vendor_is_given_up_on() {
    let server = Server::start(vec![Answer::Silence]).await;
    let start = Instant::now();
    let arrived = server.arrived.clone();
    let hurry = async {
        arrived.notified().await;
        tokio::time::pause(); // from here on nothing happens but the clock
    };
    let (refused, ()) = tokio::join!(refused(&server), hurry);
    assert_eq!(
        refused,
        (
            "gave no complete answer within 300 seconds".into(),
            FailureKind::Unavailable
        )
    );
    assert!(start.elapsed() >= Duration::from_secs(299));
}

#[tokio::test]
async fn nobody_has_to_listen() {
    let server = Server::start(vec![hello()]).await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    drop(receiver);
    let turn = openai(&server)
        .turn(request(vec![user("hi")]), sender)
        .await;
    assert_eq!(turn.unwrap(), says("Hello"));
}
