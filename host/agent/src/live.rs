//! Events of sessions, numbered, and kept for a while for clients that were cut off.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::event::Event;

/// Bytes of events that a session keeps while turns of it run (1 MiB): minutes of a model's text.
const RUNNING_BYTES: usize = 1 << 20;

/// Bytes of events that a session keeps when no turn of it runs (64 KiB): the last answer, for a
/// client that was cut off shortly before its end.
const IDLE_BYTES: usize = 64 << 10;

/// Sessions of one agent without a turn whose events are kept. With those above, an agent has 4 MiB
/// of them.
const IDLE_SESSIONS: usize = 64;

/// Numbers of events that are reserved at once. A turn of a hundred pieces of text a second takes
/// ten minutes for them.
pub(crate) const RESERVED: i64 = 1 << 16;

/// The bytes that each event takes beside its text.
const EVENT_BYTES: usize = 128;

/// An event with its number in its session.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Counted from 1 in the session. Numbers grow; where a host was killed some are left out.
    pub number: i64,
    /// The event.
    pub event: Arc<Event>,
}

/// The events of all sessions of an agent.
#[derive(Debug, Default)]
pub(crate) struct LiveSessions(Mutex<Sessions>);

#[derive(Debug, Default)]
struct Sessions {
    by_id: HashMap<String, Arc<LiveSession>>,
    /// Those without a turn, the one that ended first before the others.
    idle: VecDeque<String>,
}

/// The events of one session.
#[derive(Debug)]
pub(crate) struct LiveSession {
    kept: Mutex<Kept>,
    /// Held while text is stored and told, so that a snapshot is of the moment of one event.
    moment: tokio::sync::Mutex<()>,
    /// The number of the last event.
    last: watch::Sender<i64>,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<Numbered>,
    bytes: usize,
    /// The number of the last event, kept or not.
    last: i64,
    /// The number of the last event that is no longer kept.
    forgotten: i64,
    /// The highest number that is stored as taken.
    reserved: i64,
    /// The step of the turn that runs.
    step: u32,
    /// Turns that run.
    turns: usize,
    /// True once the session was deleted.
    is_gone: bool,
}

/// An event that was told to those who follow the session.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) event: Numbered,
    /// True if more numbers have to be reserved before the next one.
    pub(crate) is_last_number: bool,
}

/// Events that follow a number.
#[derive(Debug)]
pub(crate) enum Missed {
    /// All of them; none if there are none yet.
    Events(Vec<Numbered>),
    /// Some are not kept any more, or the number is none of this session.
    Gap,
}

impl LiveSessions {
    /// The events of a session for a client that follows it. None has a number above `stored` if it
    /// is new here.
    pub(crate) fn follow(&self, session: &str, stored: i64) -> Arc<LiveSession> {
        let mut sessions = self.sessions();
        if let Some(live) = sessions.by_id.get(session) {
            return Arc::clone(live);
        }
        let live = sessions.add(session, stored);
        sessions.rest(session);
        live
    }

    /// Begins a turn of a session. Its numbers come after `stored`, up to `reserved` for now.
    pub(crate) fn begin(&self, session: &str, stored: i64, reserved: i64) -> Arc<LiveSession> {
        let mut sessions = self.sessions();
        let live = sessions.by_id.get(session).cloned();
        let live = live.unwrap_or_else(|| sessions.add(session, stored));
        sessions.idle.retain(|idle| idle != session);
        let mut kept = live.kept();
        kept.turns += 1;
        if stored > kept.last {
            kept.last = stored;
            kept.forgotten = stored;
            kept.events.clear();
            kept.bytes = 0;
        }
        kept.reserved = kept.reserved.max(reserved);
        drop(kept);
        live
    }

    /// Ends a turn of a session.
    pub(crate) fn end(&self, session: &str, live: &LiveSession) {
        let mut sessions = self.sessions();
        let mut kept = live.kept();
        kept.turns = kept.turns.saturating_sub(1);
        if kept.turns > 0 {
            return;
        }
        kept.shrink(IDLE_BYTES);
        drop(kept);
        // Those who wait for the end look again.
        live.last.send_modify(|_| ());
        let is_known = sessions.by_id.get(session);
        if is_known.is_some_and(|known| std::ptr::eq(&**known, live)) {
            sessions.rest(session);
        }
    }

    /// Forgets a session that was deleted, and tells those who follow it.
    pub(crate) fn forget(&self, session: &str) {
        let mut sessions = self.sessions();
        sessions.idle.retain(|idle| idle != session);
        if let Some(live) = sessions.by_id.remove(session) {
            live.kept().is_gone = true;
            live.last.send_modify(|_| ());
        }
    }

