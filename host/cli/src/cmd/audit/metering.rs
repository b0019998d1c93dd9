//! Metering events in the form of orloj, made of the records of calls.

use cofferdam_call::{Action, OutcomeName, Record};
use cofferdam_store::Entry;
use serde_json::{Map, Value, json};

/// The event of a call. It has every field of orloj's events that a call has a value for; what a
/// call uses is in `metadata`.
pub(super) fn event(entry: &Entry, record: &Record) -> Value {
    let Record {
        principal,
        agent,
        session,
        caller,
        depth,
        action,
        tool,
        component,
        arguments,
        decision,
        outcome,
        usage,
        trace,
        ..
    } = record;
    let kind = match action {
        Action::Call => "tool.call",
        Action::List => "tool.list",
    };
    let status = match outcome {
        OutcomeName::Ok => "ok",
        OutcomeName::Denied => "denied",
        _ => "error",
    };
    let mut metadata = Map::new();
    metadata.insert("principal".to_owned(), principal.shown().into());
    metadata.insert("tool".to_owned(), tool.as_str().into());
    metadata.insert("depth".to_owned(), (*depth).into());
    metadata.insert("outcome".to_owned(), outcome.as_str().into());
    metadata.insert("decision".to_owned(), decision.verdict.as_str().into());
    let texts = [
        ("caller", caller.clone()),
        ("component", component.map(|digest| digest.to_string())),
        ("arguments", arguments.map(|digest| digest.to_string())),
        ("trace", trace.clone()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            metadata.insert(name.to_owned(), text.into());
        }
    }
    if let Ok(Value::Object(usage)) = serde_json::to_value(usage) {
        metadata.extend(usage);
    }
    json!({
        "timestamp": entry.time,
        "component": "cofferdam",
        "type": kind,
        "namespace": "default",
        "task": session,
        "agent": agent,
        "attempt": 1,
        "message_id": entry.seq.to_string(),
        "status": status,
        "tokens_used": 0,
        "tokens_estimated": 0,
        "tool_calls": u64::from(*action == Action::Call),
        "metadata": metadata,
    })
}
