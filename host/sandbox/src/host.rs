//! `cofferdam:tool/host` and `cofferdam:tool/calls`: what a guest tells and asks while it runs.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{HasData, Linker};

use cofferdam_call::{Outcome, Progress};

use crate::bindings::cofferdam::tool::calls::{self, Failure, Outcome as Ended};
use crate::bindings::cofferdam::tool::host::{self, Level};
use crate::caller::{Caller, Unanswered};

/// Lines that one call may log, and times that it may tell of its progress: more than somebody
/// reads, and few enough that calls in a loop cannot flood the host's log. `wit/tool.wit` says so
/// too.
pub const MAX_MESSAGES: u32 = 256;

/// Bytes of these lines, and of the messages of progress (64 KiB each): what is kept of standard
/// error.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

/// The guest's side of the conversation.
pub(crate) struct Conversation {
    caller: Arc<dyn Caller>,
    deadline: Instant,
    log: Room,
    progress: Room,
    calls: u64,
}

/// Calls and refusals of a conversation, for the receipt.
#[derive(Debug, Default)]
pub(crate) struct MessageTotals {
    /// Calls of other tools.
    pub(crate) calls: u64,
    /// One line for each kind of message of which some were dropped.
    pub(crate) refusals: Vec<String>,
}

/// The room that is left for messages of one kind.
struct Room {
    kind: &'static str,
    messages: u32,
    bytes: usize,
    dropped: u64,
}

struct HasConversation;

impl HasData for HasConversation {
    type Data<'a> = &'a mut Conversation;
}

/// Links both interfaces, with the conversation of a call as `view` shows it. `imports.rs` decides
/// which components may import the second one.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> &mut Conversation,
) -> wasmtime::Result<()> {
    host::add_to_linker::<T, HasConversation>(linker, view)?;
    calls::add_to_linker::<T, HasConversation>(linker, view)
}

impl Conversation {
    pub(crate) fn new(caller: Arc<dyn Caller>, deadline: Instant) -> Self {
        Self {
            caller,
            deadline,
            log: Room::of("log"),
            progress: Room::of("progress"),
            calls: 0,
        }
    }

    pub(crate) fn told(&self) -> MessageTotals {
        let refusals = [&self.log, &self.progress]
            .into_iter()
            .filter_map(Room::refusal)
            .collect();
        MessageTotals {
            calls: self.calls,
            refusals,
        }
    }
}

impl Room {
    fn of(kind: &'static str) -> Self {
        Self {
            kind,
            messages: MAX_MESSAGES,
            bytes: MAX_MESSAGE_BYTES,
            dropped: 0,
        }
    }

    /// Takes room for one more message. Returns false if there is none.
    fn takes(&mut self, message: &str) -> bool {
        let messages = self.messages.checked_sub(1);
        let bytes = self.bytes.checked_sub(message.len());
        let (Some(messages), Some(bytes)) = (messages, bytes) else {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        };
        self.messages = messages;
        self.bytes = bytes;
        true
    }

    fn refusal(&self) -> Option<String> {
        let Self { kind, dropped, .. } = self;
        let beyond = || {
            format!("{kind}: {dropped} dropped beyond {MAX_MESSAGES} and {MAX_MESSAGE_BYTES} bytes")
        };
        (*dropped > 0).then(beyond)
    }
}

impl host::Host for Conversation {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if self.log.takes(&message) {
            let level = match level {
                Level::Debug => tracing::Level::DEBUG,
                Level::Info => tracing::Level::INFO,
                Level::Warn => tracing::Level::WARN,
                Level::Error => tracing::Level::ERROR,
            };
            self.caller.log(level, &message);
        }
        Ok(())
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: String) -> wasmtime::Result<()> {
        if self.progress.takes(&message) {
            self.caller.progress(Progress {
                done,
                total,
                message,
            });
        }
        Ok(())
    }

    fn deadline_left(&mut self) -> wasmtime::Result<u64> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Ok(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}

impl calls::Host for Conversation {
    async fn call(
        &mut self,
        name: String,
        input: String,
    ) -> wasmtime::Result<Result<String, Failure>> {
        self.calls = self.calls.saturating_add(1);
        let answer = self.caller.call(name, input, self.deadline).await;
        Ok(answer.map_err(|Unanswered { outcome, message }| Failure {
            outcome: ended(&outcome),
            message,
        }))
    }
}

/// `Ok` is how a call ends that has nothing to answer with.
fn ended(outcome: &Outcome) -> Ended {
    match outcome {
        Outcome::Ok | Outcome::GuestError { .. } => Ended::GuestError,
        Outcome::Trap { .. } => Ended::Trap,
        Outcome::OutOfFuel => Ended::OutOfFuel,
        Outcome::OutOfMemory => Ended::OutOfMemory,
        Outcome::StackOverflow => Ended::StackOverflow,
        Outcome::Deadline => Ended::Deadline,
        Outcome::Cancelled => Ended::Cancelled,
        // A guest holds a sandbox, and cannot wait for a person; the message says what it is.
        Outcome::Denied { .. }
        | Outcome::ApprovalPending { .. }
        | Outcome::SecretUnavailable { .. } => Ended::Denied,
        Outcome::HostCallTooLarge => Ended::HostCallTooLarge,
        Outcome::HostFault { .. } => Ended::HostFault,
    }
}
