//! In tests: what the tool tells is kept, and what it asks is answered by the test.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use super::{CallError, Context, Level, Outcome};
#[cfg(feature = "http")]
use crate::http::{Failure, Kind, Request, Response};

/// Time that a call in a test has left unless the test says otherwise: the host's default.
const DEADLINE_LEFT: Duration = Duration::from_secs(30);

/// One thing that a tool told while it ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A line of the log.
    Log(Level, String),
    /// Its progress: done, of a total, and what it is doing.
    Progress(u64, Option<u64>, String),
}

type Stand = Box<dyn Fn(Value) -> Result<Value, CallError>>;

#[cfg(feature = "http")]
type Server = Box<dyn Fn(&Request) -> Result<Response, Failure>>;

pub(super) struct Inner {
    told: RefCell<Vec<Told>>,
    deadline_left: Duration,
    tools: BTreeMap<String, Stand>,
    #[cfg(feature = "http")]
    server: Option<Server>,
}

impl Context {
    /// A context that keeps what the tool tells. There is none of these in a component.
    pub fn for_tests() -> Self {
        Self {
            inner: Inner {
                told: RefCell::default(),
                deadline_left: DEADLINE_LEFT,
                tools: BTreeMap::new(),
                #[cfg(feature = "http")]
                server: None,
            },
        }
    }

    /// The same with this much time left.
    #[must_use]
    pub fn with_deadline_left(mut self, left: Duration) -> Self {
        self.inner.deadline_left = left;
        self
    }

    /// The same with another tool to call, which answers as `answer` does.
    #[must_use]
    pub fn with_tool(
        mut self,
        name: &str,
        answer: impl Fn(Value) -> Result<Value, CallError> + 'static,
    ) -> Self {
        self.inner.tools.insert(name.to_owned(), Box::new(answer));
        self
    }

    /// The same with a server that answers every request as `answer` does.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn with_server(
        mut self,
        answer: impl Fn(&Request) -> Result<Response, Failure> + 'static,
    ) -> Self {
        self.inner.server = Some(Box::new(answer));
        self
    }

    /// The messages of the tool until now, in its order.
    pub fn told(&self) -> Vec<Told> {
        self.inner.told.borrow().clone()
    }
}

impl Inner {
    pub(super) fn log(&self, level: Level, message: &str) {
        self.told
            .borrow_mut()
            .push(Told::Log(level, message.to_owned()));
    }

    pub(super) fn progress(&self, done: u64, total: Option<u64>, message: &str) {
        self.told
            .borrow_mut()
            .push(Told::Progress(done, total, message.to_owned()));
    }

    pub(super) fn deadline_left(&self) -> Duration {
        self.deadline_left
    }

    #[cfg(feature = "http")]
    pub(super) fn send(&self, request: &Request) -> Result<Response, Failure> {
        match &self.server {
            Some(answer) => answer(request),
            None => Err(Failure::new(
                Kind::Denied,
                "there is no server in this test: `Context::with_server` gives one",
            )),
        }
    }

    pub(super) fn call(&self, tool: &str, input: &str) -> Result<String, CallError> {
        let Some(answer) = self.tools.get(tool) else {
            let message =
                format!("there is no tool `{tool}` in this test: `Context::with_tool` gives one");
            return Err(CallError {
                outcome: Outcome::Denied,
                message,
            });
        };
        let input = serde_json::from_str(input).unwrap_or_default();
        answer(input).map(|answer| answer.to_string())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("told", &self.told)
            .field("deadline_left", &self.deadline_left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_test_sees_what_a_tool_tells() {
        let context = Context::for_tests().with_deadline_left(Duration::from_secs(1));
        context.log(Level::Warn, "slow");
        context.progress(1, 3, "first");
        context.progress(2, None, String::new());
        let progress = |done, total, message: &str| Told::Progress(done, total, message.to_owned());
        let told = [
            Told::Log(Level::Warn, "slow".to_owned()),
            progress(1, Some(3), "first"),
            progress(2, None, ""),
        ];
        assert_eq!(context.told(), told);
        assert_eq!(context.deadline_left(), Duration::from_secs(1));
    }

    #[test]
    fn a_test_stands_in_for_other_tools() {
        let context = Context::for_tests()
            .with_tool("double", |input| Ok(json!(input.as_u64().unwrap_or(0) * 2)));
        assert_eq!(context.call::<u64>("double", &4), Ok(8));
        let outcome = |result: Result<String, CallError>| result.map_err(|error| error.outcome);
        assert_eq!(
            outcome(context.call("double", &4)),
            Err(Outcome::GuestError),
            "it is no text"
        );
        assert_eq!(outcome(context.call("triple", &4)), Err(Outcome::Denied));
    }
}
