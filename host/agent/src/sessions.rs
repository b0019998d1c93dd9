//! Stored sessions of agents, whether these run or not.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::agents::Agents;
use crate::error::AgentError;
use crate::follow::Follower;
use crate::life::Life;

/// Deletes a session with everything said in it, and returns true if there was one. A turn of it
/// that runs is cancelled first.
pub async fn delete_session(
    agents: &Agents,
    agent: &str,
    session: &str,
) -> Result<bool, AgentError> {
    let life = life_of(agents, agent)?;
    // No turn writes to it meanwhile.
    let turn = life.take_session(session).await;
    let _turn = turn.map_err(|source| AgentError::Session {
        session: session.to_owned(),
        source: Box::new(source),
    })?;
    let sessions = &agents.store().sessions;
    let found = sessions.delete(agent, session).await?;
    life.live.forget(session);
    Ok(found)
}

/// Follows a session from the event after this number on.
pub async fn follow_session(
    agents: &Agents,
    agent: &str,
    session: &str,
    after: i64,
    until_idle: bool,
) -> Result<Follower, AgentError> {
    let life = life_of(agents, agent)?;
    let messages = agents.store().messages.clone();
    let stored = agents.store().sessions.get(agent, session).await?;
    let live = life
        .live
        .follow(session, stored.map_or(0, |session| session.events));
    Ok(Follower {
        agent: agent.to_owned(),
        session: session.to_owned(),
        messages,
        changes: live.watch(),
        live,
        after,
        until_idle,
        waiting: VecDeque::new(),
    })
}

/// Cancels the turns of a session, and returns true if there was one.
pub fn cancel_turns(agents: &Agents, agent: &str, session: &str) -> Result<bool, AgentError> {
    Ok(life_of(agents, agent)?.cancel_session(session))
}

/// The live side of the agent of this id.
fn life_of(agents: &Agents, id: &str) -> Result<Arc<Life>, AgentError> {
    Ok(Arc::clone(&agents.keeper.registry.find(Some(id))?.life))
}
