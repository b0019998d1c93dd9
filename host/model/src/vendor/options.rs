//! The options of a request, as genai wants them.

use genai::adapter::AdapterKind;
use genai::chat::{ChatOptions, ChatResponseFormat};
use serde_json::{Map, Value, json};

use super::dialect::Dialect;
use crate::sampling::Sampling;

/// The options that say how the model chooses its words, and what is kept of the answer.
pub(super) fn of(kind: AdapterKind, dialect: Dialect, sampling: &Sampling) -> ChatOptions {
    let Sampling {
        max_tokens,
        temperature,
        top_p,
        top_k: _,
        presence_penalty: _,
        frequency_penalty: _,
        seed,
        stop,
    } = sampling;
    let options = ChatOptions::default()
        .with_max_tokens(*max_tokens)
        .with_stop_sequences(stop.clone())
        .with_capture_tool_calls(true)
        .with_capture_usage(true)
        .with_capture_reasoning_content(dialect.keeps_thinking(kind));
    ChatOptions {
        temperature: *temperature,
        top_p: *top_p,
        seed: seed.map(u64::from),
        ..options
    }
}

/// Adds the settings that genai has no option for.
pub(super) fn with_rest(
    dialect: Dialect,
    sampling: &Sampling,
    mut options: ChatOptions,
) -> ChatOptions {
    let Sampling {
        max_tokens,
        temperature,
        top_p,
        top_k,
        presence_penalty,
        frequency_penalty,
        seed,
        stop,
    } = sampling;
    if top_k.is_none() && presence_penalty.is_none() && frequency_penalty.is_none() {
        return options;
    }
    let mut rest = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            rest.insert(name.to_owned(), value);
        }
    };
    if dialect == Dialect::Gemini {
        // genai puts its own fields into the same object, and what is added here takes the place of
        // all of it.
        put("topK", json!(top_k));
        put("presencePenalty", json!(presence_penalty));
        put("frequencyPenalty", json!(frequency_penalty));
        put("maxOutputTokens", json!(max_tokens));
        put("temperature", json!(temperature));
        put("topP", json!(top_p));
        put("seed", json!(seed));
        if !stop.is_empty() {
            put("stopSequences", json!(stop));
        }
        if let Some(ChatResponseFormat::JsonSpec(form)) = &options.response_format {
            put("responseMimeType", json!("application/json"));
            put("responseJsonSchema", form.schema.clone());
        }
        options.extra_body = Some(json!({ "generationConfig": rest }));
    } else {
        put("top_k", json!(top_k));
        put("presence_penalty", json!(presence_penalty));
        put("frequency_penalty", json!(frequency_penalty));
        options.extra_body = Some(Value::Object(rest));
    }
    options
}
