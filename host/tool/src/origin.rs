//! For whom a call is made.

use std::sync::Arc;

use cofferdam_call::{Principal, TraceId};

/// The party that makes a call, and the agent, the session and the trace that it belongs to. The
/// default is a call of the operator, from the command line or an MCP client, that belongs to none.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    principal: Principal,
    agent: Option<Arc<str>>,
    session: Option<Arc<str>>,
    trace: Option<TraceId>,
}

impl Origin {
    /// A call by the model of an agent.
    pub fn session(agent: &str, session: &str) -> Self {
        let name = agent.to_owned();
        Self {
            principal: Principal::Agent { name },
            agent: Some(agent.into()),
            session: Some(session.into()),
            trace: None,
        }
    }

    /// A call of an agent's tool by one of its clients.
    pub fn agent(agent: &str, principal: Principal) -> Self {
        Self {
            principal,
            agent: Some(agent.into()),
            session: None,
            trace: None,
        }
    }

    /// The same call, in the trace that its client has named.
    #[must_use]
    pub fn in_trace(self, trace: Option<TraceId>) -> Self {
        Self { trace, ..self }
    }

    /// The trace that its client has named, for the receipt.
    pub(crate) fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    /// The party that makes the call.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The agent's name, for a line of the log; empty where there is none.
    pub(crate) fn agent_name(&self) -> &str {
        self.agent.as_deref().unwrap_or_default()
    }

    /// The session's id, for a line of the log; empty where there is none.
    pub(crate) fn session_id(&self) -> &str {
        self.session.as_deref().unwrap_or_default()
    }

    /// The session's id, where the call comes from a conversation.
    pub(crate) fn session_name(&self) -> Option<&str> {
        self.session.as_deref()
    }
}
