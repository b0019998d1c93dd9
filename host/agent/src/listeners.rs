//! The listeners to the events of a turn.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::TurnError;
use crate::live::{LiveSession, Numbered, Pushed};

/// The longest time an event waits for its reader. A client that takes none for so long is gone.
const EVENT_PATIENCE: Duration = Duration::from_secs(30);

/// The client that began a turn. The turn waits for it to take each event.
#[derive(Debug)]
pub struct TurnClient {
    /// Takes the events.
    pub events: mpsc::Sender<Numbered>,
    /// True if the turn goes on when it goes away.
    pub is_detached: bool,
}

/// Everybody who listens to a turn.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// Those who follow the session. The turn does not wait for them.
    pub(crate) live: Arc<LiveSession>,
    /// None once a detached client has gone away.
    pub(crate) client: Option<TurnClient>,
}

impl Listeners {
    /// Waits until the client has taken an event that those who follow the session have already.
    pub(crate) async fn tell(
        &mut self,
        pushed: Pushed,
        cancel: &CancellationToken,
    ) -> Result<(), TurnError> {
        let Some(client) = &self.client else {
            return if cancel.is_cancelled() {
                Err(TurnError::Cancelled)
            } else {
                Ok(())
            };
        };
        let sent = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(TurnError::Cancelled),
            sent = tokio::time::timeout(EVENT_PATIENCE, client.events.send(pushed.event)) => sent,
        };
        let gone = match sent {
            Ok(Ok(())) => return Ok(()),
            // The reader is gone, which is how a client cancels.
            Ok(Err(_)) => TurnError::Cancelled,
            Err(_) => TurnError::Stalled(EVENT_PATIENCE.as_secs()),
        };
        if client.is_detached {
            self.client = None;
            return Ok(());
        }
        Err(gone)
    }

    /// Tells the client the last event of the turn, which is over: whether it takes that is its own
    /// matter.
    pub(crate) async fn tell_end(&self, pushed: Pushed) {
        if let Some(client) = &self.client {
            let send = client.events.send(pushed.event);
            tokio::time::timeout(EVENT_PATIENCE, send).await.ok();
        }
    }
}
