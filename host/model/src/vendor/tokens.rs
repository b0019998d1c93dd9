//! Tokens, from genai's words to ours.

use genai::chat;

use crate::usage::Usage;

/// The tokens of a turn. A count below zero is none.
pub(super) fn of(counted: Option<&chat::Usage>) -> Usage {
    let Some(counted) = counted else {
        return Usage::default();
    };
    let read = counted.prompt_tokens_details.as_ref();
    let written = counted.completion_tokens_details.as_ref();
    Usage {
        input: count(counted.prompt_tokens),
        output: count(counted.completion_tokens),
        cached: count(read.and_then(|read| read.cached_tokens)),
        cache_writes: count(read.and_then(|read| read.cache_creation_tokens)),
        thinking: count(written.and_then(|written| written.reasoning_tokens)),
    }
}

fn count(tokens: Option<i32>) -> u64 {
    tokens
        .and_then(|tokens| u64::try_from(tokens).ok())
        .unwrap_or_default()
}
