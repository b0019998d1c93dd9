//! Progress of a call, for a client that asked for it.

use std::pin::pin;
use std::time::{Duration, Instant};

use cofferdam_call::Progress;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Interval at which a client hears of a call that goes on: well within the shortest patience of
/// clients (a minute is usual).
const INTERVAL: Duration = Duration::from_secs(5);

/// The longest time a client may take to accept one notification. Who does not read them does not
/// keep the tool waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends the progress of one call to the client. Its numbers must grow. A guest's own are told as
/// it says them; before it says any, and where it never does, they stay below one, so that the
/// first that is done goes on from there.
pub(crate) struct ProgressNotifier {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    /// Cancelled once the client does not want to hear of the call any more.
    cancel: CancellationToken,
    since: Instant,
    /// The number that was told last.
    last: f64,
}

impl ProgressNotifier {
    /// To `peer`, if its request carries a token. After a cancel nothing is sent.
    pub(crate) fn new(
        peer: &Peer<RoleServer>,
        token: Option<ProgressToken>,
        cancel: &CancellationToken,
    ) -> Self {
        Self {
            cancel: cancel.clone(),
            to: token.map(|token| (peer.clone(), token)),
            since: Instant::now(),
            last: 0.0,
        }
    }

    /// Tells of the call `tool` until it has ended: what its guest tells, which comes through
    /// `tells`, or else that it goes on.
    pub(crate) async fn follow<T>(
        mut self,
        tool: &str,
        call: impl Future<Output = T>,
        tells: mpsc::Receiver<Progress>,
    ) -> T {
        if self.to.is_none() {
            return call.await;
        }
        let mut call = pin!(call);
        let mut telling = pin!(self.tell_all(tool, tells));
        // The call first: when its client hears of it, it is on its way, and can be cancelled. Its
        // end is told by the result alone: some clients read a notification that comes with the
        // result only after it, and complain that they do not know its token.
        tokio::select! {
            biased;
            done = call.as_mut() => {
                let _ = tokio::time::timeout(PATIENCE, telling).await;
                done
            }
            () = telling.as_mut() => call.await,
        }
    }

    /// Ends with `tells`.
    async fn tell_all(&mut self, tool: &str, mut tells: mpsc::Receiver<Progress>) {
        self.tell(self.below_one(), None, format!("{tool} was called"))
            .await;
        let mut heard = false;
        loop {
            match tokio::time::timeout(INTERVAL, tells.recv()).await {
                Ok(None) => return,
                Ok(Some(mut told)) => {
                    heard = true;
                    // Who is behind hears the newest.
                    while let Ok(newer) = tells.try_recv() {
                        told = newer;
                    }
                    let Progress {
                        done,
                        total,
                        message,
                    } = told;
                    self.tell(number(done), total.map(number), message).await;
                }
                Err(_) if heard => {}
                Err(_) => {
                    let message =
                        format!("{tool} goes on for {} s", self.since.elapsed().as_secs());
                    self.tell(self.below_one(), None, message).await;
                }
            }
        }
    }

    /// A number that grows with time and is never one.
    fn below_one(&self) -> f64 {
        let seconds = self.since.elapsed().as_secs_f64();
        seconds / (1.0 + seconds)
    }

    async fn tell(&mut self, number: f64, total: Option<f64>, message: String) {
        let Some((peer, token)) = &self.to else {
            return;
        };
        if self.cancel.is_cancelled() {
            return;
        }
        self.last = number.max(self.last.next_up());
        let mut told = ProgressNotificationParam::new(token.clone(), self.last);
        told.total = total;
        told.message = Some(message).filter(|message| !message.is_empty());
        // A client that is gone hears nothing; its call is cancelled elsewhere.
        let _ = tokio::time::timeout(PATIENCE, peer.notify_progress(told)).await;
    }
}

/// As JSON has it.
#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts to 2^53, and who does may see it rounded"
)]
fn number(count: u64) -> f64 {
    count as f64
}
