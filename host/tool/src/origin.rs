//! For whom a call is made.

use std::sync::Arc;

use cofferdam_call::{TraceId, TraceParent};

/// The agent, the session and the trace that a call belongs to, for the log and the receipt. The
/// default is a call of the operator, from the command line or an MCP client, that belongs to none.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    agent: Option<Arc<str>>,
    session: Option<Arc<str>>,
    trace: Option<TraceId>,
}

impl Origin {
    /// A call by the model of an agent.
    pub fn session(agent: &str, session: &str) -> Self {
        Self {
            agent: Some(agent.into()),
            session: Some(session.into()),
            trace: None,
        }
    }

    /// A call of an agent's tool by one of its clients.
    pub fn agent(agent: &str) -> Self {
        Self {
            agent: Some(agent.into()),
            session: None,
            trace: None,
        }
    }

    /// The same call, in the trace that its client has named.
    #[must_use]
    pub fn in_trace(self, parent: Option<TraceParent>) -> Self {
        Self {
            trace: parent.map(TraceParent::trace),
            ..self
        }
    }

    /// The trace that its client has named, for the receipt.
    pub(crate) fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    /// The agent's name, for a line of the log; empty where there is none.
    pub(crate) fn agent_name(&self) -> &str {
        self.agent.as_deref().unwrap_or_default()
    }

    /// The session's id, for a line of the log; empty where there is none.
    pub(crate) fn session_id(&self) -> &str {
        self.session.as_deref().unwrap_or_default()
    }
}
