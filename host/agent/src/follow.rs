//! A session that is followed: its events after a number, or the session as it is where they are
//! not kept any more.

use std::collections::VecDeque;
use std::sync::Arc;

use cofferdam_store::{Message, MessageTable, PageRequest, StoreError};
use tokio::sync::watch;

use crate::live::{LiveSession, Missed, Numbered};

/// Bytes of the messages in a snapshot (3 MiB): gRPC clients read 4 MiB by default.
const SNAPSHOT_BYTES: usize = 3 << 20;

/// The next thing that a client hears of a session.
#[derive(Debug)]
pub enum FollowItem {
    /// An event.
    Event(Numbered),
    /// The session as it is, in place of events that are not kept any more.
    Snapshot(Snapshot),
}

/// A session as it is after an event.
#[derive(Debug)]
pub struct Snapshot {
    /// The number of the event.
    pub number: i64,
    /// True while a turn runs.
    pub is_running: bool,
    /// The step that it is in.
    pub step: u32,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
}

/// A client that follows a session.
#[derive(Debug)]
pub struct Follower {
    pub(crate) agent: String,
    pub(crate) session: String,
    pub(crate) messages: MessageTable,
    pub(crate) live: Arc<LiveSession>,
    pub(crate) changes: watch::Receiver<i64>,
    /// The number of the last event that the client has seen.
    pub(crate) after: i64,
    /// True if it wants nothing more once no turn runs.
    pub(crate) until_idle: bool,
    pub(crate) waiting: VecDeque<Numbered>,
}

impl Follower {
    /// Waits for the next thing. There is none after the session was deleted.
    pub async fn next(&mut self) -> Result<Option<FollowItem>, StoreError> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.after = event.number;
                return Ok(Some(FollowItem::Event(event)));
            }
            // From before the look, so that no change is missed.
            self.changes.borrow_and_update();
            if self.live.is_gone() {
                return Ok(None);
            }
            let is_running = self.live.is_running();
            match self.live.after_number(self.after) {
                Missed::Gap => return self.snapshot().await.map(Some),
                Missed::Events(events) if !events.is_empty() => self.waiting.extend(events),
                Missed::Events(_) if self.until_idle && !is_running => return Ok(None),
                Missed::Events(_) => {
                    if self.changes.changed().await.is_err() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    async fn snapshot(&mut self) -> Result<FollowItem, StoreError> {
        // Nothing is stored that was not told, and the other way round.
        let _moment = self.live.moment().await;
        let number = self.live.last();
        let page = PageRequest {
            before: i64::MAX,
            after: 0,
            limit: 0,
            bytes: SNAPSHOT_BYTES,
        };
        let note = |bytes| format!("[a message of {bytes} bytes, too long for a snapshot]");
        let is_running = self.live.is_running();
        let step = self.live.step();
        let messages = self
            .messages
            .page(&self.agent, &self.session, page, note)
            .await?;
        self.after = number;
        Ok(FollowItem::Snapshot(Snapshot {
            number,
            is_running,
            step,
            messages,
        }))
    }
}
