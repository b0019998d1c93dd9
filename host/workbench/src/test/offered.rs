//! A tool of a component, as far as a test needs to know it.

use serde_json::Value;

/// One of the tools of a component.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) command: bool,
    pub(crate) schema: Value,
}
