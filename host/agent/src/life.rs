//! The live side of an agent: its status, which others can follow, and the work that it does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cofferdam_store::State;
use tokio::sync::{OwnedMutexGuard, watch};
use tokio_util::sync::CancellationToken;

use crate::error::TurnError;
use crate::lifecycle::{Event, Refusal, after};
use crate::live::LiveSessions;

/// Turns of one session that wait for the one that runs. A person sends one or two more, and a
/// program that sends many is told to wait.
const MAX_WAITING: usize = 8;

/// The state of an agent, with the sentence about its failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// The reason of a failure, in words for the operator; empty unless the agent has failed.
    pub failure: Arc<str>,
}

/// The live side of one agent. It is the same for every version of the agent, and over stops and
/// starts.
#[derive(Debug)]
pub(crate) struct Life {
    status: watch::Sender<Status>,
    /// The events of its sessions.
    pub(crate) live: LiveSessions,
    work: Mutex<Work>,
    /// Turns and calls under way.
    count: watch::Sender<usize>,
    has_crashed: AtomicBool,
    /// Tells the supervisor of this host that an agent has crashed.
    alarm: watch::Sender<()>,
}

/// The turns and calls under way, each with the token that ends it.
#[derive(Debug, Default)]
struct Work {
    /// True while the agent takes new ones.
    open: bool,
    /// By session.
    turns: HashMap<String, Line>,
    calls: HashMap<u64, CancellationToken>,
    /// The number of the next turn or call.
    next: u64,
}

/// The turns of one session: one runs, the others wait.
#[derive(Debug, Default)]
struct Line {
    /// Held by the turn that runs. Those that wait get it in the order in which they came.
    running: Arc<tokio::sync::Mutex<()>>,
    /// By the number of the turn.
    tokens: HashMap<u64, CancellationToken>,
}

/// The place of a turn; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct RunningTurn {
    life: Arc<Life>,
    session: String,
    number: u64,
    /// None while it waits.
    running: Option<OwnedMutexGuard<()>>,
}

/// The place of a call; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct RunningCall {
    life: Arc<Life>,
    number: u64,
}

impl Status {
    /// A state that is no failure.
    pub(crate) fn of(state: State) -> Self {
        Self {
            state,
            failure: Arc::from(""),
        }
    }

    /// Returns true for an agent that takes turns.
    pub fn takes_turns(&self) -> bool {
        matches!(self.state, State::Ready | State::Working)
    }
}

impl Life {
    /// A life that begins with this status. `alarm` is sent when a task of the agent has panicked.
    pub(crate) fn new(status: Status, alarm: watch::Sender<()>) -> Arc<Self> {
        Arc::new(Self {
            status: watch::Sender::new(status),
            live: LiveSessions::default(),
            work: Mutex::default(),
            count: watch::Sender::new(0),
            has_crashed: AtomicBool::new(false),
            alarm,
        })
    }

    pub(crate) fn state(&self) -> State {
        self.status.borrow().state
    }

    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Follows the status. The last one is never missed, also where the agent is removed at once.
    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Announces what has happened, which is stored already.
    pub(crate) fn announce(&self, event: Event, failure: &str) {
        self.status.send_if_modified(|status| {
            let Ok(state) = after(status.state, event) else {
                return false;
            };
            let changed = state != status.state || *status.failure != *failure;
            *status = Status {
                state,
                failure: Arc::from(failure),
            };
            changed
        });
    }

    /// Takes new turns and calls from now on.
    pub(crate) fn open(&self) {
        self.work().open = true;
    }

    /// Takes no new turns and calls from now on. Those that run go on.
    pub(crate) fn close(&self) {
        self.work().open = false;
    }

    /// Ends the turns and calls that run. What was said until then is stored.
    pub(crate) fn cancel(&self) {
        let work = self.work();
        let turns = work.turns.values().flat_map(|line| line.tokens.values());
        let tokens = turns.chain(work.calls.values());
        tokens.for_each(CancellationToken::cancel);
    }

    /// The number of turns under way, those that wait included.
    pub(crate) fn turns(&self) -> usize {
        self.work().turns()
    }

    /// Ends the turns of a session, those that wait included, and returns true if there was one.
    pub(crate) fn cancel_session(&self, session: &str) -> bool {
        let work = self.work();
        let line = work.turns.get(session);
        let tokens = line.into_iter().flat_map(|line| line.tokens.values());
        tokens.map(CancellationToken::cancel).count() > 0
    }

