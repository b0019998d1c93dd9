//! Answers of a given form: the way to ask that each provider has, and words where it has none.

use std::sync::Arc;

use cofferdam_model::ObjectSchema;

use super::*;

fn strict() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"],
        "additionalProperties": false})
}

fn wanted(schema: Value) -> cofferdam_model::Request {
    cofferdam_model::Request {
        tools: Vec::new(),
        object: Some(ObjectSchema {
            name: String::new(),
            description: "a number".into(),
            schema: Arc::new(schema),
        }),
        ..request(vec![user("one")])
    }
}

/// The answer to these events, and the body of every request.
async fn object(
    model: &str,
    variables: [(&str, &str); 2],
    schema: Value,
    answers: Vec<Answer>,
) -> (String, Vec<Value>) {
    let server = Server::start(answers).await;
    let [key, (base, below)] = variables;
    let address = format!("{}{below}", server.address);
    let model = open(model, &[key, (base, &address)]).unwrap();
    let turn = ask(&*model, wanted(schema)).await.0.unwrap();
    assert_eq!(turn.tool_calls, [], "no tool of the agent is called");
    let bodies = server.asked().into_iter().map(|asked| asked.body);
    (turn.text, bodies.collect())
}

const OPENAI: [(&str, &str); 2] = [("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", "/v1")];
const VLLM: [(&str, &str); 2] = [("VLLM_API_KEY", KEY), ("VLLM_API_BASE", "/v1")];

fn says_one() -> Answer {
    stream(
        &[json!({"content": "{\"a\": "}), json!({"content": "1}"})],
        true,
    )
}

fn calls(name: &str) -> Answer {
    let function = json!({"name": name, "arguments": "{\"a\":1}"});
    stream(
        &[json!({"tool_calls": [{"index": 0, "id": "x", "function": function}]})],
        true,
    )
}

#[tokio::test]
async fn openai_is_held_to_a_schema_that_it_can_be_held_to() {
    let (text, bodies) = object("openai/gpt-4.1", OPENAI, strict(), vec![says_one()]).await;
    assert_eq!(text, "{\"a\": 1}");
    let form = &bodies[0]["response_format"];
    assert_eq!(form["type"], "json_schema");
    assert_eq!(form["json_schema"]["name"], "response");
    assert_eq!(form["json_schema"]["strict"], true);
    assert_eq!(form["json_schema"]["schema"], strict());
    assert_eq!(bodies[0].get("tools"), None);

    // A keyword that strict mode has not: the model calls a tool instead.
    let mut schema = strict();
    schema["oneOf"] = json!([true]);
    let answer = vec![calls("generate_object")];
    let (text, bodies) = object("openai/gpt-4.1", OPENAI, schema.clone(), answer).await;
    assert_eq!(text, "{\"a\":1}");
    assert_eq!(bodies[0].get("response_format"), None);
    assert_eq!(bodies[0]["tools"][0]["function"]["parameters"], schema);
}

#[tokio::test]
async fn a_compatible_endpoint_has_to_call_the_tool() {
    let answer = vec![calls("generate_object")];
    let (text, bodies) = object("vllm/qwen3", VLLM, strict(), answer).await;
    assert_eq!(text, "{\"a\":1}");
    let function = json!({"type": "function", "function": {"name": "generate_object"}});
    assert_eq!(bodies[0]["tool_choice"], function);
    assert_eq!(bodies[0]["tools"][0]["function"]["description"], "a number");
    // One that answers in words all the same is heard.
    let (text, _) = object("vllm/qwen3", VLLM, strict(), vec![says_one()]).await;
    assert_eq!(text, "{\"a\": 1}");
}

#[tokio::test]
async fn where_the_schema_is_refused_it_is_said_in_words() {
    let refused = status("400 Bad Request", "", "tools are not supported");
    let answers = vec![refused, says_one()];
    let (text, bodies) = object("vllm/qwen3", VLLM, strict(), answers).await;
    assert_eq!(text, "{\"a\": 1}");
    assert_eq!(bodies[1].get("tools"), None);
    let words = bodies[1]["messages"][0]["content"].as_str().unwrap();
    assert!(words.contains(&strict().to_string()), "{words}");
    assert!(words.contains("a number"), "{words}");
    // A tool takes an object alone.
    let list = json!({"type": "array"});
    let answers = vec![stream(&[json!({"content": "[1]"})], true)];
    let (text, bodies) = object("vllm/qwen3", VLLM, list, answers).await;
    assert_eq!(text, "[1]");
    assert_eq!(bodies[0].get("tools"), None);
}

#[tokio::test]
async fn anthropic_calls_the_tool() {
    let event = |kind: &str, mut data: Value| {
        data["type"] = json!(kind);
        format!("event: {kind}\ndata: {data}\n\n")
    };
    let block = json!({"content_block": {"type": "tool_use", "id": "t",
        "name": "generate_object"}});
    // It was cut off by the number of tokens: what there is comes as it is.
    let input = json!({"delta": {"type": "input_json_delta", "partial_json": "{\"a\": 1, "}});
    let end = json!({"delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 2}});
    let events = vec![
        event("content_block_start", block),
        event("content_block_delta", input),
        event("message_delta", end),
        event("message_stop", json!({})),
    ];
    let variables = [("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_API_BASE", "/v1")];
    let answer = vec![Answer::Events(events)];
    let model = "anthropic/claude-sonnet-4-5";
    let (text, bodies) = object(model, variables, strict(), answer).await;
    assert_eq!(text, "{\"a\": 1, ");
    let choice = json!({"type": "tool", "name": "generate_object"});
    assert_eq!(bodies[0]["tool_choice"], choice);
    assert_eq!(bodies[0]["tools"][0]["input_schema"], strict());
}

#[tokio::test]
async fn gemini_and_ollama_have_ways_of_their_own() {
    let answer = event(
        json!({"candidates": [{"content": {"parts": [{"text": "{\"a\": 1}"}]},
        "finishReason": "STOP"}]}),
    );
    let variables = [("GEMINI_API_KEY", KEY), ("GEMINI_API_BASE", "/v1beta")];
    let answers = vec![Answer::Events(vec![answer])];
    let model = "gemini/gemini-2.5-pro";
    let (text, bodies) = object(model, variables, strict(), answers).await;
    assert_eq!(text, "{\"a\": 1}");
    let config = &bodies[0]["generationConfig"];
    assert_eq!(config["responseJsonSchema"], strict());
    assert_eq!(config["responseMimeType"], "application/json");

    let line = json!({"message": {"content": "{\"a\": 1}"}, "done": true, "done_reason": "stop"});
    let variables = [("UNUSED_API_KEY", KEY), ("OLLAMA_API_BASE", "")];
    let answers = vec![Answer::Events(vec![format!("{line}\n")])];
    let (text, bodies) = object("ollama/llama3.2", variables, strict(), answers).await;
    assert_eq!(text, "{\"a\": 1}");
    assert_eq!(bodies[0]["format"], "json");
    let words = bodies[0]["messages"][0]["content"].as_str().unwrap();
    assert!(words.contains(&strict().to_string()), "{words}");
}
