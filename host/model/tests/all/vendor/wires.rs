//! Every protocol over real HTTP: whole, byte by byte, cut off, garbled, and refused.

use super::*;

/// A provider with an answer in its protocol, as its servers have sent it.
struct Wire {
    model: &'static str,
    /// Variables: the key, and the address below the server's.
    variables: [(&'static str, &'static str); 2],
    path: &'static str,
    /// Events of an answer that says `Hello`, in two pieces, of 11 tokens read (5 of them cached)
    /// and 3 written.
    events: Vec<String>,
    /// True if the library passes over an event that is no JSON: then the end is missing.
    passes_over: bool,
}

impl Wire {
    fn open(&self, server: &Server) -> Arc<dyn Model> {
        let [(key, value), (base, below)] = self.variables;
        let base_value = format!("{}{below}", server.address);
        open(self.model, &[(key, value), (base, &base_value)]).unwrap()
    }

    async fn ask(&self, server: &Server) -> (Result<Turn, Error>, Vec<String>) {
        ask(&*self.open(server), request(vec![user("hi")])).await
    }
}

/// OpenAI's chat completions.
fn chat() -> Vec<String> {
    let says = |text: &str| {
        event(
            json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0,
            "delta": {"content": text}, "finish_reason": null}], "usage": null}),
        )
    };
    let usage = json!({"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 5}});
    vec![
        says("Hel"),
        says("lo"),
        event(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})),
        event(json!({"choices": [], "usage": usage})),
        "data: [DONE]\n\n".into(),
    ]
}

fn named(kind: &str, mut data: Value) -> String {
    data["type"] = json!(kind);
    format!("event: {kind}\ndata: {data}\n\n")
}

