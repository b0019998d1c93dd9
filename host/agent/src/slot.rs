//! The place of an agent in its host: running, or with the reason why it is not.

use std::sync::Arc;

use crate::agent::Agent;

/// An agent of this host.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Ready(Arc<Agent>, i64),
    Failed {
        id: String,
        reason: String,
        created_at: i64,
    },
}

/// One row of a listing.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The id, a UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The model; empty for an agent that could not be restored.
    pub model: String,
    /// `ready` or `failed`.
    pub status: &'static str,
    /// The reason why it failed.
    pub failure_reason: String,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
}

impl Slot {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Ready(agent, _) => agent.id(),
            Self::Failed { id, .. } => id,
        }
    }

    pub(crate) fn summary(&self, name: &str) -> Summary {
        let (model, status, failure_reason, tools, created_at) = match self {
            Self::Ready(agent, created_at) => {
                let tools = agent
                    .toolbox()
                    .iter()
                    .map(|tool| tool.name().to_owned())
                    .collect();
                (agent.model(), "ready", String::new(), tools, *created_at)
            }
            Self::Failed {
                reason, created_at, ..
            } => (
                String::new(),
                "failed",
                reason.clone(),
                Vec::new(),
                *created_at,
            ),
        };
        let id = self.id().to_owned();
        let name = name.to_owned();
        Summary {
            id,
            name,
            model,
            status,
            failure_reason,
            tools,
            created_at,
        }
    }

    /// The reason why the agent is not running.
    pub(crate) fn failure(&self) -> Option<&str> {
        match self {
            Self::Ready(..) => None,
            Self::Failed { reason, .. } => Some(reason),
        }
    }
}
