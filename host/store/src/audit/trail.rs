//! The trail as calls use it: a thread writes the records of one moment together, and each call
//! waits until its own outlives a loss of power.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cap_std::fs::Dir;
use cofferdam_call::{ApprovalAnswer, Record};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::entry::Body;
use super::error::{AuditError, Fault};
use super::verify::verify;
use super::writer::{Directory, Writer};

/// Records that wait to be written (1,024 of about a KiB): further calls wait for room.
const MAX_WAITING: usize = 1_024;

/// Records that are written together: half a megabyte, which a disk takes in milliseconds.
const MAX_GROUP: usize = 512;

/// The longest time that a line is without a checkpoint after it.
const SIGN_WITHIN: Duration = Duration::from_secs(10);

/// The longest wait for an answer. A disk takes milliseconds, and a host that starts proves a trail
/// of the usual size in a second or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest wait for the last checkpoint of a process.
const LAST: Duration = Duration::from_secs(5);

/// The part of a trail that a process proves before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Every line: for a host, which runs for long.
    Whole,
    /// The lines since the last checkpoint: for a command, which runs once.
    End,
}

/// The configuration of a trail.
#[derive(Debug)]
pub struct TrailConfig {
    /// The data directory.
    pub data: Dir,
    /// The name of the directory of the trail in it.
    pub name: &'static str,
    /// The directory of the trail, which only this user may enter.
    pub dir: Dir,
    /// Bytes that it may take; the oldest sixteenth is dropped for new lines.
    pub bytes: u64,
    /// The part that is proven first.
    pub proof: Proof,
}

/// The audit trail of a data directory, to be written to. Clones are the same trail.
#[derive(Debug, Clone)]
pub struct Trail(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    requests: Sender<Request>,
    places: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

/// The state of the trail after the last attempt to write.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Nothing is proven yet.
    Begins,
    Works,
    Fails(Unwritten),
}

/// A sentence that says why nothing is recorded, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unwritten(Arc<str>);

/// One who waits for an answer.
#[derive(Debug)]
struct Waiter {
    answer: oneshot::Sender<Result<(), Unwritten>>,
    _place: OwnedSemaphorePermit,
}

/// Work for the thread.
#[derive(Debug)]
enum Request {
    Line(Body, Waiter),
    /// Find out if something can be recorded.
    Probe(Waiter),
    /// Write the last checkpoint.
    Finish(Waiter),
}

impl Trail {
    /// Opens a trail. It is proven on a thread of its own, and calls wait for that.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(config: TrailConfig) -> std::io::Result<Self> {
        let TrailConfig {
            data,
            name,
            dir,
            bytes,
            proof,
        } = config;
        let (requests, received) = mpsc::channel();
        let state = Arc::new(Mutex::new(State::Begins));
        let work = Work {
            directory: Arc::new(Directory { data, name, dir }),
            room: bytes,
            writer: None,
            proof: Some(proof),
            damaged: None,
            state: Arc::clone(&state),
            unsigned_since: None,
        };
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || work.run(&received))?;
        Ok(Self(Arc::new(Shared {
            requests,
            places: Arc::new(Semaphore::new(MAX_WAITING)),
            state,
        })))
    }

    /// Returns when a record can be written, as far as this is known before: no call runs that
    /// could not be recorded.
    ///
    /// # Errors
    ///
    /// With the reason why nothing is recorded.
    pub async fn ready(&self) -> Result<(), Unwritten> {
        if *self.0.state.lock().unwrap_or_else(PoisonError::into_inner) == State::Works {
            return Ok(());
        }
        self.ask(Request::Probe).await
    }

    /// Writes a record. It outlives a loss of power when this returns.
    ///
    /// # Errors
    ///
    /// With the reason why it was not recorded.
    pub async fn record(&self, record: Record) -> Result<(), Unwritten> {
        let body = Body::Call(Box::new(record));
        self.ask(|waiter| Request::Line(body, waiter)).await
    }

    /// Keeps a person's answer, as [`Trail::record`] keeps a call.
    ///
    /// # Errors
    ///
    /// As [`Trail::record`].
    pub async fn answer(&self, answer: ApprovalAnswer) -> Result<(), Unwritten> {
        let body = Body::Answer(Box::new(answer));
        self.ask(|waiter| Request::Line(body, waiter)).await
    }

    /// Writes the last checkpoint, but does not wait for ever.
    pub async fn finish(&self) {
        if tokio::time::timeout(LAST, self.ask(Request::Finish))
            .await
            .is_err()
        {
            tracing::warn!("the audit trail ends without a checkpoint: its disk is too slow");
        }
    }

    async fn ask(&self, request: impl FnOnce(Waiter) -> Request) -> Result<(), Unwritten> {
        let gone = || Unwritten::of("the audit trail has no writer any more: start again");
        let asked = async {
            // Nothing closes it.
            let place = Arc::clone(&self.0.places).acquire_owned().await;
            let (answer, answered) = oneshot::channel();
            let waiter = Waiter {
                answer,
                _place: place.map_err(|_| gone())?,
            };
            self.0.requests.send(request(waiter)).map_err(|_| gone())?;
            answered.await.unwrap_or_else(|_| Err(gone()))
        };
        tokio::time::timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| {
                Err(Unwritten::of(
                    "the audit trail did not answer in 30 s, so no call runs: its disk is slow, or \
                     it is still being proven; try again",
                ))
            })
    }
}

impl Unwritten {
    fn of(sentence: &str) -> Self {
        Self(sentence.into())
    }
}

