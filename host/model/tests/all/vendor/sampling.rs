//! Settings of a model on the wire of each protocol, and those that a protocol has no place for.

use cofferdam_model::Sampling;

use super::*;

/// Everything chosen.
fn all() -> Sampling {
    Sampling {
        max_tokens: 77,
        temperature: Some(0.25),
        top_p: Some(0.5),
        top_k: Some(40),
        presence_penalty: Some(-1.5),
        frequency_penalty: Some(1.5),
        seed: Some(42),
        stop: vec!["END".into(), "STOP".into()],
    }
}

/// The body of a request with these settings.
async fn body(model: &str, variables: [(&str, &str); 2], sampling: Sampling) -> Value {
    let refusal = status("400 Bad Request", "", "that is all");
    let server = Server::start(vec![refusal]).await;
    let [key, (base, below)] = variables;
    let address = format!("{}{below}", server.address);
    let model = open(model, &[key, (base, &address)]).unwrap();
    model.accept(&sampling).unwrap();
    let request = cofferdam_model::Request {
        sampling,
        ..request(vec![user("hi")])
    };
    ask(&*model, request).await.0.unwrap_err();
    server.asked().remove(0).body
}

#[tokio::test]
async fn settings_reach_the_vendor_in_its_words() {
    let check = async |model, variables, sampling, expected: Value| {
        let body = body(model, variables, sampling).await;
        for (pointer, value) in expected.as_object().unwrap() {
            assert_eq!(
                body.pointer(pointer),
                Some(value),
                "{model} {pointer}: {body}"
            );
        }
    };
    let compatible = json!({"/max_tokens": 77, "/temperature": 0.25, "/top_p": 0.5, "/top_k": 40,
        "/presence_penalty": -1.5, "/frequency_penalty": 1.5, "/seed": 42,
        "/stop": ["END", "STOP"]});
    let variables = [("VLLM_API_KEY", KEY), ("VLLM_API_BASE", "/v1")];
    check("vllm/qwen3", variables, all(), compatible).await;
    let gemini = json!({"/generationConfig": {"maxOutputTokens": 77, "temperature": 0.25,
        "topP": 0.5, "topK": 40, "presencePenalty": -1.5, "frequencyPenalty": 1.5, "seed": 42,
        "stopSequences": ["END", "STOP"]}});
    let variables = [("GEMINI_API_KEY", KEY), ("GEMINI_API_BASE", "/v1beta")];
    check("gemini/gemini-2.5-pro", variables, all(), gemini).await;
    let anthropic = json!({"/max_tokens": 77, "/temperature": 0.25, "/top_p": 0.5, "/top_k": 40,
        "/stop_sequences": ["END", "STOP"]});
    let sampling = Sampling {
        presence_penalty: None,
        frequency_penalty: None,
        seed: None,
        ..all()
    };
    let variables = [("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_API_BASE", "/v1")];
    check(
        "anthropic/claude-sonnet-4-5",
        variables,
        sampling,
        anthropic,
    )
    .await;
    let ollama = json!({"/options": {"num_predict": 77, "temperature": 0.25, "top_p": 0.5,
        "seed": 42, "stop": ["END", "STOP"]}});
    let sampling = Sampling {
        top_k: None,
        presence_penalty: None,
        frequency_penalty: None,
        ..all()
    };
    let variables = [("UNUSED_API_KEY", KEY), ("OLLAMA_API_BASE", "")];
    check("ollama/llama3.2", variables, sampling, ollama).await;
}

#[test]
fn a_setting_without_a_place_is_refused() {
    let check = |model: &str, sampling: Sampling, expected: &str| {
        let keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"].map(|name| (name, KEY));
        let model = open(model, &keys).unwrap();
        let refused = model.accept(&sampling).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    };
    let none = Sampling::default;
    let top_k = Sampling {
        top_k: Some(1),
        ..none()
    };
    check(
        "openai/gpt-4.1",
        top_k.clone(),
        "openai cannot be asked for `top-k`: leave the setting out",
    );
    check(
        "ollama/m",
        top_k,
        "ollama cannot be asked for `top-k`: leave the setting out",
    );
    let seed = Sampling {
        seed: Some(1),
        ..none()
    };
    check(
        "anthropic/m",
        seed,
        "anthropic cannot be asked for `seed`: leave the setting out",
    );
    let hot = Sampling {
        temperature: Some(1.5),
        ..none()
    };
    check(
        "anthropic/m",
        hot,
        "anthropic cannot be asked for `temperature` above 1: leave the setting out",
    );
    let stop = Sampling {
        stop: vec!["END".into()],
        ..none()
    };
    check(
        "openai-responses/m",
        stop,
        "openai-responses cannot be asked for `stop`: leave the setting out",
    );
    let builtin = open("builtin/commands", &[]).unwrap();
    builtin.accept(&all()).unwrap();
}