    /// Waits until no turn and no call runs.
    pub(crate) async fn idle(&self) {
        // The sender is this one, so the wait ends in no other way.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Takes a place for a turn of this session, which `cancel` ends. A session has one at a time;
    /// a few others wait for their turn, in the order in which they came.
    pub(crate) async fn begin_turn(
        self: &Arc<Self>,
        session: &str,
        cancel: &CancellationToken,
    ) -> Result<RunningTurn, TurnError> {
        let (turn, line) = {
            let mut work = self.work();
            if !work.open {
                return Err(TurnError::AtRest);
            }
            self.enter(&mut work, session, cancel)?
        };
        self.wait(turn, line, cancel).await
    }

    /// Ends the turns of a session and takes its place, whether the agent takes turns or not: no
    /// turn of it runs until this is dropped.
    pub(crate) async fn take_session(
        self: &Arc<Self>,
        session: &str,
    ) -> Result<RunningTurn, TurnError> {
        self.cancel_session(session);
        let cancel = CancellationToken::new();
        let (turn, line) = self.enter(&mut self.work(), session, &cancel)?;
        self.wait(turn, line, &cancel).await
    }

    /// Waits until the turns before are over.
    async fn wait(
        self: &Arc<Self>,
        mut turn: RunningTurn,
        line: Arc<tokio::sync::Mutex<()>>,
        cancel: &CancellationToken,
    ) -> Result<RunningTurn, TurnError> {
        turn.running = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(TurnError::Cancelled),
            running = line.lock_owned() => Some(running),
        };
        Ok(turn)
    }

    /// Takes a place in the line of a session.
    fn enter(
        self: &Arc<Self>,
        work: &mut Work,
        session: &str,
        cancel: &CancellationToken,
    ) -> Result<(RunningTurn, Arc<tokio::sync::Mutex<()>>), TurnError> {
        let number = work.next;
        work.next += 1;
        let line = work.turns.entry(session.to_owned()).or_default();
        if line.tokens.len() > MAX_WAITING {
            return Err(TurnError::Busy {
                session: session.to_owned(),
                waiting: MAX_WAITING,
            });
        }
        line.tokens.insert(number, cancel.clone());
        let running = Arc::clone(&line.running);
        self.recount(work);
        let turn = RunningTurn {
            life: Arc::clone(self),
            session: session.to_owned(),
            number,
            running: None,
        };
        Ok((turn, running))
    }

    /// Takes a place for a call of a tool, which `cancel` ends. A stopped agent has none: the call
    /// is cancelled at once.
    pub(crate) fn begin_call(self: &Arc<Self>, cancel: &CancellationToken) -> RunningCall {
        let mut work = self.work();
        if !work.open {
            cancel.cancel();
        }
        let number = work.next;
        work.next += 1;
        work.calls.insert(number, cancel.clone());
        self.recount(&work);
        RunningCall {
            life: Arc::clone(self),
            number,
        }
    }

    /// Returns true while it takes turns.
    pub(crate) fn is_open(&self) -> bool {
        self.work().open
    }

    /// Keeps that a task of the agent has panicked, for the supervisor.
    pub(crate) fn crashed(&self) {
        self.close();
        self.has_crashed.store(true, Ordering::SeqCst);
        self.alarm.send_replace(());
    }