/// The thread that writes.
struct Work {
    directory: Arc<Directory>,
    room: u64,
    /// Nothing before the trail could be opened.
    writer: Option<Writer>,
    /// The proof that is still to be made.
    proof: Option<Proof>,
    /// Damage that was found. Nothing is written behind it, also if it is gone later.
    damaged: Option<Fault>,
    state: Arc<Mutex<State>>,
    /// The time since which lines have no checkpoint after them.
    unsigned_since: Option<Instant>,
}

/// Requests that came together.
#[derive(Default)]
struct Group {
    bodies: Vec<Body>,
    waiters: Vec<Waiter>,
    is_probe: bool,
    is_last: bool,
}

impl Work {
    /// Proves the trail, and writes until there is nobody any more who could ask for it.
    fn run(mut self, requests: &Receiver<Request>) {
        if self.proof == Some(Proof::Whole) {
            let begun = self.unless_damaged(|work| work.proven().map(|_| ()));
            // Who asks later is told.
            let _ = self.tell(begun);
        }
        loop {
            let first = match self.next(requests) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut group = Group::default();
            for request in first.into_iter().chain(requests.try_iter()) {
                group.add(request);
                if group.waiters.len() >= MAX_GROUP {
                    break;
                }
            }
            self.write(group);
        }
        if self.unsigned_since.is_some() {
            let last = Group {
                is_last: true,
                ..Group::default()
            };
            self.write(last);
        }
    }

    /// The next request, unless it is time for a checkpoint before.
    fn next(&self, requests: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        match self.unsigned_since {
            None => requests.recv().map_err(RecvTimeoutError::from),
            Some(since) => requests.recv_timeout(SIGN_WITHIN.saturating_sub(since.elapsed())),
        }
    }

    /// Writes a group and answers it.
    fn write(&mut self, group: Group) {
        let Group {
            bodies,
            waiters,
            is_probe,
            is_last,
        } = group;
        let is_due = |since: Instant| is_last || since.elapsed() >= SIGN_WITHIN;
        // After a failure, a checkpoint shows if there is room again.
        let is_failing = matches!(self.state(), State::Fails(_));
        let sign = self.unsigned_since.is_some_and(is_due) || is_failing;
        let done = if sign || !bodies.is_empty() {
            self.unless_damaged(|work| work.append(bodies, sign))
        } else if is_probe {
            self.unless_damaged(|work| work.proven().map(|_| ()))
        } else {
            // A process that ends and has nothing to prove.
            answer(waiters, &Ok(()));
            return;
        };
        answer(waiters, &self.tell(done));
    }

    fn append(&mut self, bodies: Vec<Body>, sign: bool) -> Result<(), AuditError> {
        // Also after a failure: a thread that finds no room must not try without end.
        let since = self.unsigned_since.take();
        let count = bodies.len() as u64;
        let writer = self.proven()?;
        writer.append(bodies, sign)?;
        let unsigned = writer.unsigned();
        let is_older = unsigned > count;
        self.unsigned_since = match since {
            Some(since) if is_older => Some(since),
            _ => (unsigned > 0).then(Instant::now),
        };
        Ok(())
    }

    /// The writer of the trail, which is proven.
    fn proven(&mut self) -> Result<&mut Writer, AuditError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::new(Arc::clone(&self.directory), self.room)?,
        };
        let writer = self.writer.insert(writer);
        if let Some(proof) = self.proof {
            writer.prove_end()?;
            if proof == Proof::Whole {
                verify(&self.directory.dir, writer.key(), None)?;
            }
            self.proof = None;
        }
        Ok(writer)
    }

    /// Does this unless damage was found, and remembers damage that it finds.
    fn unless_damaged(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        if let Some(fault) = &self.damaged {
            return Err(fault.clone().into());
        }
        let done = work(self);
        if let Err(AuditError::Damaged(fault)) = &done {
            self.damaged = Some(fault.clone());
        }
        done
    }

    /// Keeps the state for calls, and says in the log that it has changed.
    fn tell(&self, done: Result<(), AuditError>) -> Result<(), Unwritten> {
        let state = match done {
            Ok(()) => State::Works,
            Err(error) => State::Fails(Unwritten(sentence(&error).into())),
        };
        let before = std::mem::replace(
            &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner),
            state.clone(),
        );
        match (before, state) {
            (State::Fails(_), State::Works) => {
                tracing::warn!("the audit trail is written again: calls run");
                Ok(())
            }
            (_, State::Begins | State::Works) => Ok(()),
            (before, State::Fails(unwritten)) => {
                if before != State::Fails(unwritten.clone()) {
                    tracing::error!("{unwritten}");
                }
                Err(unwritten)
            }
        }
    }

    fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Group {
    fn add(&mut self, request: Request) {
        let waiter = match request {
            Request::Line(body, waiter) => {
                self.bodies.push(body);
                waiter
            }
            Request::Probe(waiter) => {
                self.is_probe = true;
                waiter
            }
            Request::Finish(waiter) => {
                self.is_last = true;
                waiter
            }
        };
        self.waiters.push(waiter);
    }
}

fn answer(waiters: Vec<Waiter>, told: &Result<(), Unwritten>) {
    for waiter in waiters {
        // The call of one who does not wait any more was recorded all the same.
        let _ = waiter.answer.send(told.clone());
    }
}

/// The sentence for callers and the log.
fn sentence(error: &AuditError) -> String {
    match error {
        AuditError::Damaged(fault) => format!(
            "the audit trail is damaged, so no call runs: audit/{fault}; look at it with \
             `cofferdam audit verify`, then move the directory `audit` of the data directory away \
             and start again"
        ),
        error => format!(
            "the audit trail cannot be written, so no call runs until it can: audit/{error}"
        ),
    }
}
