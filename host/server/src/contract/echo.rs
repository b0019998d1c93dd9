//! The parts of a request that its response repeats.

use cofferdam_call::{TraceId, TraceParent};
use serde::Serialize;
use serde_json::{Map, Value};

/// The version of the contract that this host speaks.
pub(super) const VERSION: &str = "v1";

/// The parts of a request that its response repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Echo {
    pub(super) request_id: String,
    pub(super) trace: Trace,
    /// At least 1.
    pub(super) attempt: u64,
}

/// `trace`: the identifiers of the caller, as it sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Trace {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) trace_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) span_id: String,
}

impl Trace {
    /// The id of the trace, if it is one of W3C Trace Context.
    pub(super) fn id(&self) -> Option<TraceId> {
        TraceId::parse(&self.trace_id)
    }

    /// The span of the caller, if both ids are those of W3C Trace Context.
    pub(super) fn parent(&self) -> Option<TraceParent> {
        let Self { trace_id, span_id } = self;
        TraceParent::parse(&format!("00-{trace_id}-{span_id}-01"))
    }
}

impl Echo {
    /// The parts as far as they can be read, for the response to a request that may be refused.
    pub(super) fn of(fields: &Map<String, Value>) -> Self {
        let text = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str).unwrap_or_default();
            text.trim().to_owned()
        };
        let trace = fields.get("trace");
        let part = |key| text(trace.and_then(|trace| trace.get(key)));
        let attempt = fields.get("attempt").and_then(Value::as_u64);
        Self {
            request_id: text(fields.get("request_id")),
            trace: Trace {
                trace_id: part("trace_id"),
                span_id: part("span_id"),
            },
            attempt: attempt.unwrap_or_default().max(1),
        }
    }
}
