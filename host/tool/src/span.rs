//! The span of a call, named by the conventions of OpenTelemetry. It holds no input and no output.

use cofferdam_call::{Receipt, Report, SPANS};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::chain::Chain;
use crate::reached;
use crate::tool::Tool;

/// Begins the span of a call, in the one that is current here.
pub(crate) fn begin(tool: &Tool, chain: &Chain) -> Span {
    let name = tool.name();
    let grant = tool.grant();
    let span = tracing::info_span!(
        target: SPANS,
        "execute_tool",
        otel.name = %format_args!("execute_tool {name}"),
        otel.kind = "internal",
        otel.status_code = Empty,
        "error.type" = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.tool.name = name,
        "gen_ai.tool.type" = "function",
        gen_ai.agent.name = Empty,
        gen_ai.conversation.id = Empty,
        cofferdam.component = %grant.component(),
        cofferdam.grant = %grant.digest(),
        cofferdam.depth = integer(chain.depth),
        cofferdam.outcome = Empty,
        cofferdam.limit = Empty,
        cofferdam.fuel = Empty,
        cofferdam.peak_memory = Empty,
        cofferdam.queued_us = Empty,
        cofferdam.cpu_us = Empty,
    );
    let origin = &chain.origin;
    for (key, value) in [
        ("gen_ai.agent.name", origin.agent_name()),
        ("gen_ai.conversation.id", origin.session_id()),
    ] {
        if !value.is_empty() {
            span.record(key, value);
        }
    }
    span
}

/// Runs a call, with all of its attempts, in its span.
pub(crate) async fn around(span: Span, call: impl Future<Output = Report>) -> Report {
    let report = call.instrument(span.clone()).await;
    end(&span, &report.receipt);
    report
}

/// Adds what the call used and how it ended.
fn end(span: &Span, receipt: &Receipt) {
    if span.is_disabled() {
        return;
    }
    let outcome = receipt.outcome.name().as_str();
    span.record("cofferdam.outcome", outcome);
    if !receipt.outcome.is_ok() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", outcome);
    }
    let limits = reached::refusing(receipt);
    if !limits.is_empty() {
        span.record("cofferdam.limit", limits.join(",").as_str());
    }
    for (key, value) in [
        ("cofferdam.fuel", receipt.fuel),
        ("cofferdam.peak_memory", receipt.peak_memory),
        ("cofferdam.queued_us", receipt.queued_us),
        ("cofferdam.cpu_us", receipt.cpu_us),
    ] {
        span.record(key, integer(value));
    }
}

/// The number as attributes have it: a larger one would become text.
fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
