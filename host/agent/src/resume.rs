//! Turns that waited for a person when their agent ended, taken up again.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::chat::{Turn, TurnKind, chat};
use crate::error::TurnError;

/// Takes up the turns of an agent that wait, each in a task of its own. Its clients hear of them
/// where they follow the session.
pub(crate) async fn resume(agent: &Arc<Agent>) {
    let sessions = match agent.store.waiting.sessions(&agent.id).await {
        Ok(sessions) => sessions,
        Err(error) => {
            tracing::error!(
                agent = agent.name,
                "turns that wait for an approval are not taken up: {error}"
            );
            return;
        }
    };
    for session in sessions {
        let agent = Arc::clone(agent);
        tokio::spawn(async move {
            let turn = Turn {
                session: session.clone(),
                kind: TurnKind::Resume,
                trace: None,
            };
            // Ended by the life of the agent, as every turn.
            let ended = chat(&agent, turn, None, &CancellationToken::new()).await;
            match ended {
                // Another start of the agent has taken it up, or it waits for the next one.
                Ok(_) | Err(TurnError::NothingWaits | TurnError::Suspended) => {}
                Err(error) => tracing::warn!(
                    agent = agent.name,
                    session,
                    "a turn that waited for an approval has failed: {error}"
                ),
            }
        });
    }
}
