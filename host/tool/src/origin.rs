//! For whom a call is made.

use std::sync::Arc;

use cofferdam_call::{TraceId, TraceParent};

use crate::policy::Principal;

/// The agent, the session and the trace that a call belongs to, and the client who asks for it. The
/// default is a call of the operator, from the command line or an MCP client, that belongs to none.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    agent: Option<Arc<str>>,
    session: Option<Arc<str>>,
    trace: Option<TraceId>,
    caller: Asker,
}

/// The one who asks for a call.
#[derive(Debug, Clone, Default)]
enum Asker {
    #[default]
    Operator,
    Client(Arc<str>),
    /// The model of the agent.
    Agent,
}

impl Origin {
    /// A call by the model of an agent.
    pub fn session(agent: &str, session: &str) -> Self {
        Self {
            agent: Some(agent.into()),
            session: Some(session.into()),
            caller: Asker::Agent,
            trace: None,
        }
    }

    /// A call of an agent's tool by the operator.
    pub fn agent(agent: &str) -> Self {
        Self {
            agent: Some(agent.into()),
            session: None,
            caller: Asker::Operator,
            trace: None,
        }
    }

    /// A call of an agent's tool by the client with the token of this name.
    pub fn client(agent: &str, client: &str) -> Self {
        Self {
            agent: Some(agent.into()),
            session: None,
            caller: Asker::Client(client.into()),
            trace: None,
        }
    }

    /// The one who asks, as policies name it.
    pub(crate) fn principal(&self) -> Principal {
        match &self.caller {
            Asker::Operator => Principal::Operator,
            Asker::Client(name) => Principal::Client(name.to_string()),
            Asker::Agent => Principal::Agent(self.agent_name().to_owned()),
        }
    }

    /// The session's id, where the call comes from a conversation.
    pub(crate) fn session_name(&self) -> Option<&str> {
        self.session.as_deref()
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
