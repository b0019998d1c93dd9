//! Thoughts that go back to the vendor while the tools run that came of them.

use super::*;

/// Asks twice: the turn calls a tool, and its thoughts go back with the result.
async fn twice(model: &str, variables: [(&str, &str); 2], first: Vec<String>) -> (Turn, Value) {
    let refusal = status("400 Bad Request", "", "that is all");
    let server = Server::start(vec![Answer::Events(first), refusal]).await;
    let [key, (base, below)] = variables;
    let address = format!("{}{below}", server.address);
    let model = open(model, &[key, (base, &address)]).unwrap();
    let turn = ask(&*model, request(vec![user("hi")])).await.0.unwrap();
    let said = Message::Assistant {
        text: turn.text.clone(),
        tool_calls: turn.tool_calls.clone(),
        thinking: turn.thinking.clone(),
    };
    let result = result(&turn.tool_calls[0].id, "wc", "3", false);
    let messages = vec![user("hi"), said, result];
    ask(&*model, request(messages)).await.0.unwrap_err();
    (turn, server.asked().remove(1).body)
}

fn named(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}

#[tokio::test]
async fn anthropic_reads_its_signed_and_sealed_thoughts_again() {
    let block = |block: Value| named("content_block_start", json!({"content_block": block}));
    let delta = |delta: Value| named("content_block_delta", json!({"delta": delta}));
    let stop = || named("content_block_stop", json!({}));
    let events = vec![
        named(
            "message_start",
            json!({"message": {"usage": {"input_tokens": 1}}}),
        ),
        block(json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(json!({"type": "thinking_delta", "thinking": "Count "})),
        delta(json!({"type": "thinking_delta", "thinking": "it."})),
        delta(json!({"type": "signature_delta", "signature": "c2lnbmVk"})),
        stop(),
        block(json!({"type": "redacted_thinking", "data": "c2VhbGVk"})),
        stop(),
        block(json!({"type": "text", "text": ""})),
        delta(json!({"type": "text_delta", "text": "I look."})),
        stop(),
        block(json!({"type": "tool_use", "id": "toolu_1", "name": "wc"})),
        delta(json!({"type": "input_json_delta", "partial_json": "{}"})),
        stop(),
        named(
            "message_delta",
            json!({"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}),
        ),
        named("message_stop", json!({})),
    ];
    let variables = [("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_API_BASE", "/v1")];
    let (turn, body) = twice("anthropic/claude-sonnet-4-5", variables, events).await;
    assert_eq!(turn.text, "I look.", "thoughts are no words");
    let expected = json!([
        {"type": "thinking", "thinking": "Count it.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "c2VhbGVk"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "wc", "input": {}},
    ]);
    assert_eq!(body["messages"][1]["content"], expected);
}

#[tokio::test]
async fn gemini_reads_the_signature_of_its_call_again() {
    let call = json!({"functionCall": {"name": "wc", "args": {"args": []}},
        "thoughtSignature": "c2lnbmVk"});
    let event = event(
        json!({"candidates": [{"content": {"role": "model", "parts": [call]},
        "finishReason": "STOP"}]}),
    );
    let variables = [("GEMINI_API_KEY", KEY), ("GEMINI_API_BASE", "/v1beta")];
    let (_, body) = twice("gemini/gemini-3-pro", variables, vec![event]).await;
    let part = &body["contents"][1]["parts"][0];
    assert_eq!(part["thoughtSignature"], "c2lnbmVk", "{body}");
    assert_eq!(part["functionCall"]["name"], "wc");
}

/// Those who take their thoughts back get them; others, who refuse an unknown field, do not.
#[tokio::test]
async fn thoughts_without_a_signature_go_back_to_those_who_take_them() {
    let call = json!({"index": 0, "id": "a", "function": {"name": "wc", "arguments": "{}"}});
    let events = || {
        vec![
            event(json!({"choices": [{"delta": {"reasoning_content": "Count it."}}]})),
            event(json!({"choices": [{"delta": {"tool_calls": [call]},
                "finish_reason": "tool_calls"}]})),
            "data: [DONE]\n\n".into(),
        ]
    };
    let variables = [("DEEPSEEK_API_KEY", KEY), ("DEEPSEEK_API_BASE", "/v1")];
    let (_, body) = twice("deepseek/chat", variables, events()).await;
    assert_eq!(body["messages"][1]["reasoning_content"], "Count it.");
    let variables = [("GROQ_API_KEY", KEY), ("GROQ_API_BASE", "/v1")];
    let (_, body) = twice("groq/m", variables, events()).await;
    assert_eq!(body["messages"][1].get("reasoning_content"), None, "{body}");
}
