//! Turns that clients begin: each runs in a task of its own.

use std::pin::pin;
use std::sync::Arc;

use cofferdam_agent::{Agent, Numbered, Turn, TurnClient, TurnEnd, TurnError};
use opentelemetry::context::FutureExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

use super::answers::AnswerPlace;
use super::shared::Shared;
use super::status;
use crate::telemetry::trace_context::context;

/// Events between a turn and its client. A turn waits when its client is slow, because an event
/// holds as much as a tool has printed.
const EVENT_QUEUE: usize = 1;

/// The tie between a turn and the client that begins it.
#[derive(Debug)]
pub(super) enum Attachment {
    /// The turn is cancelled when the client goes away.
    Bound,
    /// The turn goes on, until the token that began it is revoked.
    Detached(Option<CancellationToken>),
}

/// A turn that runs in a task of its own, so that it is stored to its end also when the client goes
/// away. Dropping this cancels it, unless it is detached, and gives its place back.
pub(super) struct RunningTurn {
    events: mpsc::Receiver<Numbered>,
    task: Option<JoinHandle<Result<TurnEnd, TurnError>>>,
    _cancel: Option<DropGuard>,
    place: AnswerPlace,
}

/// Waits until the token that began a detached turn is revoked.
async fn revoked(attachment: Attachment) {
    match attachment {
        Attachment::Detached(Some(revoked)) => revoked.cancelled().await,
        // A stream ends with its token, and the turn with the stream.
        Attachment::Bound | Attachment::Detached(None) => std::future::pending().await,
    }
}

impl RunningTurn {
    pub(super) async fn start(
        shared: &Shared,
        agent: Arc<Agent>,
        turn: Turn,
        attachment: Attachment,
    ) -> Result<Self, Status> {
        shared.open()?;
        let place = shared.answers.turns.wait(agent.id()).await?;
        // It may have begun to end meanwhile.
        shared.open()?;
        let is_detached = matches!(attachment, Attachment::Detached(_));
        // The other place is the client's, which may go away before the turn is over.
        let detached = &shared.answers.detached;
        let kept = is_detached
            .then(|| detached.begin(agent.id()))
            .transpose()?;
        let (sender, events) = mpsc::channel(EVENT_QUEUE);
        let cancel = shared.stop.child_token();
        let token = cancel.clone();
        let client = TurnClient {
            events: sender,
            is_detached,
        };
        let context = context(turn.trace);
        let running = async move {
            let mut turn = pin!(cofferdam_agent::chat(&agent, turn, Some(client), &token));
            let ended = tokio::select! {
                ended = &mut turn => ended,
                () = revoked(attachment) => {
                    token.cancel();
                    turn.await
                }
            };
            drop(kept);
            ended
        };
        let task = shared.turns.spawn(running.with_context(context));
        Ok(Self {
            events,
            task: Some(task),
            _cancel: (!is_detached).then(|| cancel.drop_guard()),
            place,
        })
    }

    /// The next event; none after the last one.
    pub(super) async fn next(&mut self) -> Option<Numbered> {
        self.events.recv().await
    }

    /// Waits for the end of the turn, and returns the status of one that failed.
    pub(super) async fn end(&mut self) -> Result<(), Status> {
        let Some(task) = self.task.take() else {
            return Ok(());
        };
        match task.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(status::of_turn(&error)),
            Err(error) => Err(status::of_host(&error)),
        }
    }

    /// Counts the bytes of the part of the answer that is about to wait for its client.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Status> {
        self.place.hold(bytes)
    }

    pub(super) fn into_place(self) -> AnswerPlace {
        self.place
    }
}
