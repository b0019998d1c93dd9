//! The choices of an agent about its model, as its settings say.

use cofferdam_image::agentfile::{Config, SamplingRequest};
use cofferdam_model::{DEFAULT_MAX_TOKENS, Sampling};

/// The choices of these settings.
pub(crate) fn sampling(configs: &[Config]) -> Sampling {
    let SamplingRequest {
        max_tokens,
        temperature,
        top_p,
        top_k,
        presence_penalty,
        frequency_penalty,
        seed,
        stop,
    } = SamplingRequest::of(configs);
    Sampling {
        max_tokens: max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        temperature,
        top_p,
        top_k,
        presence_penalty,
        frequency_penalty,
        seed,
        stop,
    }
}