    /// Forgets every session, because their agent was removed, and tells those who follow them.
    pub(crate) fn forget_all(&self) {
        let mut sessions = self.sessions();
        sessions.idle.clear();
        for (_, live) in sessions.by_id.drain() {
            live.kept().is_gone = true;
            live.last.send_modify(|_| ());
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn add(&mut self, session: &str, stored: i64) -> Arc<LiveSession> {
        let live = Arc::new(LiveSession::after(stored));
        self.by_id.insert(session.to_owned(), Arc::clone(&live));
        live
    }

    /// Counts a session among those without a turn, and forgets the oldest of these that nobody
    /// follows.
    fn rest(&mut self, session: &str) {
        let Self { by_id, idle } = self;
        idle.push_back(session.to_owned());
        let mut more = idle.len().saturating_sub(IDLE_SESSIONS);
        idle.retain(|id| {
            let is_followed = by_id
                .get(id)
                .is_some_and(|live| Arc::strong_count(live) > 1);
            if more == 0 || is_followed {
                return true;
            }
            more -= 1;
            by_id.remove(id);
            false
        });
    }
}

impl LiveSession {
    fn after(number: i64) -> Self {
        let kept = Kept {
            last: number,
            forgotten: number,
            ..Kept::default()
        };
        Self {
            kept: Mutex::new(kept),
            moment: tokio::sync::Mutex::default(),
            last: watch::Sender::new(number),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the moment between two events that change what is stored.
    pub(crate) async fn moment(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.moment.lock().await
    }

    /// Numbers an event, and tells those who follow.
    pub(crate) fn push(&self, event: Event) -> Pushed {
        let mut kept = self.kept();
        kept.last += 1;
        let number = kept.last;
        kept.bytes += size(&event);
        match &event {
            Event::TurnStart { .. } => kept.step = 0,
            Event::StepStart { step } => kept.step = *step,
            _ => {}
        }
        let event = Numbered {
            number,
            event: Arc::new(event),
        };
        kept.events.push_back(event.clone());
        kept.shrink(RUNNING_BYTES);
        let is_last_number = kept.last >= kept.reserved;
        drop(kept);
        self.last.send_replace(number);
        Pushed {
            event,
            is_last_number,
        }
    }

    /// Keeps that numbers up to this one are stored as taken.
    pub(crate) fn reserved(&self, number: i64) {
        self.kept().reserved = number;
    }

    /// The number of the last event.
    pub(crate) fn last(&self) -> i64 {
        self.kept().last
    }

    /// The step of the turn that runs.
    pub(crate) fn step(&self) -> u32 {
        self.kept().step
    }

    /// Returns true while a turn runs.
    pub(crate) fn is_running(&self) -> bool {
        self.kept().turns > 0
    }

    /// Returns true once the session was deleted: no further event comes.
    pub(crate) fn is_gone(&self) -> bool {
        self.kept().is_gone
    }

    /// The events after the one of this number.
    pub(crate) fn after_number(&self, number: i64) -> Missed {
        let kept = self.kept();
        if number < kept.forgotten || number > kept.last {
            return Missed::Gap;
        }
        let missed = kept.events.iter().filter(|event| event.number > number);
        Missed::Events(missed.cloned().collect())
    }

    /// Tells the number of the last event whenever there is another one.
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.last.subscribe()
    }
}

impl Kept {
    /// Lets the oldest events go until the others have at most so many bytes.
    fn shrink(&mut self, most: usize) {
        while self.bytes > most
            && let Some(oldest) = self.events.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(size(&oldest.event));
            self.forgotten = oldest.number;
        }
    }
}

fn size(event: &Event) -> usize {
    let text = match event {
        Event::TurnStart { prompt, .. } => prompt.len(),
        Event::StepStart { .. } => 0,
        Event::TextDelta { text } | Event::StepFinish { text, .. } => text.len(),
        Event::ToolCall {
            tool,
            id,
            input,
            repaired,
            repairs,
        } => {
            let words: usize = repairs.iter().map(String::len).sum();
            tool.len() + id.len() + input.len() + repaired.len() + words
        }
        Event::ApprovalRequested {
            tool,
            id,
            approval,
            reason,
        } => tool.len() + id.len() + approval.len() + reason.len(),
        Event::ToolProgress { tool, id, progress } => {
            tool.len() + id.len() + progress.message.len()
        }
        Event::ToolResult {
            tool,
            id,
            content,
            receipt,
            ..
        } => tool.len() + id.len() + content.len() + receipt.len(),
        Event::TurnEnd(end) => end.text.len() + end.detail.len(),
    };
    text + EVENT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Event {
        Event::TextDelta {
            text: text.to_owned(),
        }
    }

    fn numbers(missed: Missed) -> Option<Vec<i64>> {
        match missed {
            Missed::Events(events) => Some(events.iter().map(|event| event.number).collect()),
            Missed::Gap => None,
        }
    }

    #[test]
    fn a_client_gets_what_it_missed_or_is_told_that_it_is_gone() {
        let sessions = LiveSessions::default();
        let live = sessions.begin("s", 10, 20);
        assert!(!live.push(said("a")).is_last_number);
        assert!(!live.push(said("b")).is_last_number);
        assert_eq!(numbers(live.after_number(10)), Some(vec![11, 12]));
        assert_eq!(numbers(live.after_number(12)), Some(vec![]));
        // From before this host, and from nowhere.
        assert_eq!(numbers(live.after_number(9)), None);
        assert_eq!(numbers(live.after_number(13)), None);
        live.push(said(&"x".repeat(RUNNING_BYTES)));
        assert_eq!(numbers(live.after_number(11)), None);
        assert_eq!(numbers(live.after_number(13)), Some(vec![]));
        (0..6).for_each(|_| assert!(!live.push(said("c")).is_last_number));
        assert!(live.push(said("the last one")).is_last_number);
    }

    #[test]
    fn sessions_without_a_turn_are_bounded() {
        let sessions = LiveSessions::default();
        for number in 0..IDLE_SESSIONS + 8 {
            let id = number.to_string();
            let live = sessions.begin(&id, 0, 100);
            live.push(said(&"x".repeat(IDLE_BYTES)));
            sessions.end(&id, &live);
            assert!(live.kept().bytes <= IDLE_BYTES);
            drop(live);
        }
        assert_eq!(sessions.sessions().by_id.len(), IDLE_SESSIONS);
        // One that is used again stays.
        let id = (IDLE_SESSIONS + 7).to_string();
        let live = sessions.begin(&id, 0, 100);
        assert_eq!(live.last(), 1);
        assert!(live.is_running());
    }
}
