//! Answers at once: each has a place from its request until the client has taken all of it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tonic::Status;

use crate::edge::holdings::Holdings;

/// Turns of agents at once on one host. Each holds a connection to a model, a history and its
/// answer in memory.
const TURNS: usize = 64;

/// Calls of tools at once on one host that clients make themselves. Each holds its input and its
/// answer in memory; the sandbox runs as many of them at once as `[host] calls` says.
const CALLS: usize = 128;

/// Listings of messages at once on one host. Each holds a page.
const LISTINGS: usize = 16;

/// Clients at once that follow the tools of an agent. Each is a process of `cofferdam mcp --agent`,
/// and holds a list.
const FOLLOWERS: usize = 128;

/// Clients at once that follow the events of a session. Each is a task that waits.
const SESSIONS: usize = 128;

/// Requests about reviews at once on one host. Each reads all decisions from the disk, and holds a
/// list of them.
const REVIEWS: usize = 8;

/// Images at once that a host fetches and sends. Each has several connections to a registry, and
/// writes to the disk.
const TRANSFERS: usize = 8;

/// Clients at once that follow the status of an agent. Each holds a few hundred bytes, and a
/// thousand may follow one agent.
const WATCHERS: usize = 2_048;

/// Turns at once that go on without their clients. Each holds as much as any other.
const DETACHED: usize = 64;

/// Sessions that are imported at once. Each is in memory until it is whole.
const IMPORTS: usize = 4;

/// Agents that are created at once. Each holds its components until it is ready.
const CREATIONS: usize = 32;

/// Bytes of answers that wait for their clients on one host (256 MiB): a few of the largest results
/// that a ceiling may allow, and hundreds of usual ones.
const BYTES: usize = 256 << 20;

/// The longest time that a turn waits for a place. Most turns take a few seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Turns that wait for a place. Each holds its prompt, which counts among the bytes of requests.
/// With those that run there may be a thousand, fewer than requests at once.
const MOST_WAITING: usize = 1_000 - TURNS;

/// The part of these places that one agent may have, so that others are answered whatever its
/// clients do.
const SHARE: (usize, usize) = (3, 4);

/// The places of one kind of answer.
#[derive(Debug)]
pub(crate) struct Answers {
    noun: &'static str,
    most: usize,
    each: usize,
    places: Mutex<Places>,
    /// Bytes that answers of every kind may still hold.
    bytes: Arc<Semaphore>,
}

/// Places that are taken, and those who wait for one.
#[derive(Debug, Default)]
struct Places {
    /// By agent.
    taken: HashMap<String, usize>,
    /// In the order in which they came.
    waiting: VecDeque<Waiting>,
}

/// An answer that waits for a place.
#[derive(Debug)]
struct Waiting {
    agent: String,
    place: oneshot::Sender<AnswerPlace>,
}

/// The places of every kind.
#[derive(Debug)]
pub(crate) struct AllAnswers {
    pub(crate) turns: Arc<Answers>,
    pub(crate) calls: Arc<Answers>,
    pub(crate) listings: Arc<Answers>,
    pub(crate) followers: Arc<Answers>,
    pub(crate) reviews: Arc<Answers>,
    pub(crate) sessions: Arc<Answers>,
    pub(crate) transfers: Arc<Answers>,
    pub(crate) watchers: Arc<Answers>,
    pub(crate) creations: Arc<Answers>,
    pub(crate) imports: Arc<Answers>,
    pub(crate) detached: Arc<Answers>,
}

/// The place of one answer; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct AnswerPlace {
    answers: Arc<Answers>,
    agent: String,
    bytes: Option<OwnedSemaphorePermit>,
}

impl AllAnswers {
    /// Places of which none is taken.
    pub(crate) fn new() -> Self {
        let bytes = Arc::new(Semaphore::new(BYTES));
        let answers = |noun, most| Answers::new(noun, most, Arc::clone(&bytes));
        Self {
            turns: answers("turns", TURNS),
            calls: answers("calls", CALLS),
            listings: answers("listings", LISTINGS),
            followers: answers("lists of tools", FOLLOWERS),
            reviews: answers("requests about reviews", REVIEWS),
            sessions: answers("streams of a session", SESSIONS),
            transfers: answers("transfers of images", TRANSFERS),
            watchers: answers("streams of an agent's status", WATCHERS),
            creations: answers("creations of agents", CREATIONS),
            imports: answers("imports of sessions", IMPORTS),
            detached: answers("detached turns", DETACHED),
        }
    }
}

impl Answers {
    fn new(noun: &'static str, most: usize, bytes: Arc<Semaphore>) -> Arc<Self> {
        let each = most * SHARE.0 / SHARE.1;
        Arc::new(Self {
            noun,
            most,
            each,
            places: Mutex::default(),
            bytes,
        })
    }

    /// Takes a place for an answer of `agent`.
    pub(crate) fn begin(self: &Arc<Self>, agent: &str) -> Result<AnswerPlace, Status> {
        self.take(&mut self.places(), agent)
    }

