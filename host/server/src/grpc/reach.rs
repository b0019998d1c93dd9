//! Agents that a request names, held to those that its principal reaches.

use std::sync::Arc;

use cofferdam_agent::Agents;

use crate::edge::principal::Reach;
use crate::edge::refusal::{Refusal, RefusalKind};

/// The id of the agent that a request names, for a principal that reaches some agents alone. The
/// error does not tell its client what other agents there are.
pub(super) fn within(
    agents: &Agents,
    reach: &[Arc<str>],
    asked: Option<&str>,
) -> Result<Arc<str>, Refusal> {
    held(agents, reach, asked).map_err(|sentence| Refusal::new(RefusalKind::Denied, sentence))
}

fn held(agents: &Agents, reach: &[Arc<str>], asked: Option<&str>) -> Result<Arc<str>, String> {
    let id_of = |asked| agents.summary(Some(asked)).map(|summary| summary.id);
    let found = match (asked, reach) {
        (Some(asked), _) => {
            let id = id_of(asked).ok();
            let found = id.and_then(|id| reach.iter().find(|own| ***own == *id));
            found
                .ok_or_else(|| format!("agent `{asked}` is not one that this request may be about"))
        }
        (None, [only]) => Ok(only),
        (None, _) => Err("name the agent that this request is about".to_owned()),
    }?;
    if is_there(agents, found) {
        return Ok(Arc::clone(found));
    }
    Err("the agent that this request is about was removed".to_owned())
}

/// Returns true if there is an agent with this id.
pub(super) fn is_there(agents: &Agents, id: &str) -> bool {
    let found = agents.summary(Some(id));
    found.is_ok_and(|summary| summary.id == id)
}

/// Returns true if a principal reaches the agent with this id.
pub(super) fn includes(reach: &Reach, id: &str) -> bool {
    match reach {
        Reach::Every => true,
        Reach::These(ids) => ids.iter().any(|own| **own == *id),
    }
}
