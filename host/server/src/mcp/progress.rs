//! How far a call has come, for a client that asked to be told.

use std::time::{Duration, Instant};

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};

/// How often a client hears of a call that goes on: well within the shortest patience of clients (a minute is usual).
const INTERVAL: Duration = Duration::from_secs(5);

/// How long a client may take to accept one notification. Who does not read them does not keep the tool waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the progress of one call goes. Its numbers are seconds since the call came, because they must grow and nothing
/// else is known of every tool.
pub(crate) struct Progress {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    since: Instant,
}

impl Progress {
    /// To `peer`, if its request carries a token.
    pub(crate) fn new(peer: &Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        Self { to: token.map(|token| (peer.clone(), token)), since: Instant::now() }
    }

    /// Tells of the call `tool` until it has ended.
    pub(crate) async fn follow<T>(&self, tool: &str, call: impl Future<Output = T>) -> T {
        if self.to.is_none() {
            return call.await;
        }
        let mut call = std::pin::pin!(call);
        let message = format!("{tool} was called");
        let mut called = std::pin::pin!(self.tell(&message));
        // The call first: when its client hears of it, it is on its way, and can be cancelled.
        let early = tokio::select! {
            biased;
            done = call.as_mut() => Some(done),
            () = called.as_mut() => None,
        };
        if let Some(done) = early {
            called.await;
            self.tell(&format!("{tool} has ended")).await;
            return done;
        }
        loop {
            match tokio::time::timeout(INTERVAL, call.as_mut()).await {
                Ok(done) => {
                    self.tell(&format!("{tool} has ended")).await;
                    return done;
                }
                Err(_) => self.tell(&format!("{tool} goes on for {} s", self.since.elapsed().as_secs())).await,
            }
        }
    }

    async fn tell(&self, message: &str) {
        let Some((peer, token)) = &self.to else { return };
        let seconds = self.since.elapsed().as_secs_f64();
        let told = ProgressNotificationParam::new(token.clone(), seconds).with_message(message);
        // A client that is gone hears nothing; its call is cancelled elsewhere.
        let _ = tokio::time::timeout(PATIENCE, peer.notify_progress(told)).await;
    }
}