/// Anthropic's messages. Their tokens that were read leave out those of the cache.
fn messages() -> Vec<String> {
    let text = |text: &str| {
        named(
            "content_block_delta",
            json!({"index": 0, "delta": {"type": "text_delta", "text": text}}),
        )
    };
    let usage = json!({"input_tokens": 6, "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 0, "output_tokens": 1});
    vec![
        named(
            "message_start",
            json!({"message": {"id": "m", "role": "assistant", "content": [], "usage": usage}}),
        ),
        named(
            "content_block_start",
            json!({"index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        named("ping", json!({})),
        text("Hel"),
        text("lo"),
        named("content_block_stop", json!({"index": 0})),
        named(
            "message_delta",
            json!({"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}),
        ),
        named("message_stop", json!({})),
    ]
}

/// Google's `streamGenerateContent`.
fn gemini() -> Vec<String> {
    let usage = json!({"promptTokenCount": 11, "candidatesTokenCount": 3, "totalTokenCount": 14,
        "cachedContentTokenCount": 5});
    let says = |text: &str| {
        event(json!({"candidates": [{"content": {"role": "model",
            "parts": [{"text": text}]}, "index": 0}], "usageMetadata": usage}))
    };
    let end = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]},
        "finishReason": "STOP"}], "usageMetadata": usage});
    vec![says("Hel"), says("lo"), event(end)]
}

/// Ollama's own: a line for each piece.
fn ollama() -> Vec<String> {
    let says = |text: &str| {
        let message = json!({"role": "assistant", "content": text});
        json!({"model": "m", "message": message, "done": false})
    };
    let end = json!({"model": "m", "message": {"role": "assistant", "content": ""}, "done": true,
        "done_reason": "stop", "prompt_eval_count": 11, "prompt_eval_cached_count": 5,
        "eval_count": 3});
    [says("Hel"), says("lo"), end]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// OpenAI's responses.
fn responses() -> Vec<String> {
    let delta = |text: &str| {
        named(
            "response.output_text.delta",
            json!({"item_id": "i", "output_index": 0, "content_index": 0, "delta": text}),
        )
    };
    let usage = json!({"input_tokens": 11, "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 14});
    let end = json!({"response": {"id": "r", "model": "gpt-5", "status": "completed", "output": [],
        "usage": usage}});
    vec![delta("Hel"), delta("lo"), named("response.completed", end)]
}

fn wires() -> Vec<Wire> {
    let chat_of = |model, key, base| Wire {
        model,
        variables: [(key, KEY), (base, "/v1")],
        path: "/v1/chat/completions",
        events: chat(),
        passes_over: false,
    };
    vec![
        chat_of("openai/gpt-4.1", "OPENAI_API_KEY", "OPENAI_API_BASE"),
        chat_of("vllm/qwen3", "VLLM_API_KEY", "VLLM_API_BASE"),
        chat_of(
            "openrouter/a/b",
            "OPENROUTER_API_KEY",
            "OPENROUTER_API_BASE",
        ),
        chat_of("azure/deployed", "AZURE_API_KEY", "AZURE_API_BASE"),
        chat_of("vercel/a/b", "VERCEL_API_KEY", "VERCEL_API_BASE"),
        chat_of("deepseek/chat", "DEEPSEEK_API_KEY", "DEEPSEEK_API_BASE"),
        Wire {
            model: "anthropic/claude-sonnet-4-5",
            variables: [("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_API_BASE", "/v1")],
            path: "/v1/messages",
            events: messages(),
            passes_over: false,
        },
        Wire {
            model: "gemini/gemini-2.5-pro",
            variables: [("GEMINI_API_KEY", KEY), ("GEMINI_API_BASE", "/v1beta")],
            path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            events: gemini(),
            passes_over: false,
        },
        Wire {
            model: "ollama/llama3.2",
            variables: [("UNUSED_API_KEY", KEY), ("OLLAMA_API_BASE", "")],
            path: "/api/chat",
            events: ollama(),
            passes_over: false,
        },
        Wire {
            model: "openai-responses/gpt-5",
            variables: [("OPENAI_API_KEY", KEY), ("OPENAI_API_BASE", "/v1")],
            path: "/v1/responses",
            events: responses(),
            passes_over: true,
        },
    ]
}

fn expected() -> Turn {
    Turn {
        usage: Usage {
            input: 11,
            output: 3,
            cached: 5,
            ..Usage::default()
        },
        ..says("Hello")
    }
}

#[tokio::test]
async fn an_answer_is_whole_however_its_bytes_arrive() {
    for wire in wires() {
        let bytes = wire.events.concat();
        let drip = bytes.chars().map(String::from).collect();
        let answers = [wire.events.clone(), vec![bytes], drip];
        let server = Server::start(answers.map(Answer::Events).into()).await;
        for _ in 0..3 {
            let (turn, deltas) = wire.ask(&server).await;
            assert_eq!(turn.unwrap(), expected(), "{}", wire.model);
            assert_eq!(deltas, ["Hel", "lo"], "{}", wire.model);
        }
        assert!(server.asked().iter().all(|asked| asked.path == wire.path));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_off_is_no_answer_and_nothing_is_said_twice() {
    for wire in wires() {
        for length in 0..wire.events.len() {
            let cut = Answer::Events(wire.events[..length].to_vec());
            let server = Server::start(vec![cut; 3]).await;
            let (turn, deltas) = wire.ask(&server).await;
            let model = wire.model;
            match turn {
                Err(Error::Vendor { kind, .. }) => {
                    assert_eq!(kind, FailureKind::Unavailable, "{model} {length}");
                }
                other => panic!("{model} {length}: {other:?}"),
            }
            // Where something was heard it is not tried again; else it is, twice.
            let asked = if deltas.is_empty() { 3 } else { 1 };
            assert_eq!(server.asked().len(), asked, "{model} {length}: {deltas:?}");
            assert!("Hello".starts_with(&deltas.concat()), "{model} {length}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_json_is_told_in_one_line() {
    for wire in wires() {
        let garbled: Vec<_> = wire
            .events
            .iter()
            .map(|event| event.replacen('{', "{\"\n,", 1))
            .collect();
        let server = Server::start(vec![Answer::Events(garbled); 3]).await;
        let error = wire.ask(&server).await.0.unwrap_err();
        let kind = if wire.passes_over {
            FailureKind::Unavailable
        } else {
            FailureKind::Answer
        };
        assert_eq!(error.failure(), Some(kind), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_kinds_in_every_protocol() {
    let too_long = [
        json!({"error": {"code": "context_length_exceeded", "message": "too many tokens"}}),
        json!({"type": "error", "error": {"type": "invalid_request_error",
            "message": "prompt is too long: 200001 tokens > 200000 maximum"}}),
        json!({"error": {"code": 400, "status": "INVALID_ARGUMENT",
            "message": "The input token count (1048577) exceeds the maximum"}}),
    ];
    for wire in wires() {
        let check = async |answers: Vec<Answer>, kind: FailureKind, times: usize| {
            let server = Server::start(answers).await;
            let error = wire.ask(&server).await.0.unwrap_err();
            assert_eq!(error.failure(), Some(kind), "{}: {error}", wire.model);
            assert!(!error.to_string().contains(KEY), "{error}");
            assert_eq!(server.asked().len(), times, "{}", wire.model);
        };
        let busy = status("500 Internal Server Error", "", "oops\nagain");
        check(vec![busy; 3], FailureKind::Unavailable, 3).await;
        let quota = status("429 Too Many Requests", "retry-after: 61\r\n", "quota");
        check(vec![quota], FailureKind::RateLimited, 1).await;
        let key = status("401 Unauthorized", "", KEY);
        check(vec![key], FailureKind::Auth, 1).await;
        for body in &too_long {
            let answer = Answer::Status("400 Bad Request", "", body.to_string());
            check(vec![answer], FailureKind::TooLong, 1).await;
        }
        // A wait that the vendor asks for is waited, and then there is an answer.
        let slow = status("429 Too Many Requests", "retry-after: 7\r\n", "slow down");
        let server = Server::start(vec![slow, Answer::Events(wire.events.clone())]).await;
        let start = Instant::now();
        assert_eq!(wire.ask(&server).await.0.unwrap(), expected());
        assert!(start.elapsed() >= Duration::from_secs(7), "{}", wire.model);
    }
}
