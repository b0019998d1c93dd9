//! The caller of a call: receives the guest's messages while it runs, and makes the calls of other
//! tools for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use cofferdam_call::{Outcome, Progress};

use crate::descriptors::Line;

/// The caller's side of one call. Nothing here is cut, cleaned or redacted yet: these are the
/// guest's own words.
pub trait Caller: Send + Sync {
    /// The name of the call, the same for every attempt at it. Nothing but what is derived of it
    /// leaves the host.
    fn call_name(&self) -> String;

    /// A line for the log.
    fn log(&self, level: tracing::Level, message: &str);

    /// Progress of the call.
    fn progress(&self, progress: Progress);

    /// Calls another tool, which has to end by `deadline`. When the future is dropped, that call is
    /// stopped.
    fn call(&self, name: String, input: String, deadline: Instant) -> Answering;
}

/// A call of another tool under way.
pub type Answering = Pin<Box<dyn Future<Output = Result<String, Unanswered>> + Send>>;

/// A call of another tool that did not answer.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// Its outcome.
    pub outcome: Outcome,
    /// One sentence for the guest that called.
    pub message: String,
}

/// The place in which a call runs.
#[derive(Debug)]
pub enum Place<'a> {
    /// In a place of its own, when it is its turn in this line and then on the host.
    Own(&'a Line),
    /// In the place of the call that made it, which has room for as many as the ceiling's
    /// `nested-depth` and waits for it meanwhile. It waits for no place, so calls cannot wait for
    /// each other in a circle.
    Callers,
}

/// Nobody: for a component that is asked what it has. Its words go nowhere, and it has no tools to
/// call.
pub(crate) struct Nobody;

impl Nobody {
    pub(crate) fn shared() -> Arc<dyn Caller> {
        Arc::new(Self)
    }
}

impl Caller for Nobody {
    fn call_name(&self) -> String {
        String::new()
    }

    fn log(&self, _: tracing::Level, _: &str) {}

    fn progress(&self, _: Progress) {}

    fn call(&self, _: String, _: String, _: Instant) -> Answering {
        let message = "a component calls no tool while it lists its own".to_owned();
        let outcome = Outcome::Denied {
            reason: message.clone(),
        };
        Box::pin(std::future::ready(Err(Unanswered { outcome, message })))
    }
}
