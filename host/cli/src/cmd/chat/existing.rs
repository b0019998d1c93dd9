//! Sessions that a person names, which have to be there.

use cofferdam_server::{Client, MessagePage};

use crate::error::Failure;
use crate::nearest::nearest;

/// Refuses a session that does not exist, with the nearest name: a typo would begin another
/// conversation in silence. `other` says how to begin one.
pub(super) async fn check(
    client: &Client,
    agent: &str,
    session: &str,
    other: &str,
) -> Result<(), Failure> {
    let newest = MessagePage {
        limit: 1,
        ..MessagePage::default()
    };
    let mut messages = client.messages(Some(agent), session, newest).await?;
    if messages.next().await?.is_some() {
        return Ok(());
    }
    let sessions = client.sessions(Some(agent)).await?;
    if sessions.iter().any(|known| known.id == session) {
        return Ok(());
    }
    let missing = Failure::usage(format!("agent {agent} has no session `{session}`"));
    let near = nearest(session, sessions.iter().map(|known| known.id.as_str()));
    let missing = match near {
        Some(near) => missing.hint(format!("the nearest is `{near}`")),
        None => missing,
    };
    Err(missing.hint(other))
}
