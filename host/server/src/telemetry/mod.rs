//! Telemetry: what leaves this process about what happens in it.
//!
//! [`trace_context`] reads the trace that a client has begun. [`spans`] exports spans to the
//! collector of an [`otlp_url`]; the crates that do the work make them. [`metrics`] writes the sums
//! that these crates keep, when they are asked for.

pub(crate) mod metrics;
pub(crate) mod otlp_url;
mod rows;
pub(crate) mod spans;
pub(crate) mod trace_context;
