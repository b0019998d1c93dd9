//! The metadata key that picks an agent by name or id.

/// A request without it is for the only agent there is.
pub(crate) const AGENT_KEY: &str = "cofferdam-agent";
