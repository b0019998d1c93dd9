//! Tools that the host answers itself. No component runs for them; everything else of a call is the
//! same: its input is checked, the policy permits it, secrets are taken out, and it is recorded.

use std::pin::Pin;

use cofferdam_call::Descriptor;
use serde_json::Value;

use crate::effect::Effect;

/// The answer of the host, as it comes.
pub type HostAnswer<'a> = Pin<Box<dyn Future<Output = Result<String, HostToolError>> + Send + 'a>>;

/// A tool of the host, whose calls have the time that the limits of calls give.
pub trait HostTool: Send + Sync {
    /// Its name, its words for a model, and the schema of its input.
    fn descriptor(&self) -> Descriptor;

    /// Its effect class: no grant says it.
    fn effect(&self) -> Effect;

    /// Answers a call with text or JSON. The input fits the schema.
    fn call(&self, input: Value) -> HostAnswer<'_>;
}

/// The reason why the host does not answer a call.
#[derive(Debug, thiserror::Error)]
pub enum HostToolError {
    /// The call asks for something that cannot be; the words are for a model.
    #[error("{0}")]
    Refused(String),
    /// The host failed; the words are for its log.
    #[error("{0}")]
    Failed(String),
}