    /// Takes a place for an answer of `agent`, and waits a while for one if there is none. A place
    /// that comes back goes to the agent that has the fewest, so that none waits for another's
    /// crowd.
    pub(crate) async fn wait(self: &Arc<Self>, agent: &str) -> Result<AnswerPlace, Status> {
        let (refused, place) = {
            let mut places = self.places();
            let refused = match self.take(&mut places, agent) {
                Ok(place) => return Ok(place),
                Err(refused) => refused,
            };
            // Those whose clients are gone hold no place in the line.
            places.waiting.retain(|other| !other.place.is_closed());
            if places.waiting.len() >= MOST_WAITING {
                return Err(refused);
            }
            let (sender, receiver) = oneshot::channel();
            places.waiting.push_back(Waiting {
                agent: agent.to_owned(),
                place: sender,
            });
            (refused, receiver)
        };
        match tokio::time::timeout(PATIENCE, place).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(refused),
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, places: &mut Places, agent: &str) -> Result<AnswerPlace, Status> {
        let noun = self.noun;
        let all = places.taken.values().sum::<usize>();
        let own = places.own(agent);
        if all >= self.most || own >= self.each {
            let (count, whose) = if all >= self.most {
                (all, "this host")
            } else {
                (own, "this agent")
            };
            return Err(Status::resource_exhausted(format!(
                "{whose} has {count} {noun} whose answers are not read to their end, the most \
                 there may be: try again when one is"
            )));
        }
        places.taken.insert(agent.to_owned(), own + 1);
        Ok(AnswerPlace {
            answers: Arc::clone(self),
            agent: agent.to_owned(),
            bytes: None,
        })
    }
}

impl Places {
    /// Places that an agent has.
    fn own(&self, agent: &str) -> usize {
        self.taken.get(agent).copied().unwrap_or_default()
    }

    /// Takes out the answer that gets the next place: of the agent with the fewest, the first.
    fn next(&mut self) -> Option<Waiting> {
        // Those that have gone away need none.
        self.waiting.retain(|waiting| !waiting.place.is_closed());
        let places = self.waiting.iter().enumerate();
        let fewest = places.min_by_key(|(_, waiting)| self.own(&waiting.agent));
        let (index, _) = fewest?;
        self.waiting.remove(index)
    }
}

impl AnswerPlace {
    /// Counts the bytes of the part of the answer that is about to wait for its client, in place of
    /// the part before. Where the host holds too many, this answer ends, so that what waits for
    /// clients that do not read is bounded.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Status> {
        self.bytes = None;
        let count = u32::try_from(bytes).ok();
        let held = count.and_then(|count| {
            Arc::clone(&self.answers.bytes)
                .try_acquire_many_owned(count)
                .ok()
        });
        self.bytes = Some(held.ok_or_else(|| {
            Status::resource_exhausted(format!(
                "{bytes} bytes of this answer would wait with those of others, more than the \
                 {BYTES} that this host holds for its clients: read answers as they come, or try \
                 again"
            ))
        })?);
        Ok(())
    }

    /// Lets `response` keep the place until it is delivered.
    pub(crate) fn keep_with<T>(self, mut response: tonic::Response<T>) -> tonic::Response<T> {
        let kept = Holdings::default();
        kept.keep(self);
        response.extensions_mut().insert(kept);
        response
    }
}

impl Drop for AnswerPlace {
    fn drop(&mut self) {
        let answers = Arc::clone(&self.answers);
        let mut places = answers.places();
        if let Some(count) = places.taken.get_mut(&self.agent) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                places.taken.remove(&self.agent);
            }
        }
        let Some(Waiting { agent, place }) = places.next() else {
            return;
        };
        let Ok(taken) = answers.take(&mut places, &agent) else {
            // It has its share, and waits for one of its own.
            places.waiting.push_front(Waiting { agent, place });
            return;
        };
        drop(places);
        // One that has gone away meanwhile gives the place back here, which hands it on.
        place.send(taken).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_leaves_places_to_others_and_all_come_back() {
        let turns = Answers::new("turns", 4, Arc::new(Semaphore::new(8)));
        let mut own: Vec<_> = (0..3).map(|_| turns.begin("a").unwrap()).collect();
        let refused = turns.begin("a").unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        assert!(
            refused.message().contains("this agent has 3 turns"),
            "{refused}"
        );
        let other = turns.begin("b").unwrap();
        assert!(
            turns
                .begin("c")
                .unwrap_err()
                .message()
                .contains("this host has 4 turns")
        );
        own.pop();
        drop(other);
        assert!(turns.begin("c").is_ok() && turns.begin("a").is_ok());
    }

    #[tokio::test]
    async fn a_place_that_comes_back_goes_to_the_agent_with_the_fewest() {
        let turns = Answers::new("turns", 4, Arc::new(Semaphore::new(8)));
        let mut own: Vec<_> = (0..3).map(|_| turns.begin("a").unwrap()).collect();
        let other = turns.begin("b").unwrap();
        let wait = |agent: &'static str| {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move { turns.wait(agent).await.map(|place| place.agent.clone()) })
        };
        let crowd: Vec<_> = (0..3).map(|_| wait("a")).collect();
        tokio::task::yield_now().await;
        let late = wait("c");
        tokio::task::yield_now().await;
        own.pop();
        assert_eq!(late.await.unwrap().unwrap(), "c");
        for waiting in crowd {
            assert_eq!(waiting.await.unwrap().unwrap(), "a");
        }
        drop(other);
    }

    #[test]
    fn an_answer_that_does_not_fit_beside_the_others_ends() {
        let turns = Answers::new("turns", 4, Arc::new(Semaphore::new(8)));
        let mut one = turns.begin("a").unwrap();
        let mut other = turns.begin("b").unwrap();
        one.hold(5).unwrap();
        one.hold(6).unwrap();
        assert_eq!(
            other.hold(3).unwrap_err().code(),
            tonic::Code::ResourceExhausted
        );
        drop(one);
        other.hold(8).unwrap();
        assert!(other.hold(usize::MAX).is_err());
    }
}