    /// Returns true once for a crash.
    pub(crate) fn take_crash(&self) -> bool {
        self.has_crashed.swap(false, Ordering::SeqCst)
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recount(&self, work: &Work) {
        self.count.send_replace(work.turns() + work.calls.len());
    }

    /// Tells the status of an event of a turn. Nothing is stored for it: a turn is stored itself,
    /// by its messages.
    fn turn(&self, event: Event) {
        self.status.send_if_modified(|status| {
            let next: Result<State, Refusal> = after(status.state, event);
            let changed = next.is_ok_and(|next| next != status.state);
            status.state = next.unwrap_or(status.state);
            changed
        });
    }
}

impl RunningTurn {
    /// Tells that the turn has begun: its prompt is stored.
    pub(crate) fn announce(&self) {
        // Under the lock, so that no other turn tells its end after this.
        let _work = self.life.work();
        self.life.turn(Event::TurnBegan);
    }
}

impl Work {
    fn turns(&self) -> usize {
        self.turns.values().map(|line| line.tokens.len()).sum()
    }
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        let mut work = self.life.work();
        if let Some(line) = work.turns.get_mut(&self.session) {
            line.tokens.remove(&self.number);
            if line.tokens.is_empty() {
                work.turns.remove(&self.session);
            }
        }
        // Under the lock of the work, so that the next one finds this one gone.
        self.running = None;
        if work.turns.is_empty() {
            self.life.turn(Event::TurnsEnded);
        }
        self.life.recount(&work);
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut work = self.life.work();
        work.calls.remove(&self.number);
        self.life.recount(&work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(state: State) -> Arc<Life> {
        let life = Life::new(Status::of(state), watch::Sender::new(()));
        life.open();
        life
    }

    #[tokio::test]
    async fn an_agent_works_while_a_turn_runs() {
        let life = life(State::Ready);
        let cancel = CancellationToken::new();
        let one = life.begin_turn("a", &cancel).await.unwrap();
        assert_eq!(life.state(), State::Ready);
        one.announce();
        let other = life.begin_turn("b", &cancel).await.unwrap();
        other.announce();
        assert_eq!(life.state(), State::Working);
        drop(one);
        assert_eq!((life.state(), life.turns()), (State::Working, 1));
        drop(other);
        assert_eq!(life.state(), State::Ready);
    }

    #[tokio::test]
    async fn turns_of_a_session_wait_in_their_order_and_are_bounded() {
        let life = life(State::Ready);
        let cancel = CancellationToken::new();
        let first = life.begin_turn("a", &cancel).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for number in 0..MAX_WAITING {
            let life = Arc::clone(&life);
            let order = Arc::clone(&order);
            let cancel = cancel.clone();
            let turn = async move {
                let _turn = life.begin_turn("a", &cancel).await.unwrap();
                order.lock().unwrap().push(number);
            };
            waiting.push(tokio::spawn(turn));
            tokio::task::yield_now().await;
        }
        let refused = life.begin_turn("a", &cancel).await;
        assert!(matches!(refused, Err(TurnError::Busy { .. })));
        // Another session waits for nobody.
        drop(life.begin_turn("b", &cancel).await.unwrap());
        assert!(order.lock().unwrap().is_empty());
        drop(first);
        for turn in waiting {
            turn.await.unwrap();
        }
        let expected: Vec<_> = (0..MAX_WAITING).collect();
        assert_eq!(*order.lock().unwrap(), expected);
        assert_eq!(life.turns(), 0);
    }

    #[tokio::test]
    async fn a_turn_that_waits_can_be_cancelled() {
        let life = life(State::Ready);
        let running = CancellationToken::new();
        let _turn = life.begin_turn("a", &running).await.unwrap();
        let waiting = CancellationToken::new();
        let second = tokio::spawn({
            let life = Arc::clone(&life);
            let waiting = waiting.clone();
            async move { life.begin_turn("a", &waiting).await.map(|_| ()) }
        });
        tokio::task::yield_now().await;
        assert_eq!(life.turns(), 2);
        waiting.cancel();
        let ended = second.await.unwrap();
        assert!(matches!(ended, Err(TurnError::Cancelled)));
        assert_eq!(life.turns(), 1);
        assert!(life.cancel_session("a"));
        assert!(running.is_cancelled() && !life.cancel_session("b"));
    }

    #[tokio::test]
    async fn a_closed_life_ends_its_work_and_takes_no_more() {
        let life = life(State::Ready);
        let cancel = CancellationToken::new();
        let turn = life.begin_turn("a", &cancel).await.unwrap();
        turn.announce();
        life.close();
        life.cancel();
        assert!(cancel.is_cancelled());
        assert!(matches!(
            life.begin_turn("b", &cancel).await,
            Err(TurnError::AtRest)
        ));
        life.announce(Event::Stop, "");
        drop(turn);
        life.idle().await;
        assert_eq!(life.state(), State::Stopped);
        let late = CancellationToken::new();
        drop(life.begin_call(&late));
        assert!(late.is_cancelled());
    }

    #[tokio::test]
    async fn nobody_misses_that_an_agent_is_removed() {
        let life = life(State::Ready);
        let mut watch = life.watch();
        life.announce(Event::Remove, "");
        life.announce(Event::Removed, "");
        drop(life);
        watch.changed().await.unwrap();
        assert_eq!(watch.borrow_and_update().state, State::Removed);
        assert!(watch.changed().await.is_err());
    }

    /// A thousand clients that follow one agent hear of a change within moments.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_thousand_subscribers_hear_of_a_change_at_once() {
        let life = life(State::Ready);
        let hear = |mut watch: watch::Receiver<Status>| async move {
            watch.changed().await.unwrap();
            std::time::Instant::now()
        };
        let heard: Vec<_> = (0..1_000)
            .map(|_| tokio::spawn(hear(life.watch())))
            .collect();
        tokio::task::yield_now().await;
        let begun = std::time::Instant::now();
        life.announce(Event::Stop, "");
        let mut last = begun;
        for heard in heard {
            last = last.max(heard.await.unwrap());
        }
        // A hundred times the target, because tests run on busy machines.
        assert!(last - begun < std::time::Duration::from_secs(1));
    }
}
