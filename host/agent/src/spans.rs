//! Spans of turns and model calls, named by the conventions of OpenTelemetry for generative AI.
//! They hold names and numbers, and nothing that a user, a model or a tool has said.

use cofferdam_call::SPANS;
use cofferdam_model::{ModelName, Request, Usage};
use tracing::Span;
use tracing::field::Empty;

use crate::agent::Agent;
use crate::error::TurnError;
use crate::stop::{StopReason, TurnEnd};
use crate::totals::ModelOutcome;

/// Begins the span of a turn.
pub(crate) fn turn(agent: &Agent, session: &str) -> Span {
    let name = &agent.name;
    let model = &agent.model_name;
    tracing::info_span!(
        target: SPANS,
        "invoke_agent",
        otel.name = %format_args!("invoke_agent {name}"),
        otel.kind = "internal",
        otel.status_code = Empty,
        "error.type" = Empty,
        gen_ai.operation.name = "invoke_agent",
        gen_ai.agent.id = agent.id,
        gen_ai.agent.name = name,
        gen_ai.conversation.id = session,
        gen_ai.provider.name = provider(model),
        gen_ai.request.model = model.name(),
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        cofferdam.stop_reason = Empty,
        cofferdam.calls = Empty,
        cofferdam.fuel = Empty,
    )
}

/// Error type of a request that began no turn.
const REFUSED: &str = "refused";

/// Adds how a turn ended, and returns the reason; none where the request began no turn.
pub(crate) fn end_turn(span: &Span, ended: &Result<TurnEnd, TurnError>) -> Option<StopReason> {
    let reason = match ended {
        Ok(end) => {
            span.record("gen_ai.usage.input_tokens", integer(end.used.input_tokens));
            span.record(
                "gen_ai.usage.output_tokens",
                integer(end.used.output_tokens),
            );
            span.record("cofferdam.calls", i64::from(end.used.calls));
            span.record("cofferdam.fuel", integer(end.used.fuel));
            end.reason
        }
        Err(error) if error.is_refusal() => {
            fail(span, REFUSED);
            return None;
        }
        Err(error) => StopReason::of(error),
    };
    span.record("cofferdam.stop_reason", reason.as_str());
    if !reason.is_whole() {
        fail(span, reason.as_str());
    }
    Some(reason)
}

/// Begins the span of a model call.
pub(crate) fn model(model: &ModelName, request: &Request) -> Span {
    let name = model.name();
    tracing::info_span!(
        target: SPANS,
        "chat",
        otel.name = %format_args!("chat {name}"),
        otel.kind = "client",
        otel.status_code = Empty,
        "error.type" = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = provider(model),
        gen_ai.request.model = name,
        gen_ai.request.max_tokens = i64::from(request.sampling.max_tokens),
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.cache_creation.input_tokens = Empty,
    )
}

/// Adds how a model call ended.
pub(crate) fn end_model(span: &Span, outcome: ModelOutcome, usage: Usage) {
    if outcome == ModelOutcome::Ok {
        span.record("gen_ai.usage.input_tokens", integer(usage.input));
        span.record("gen_ai.usage.output_tokens", integer(usage.output));
        span.record(
            "gen_ai.usage.cache_read.input_tokens",
            integer(usage.cached),
        );
        let written = usage.cache_writes;
        span.record("gen_ai.usage.cache_creation.input_tokens", integer(written));
    } else {
        fail(span, outcome.as_str());
    }
}

/// The number as attributes have it: a larger one would become text.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn fail(span: &Span, kind: &str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", kind);
}

/// The provider, by the name that the conventions have for it.
fn provider(model: &ModelName) -> &str {
    match model.provider() {
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "xai" => "x_ai",
        other => other,
    }
}
