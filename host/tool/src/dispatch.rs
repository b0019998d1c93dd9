//! The way of a call, from its input to its record, and the calls that it makes on its way.

use std::sync::Arc;
use std::time::Instant;

use cofferdam_call::{Input, Outcome, Progress, Report};
use cofferdam_sandbox::{Allowance, Answering, Caller, MAX_MESSAGES, Place, Unanswered};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::chain::Chain;
use crate::executor::{DecidedCall, Executor};
use crate::policy;
use crate::tool::Tool;
use crate::toolbox::Toolbox;
use crate::unanswered::{answer, unanswered};

/// The most often that a call can tell how far it has come: a queue of this length loses nothing.
pub const MAX_PROGRESS: usize = MAX_MESSAGES as usize;

/// The longest name that is shown where no tool has it, in bytes: as much as the longest name of a
/// tool.
const MAX_SHOWN_NAME: usize = 64;

/// A call whose tool was found. Its time runs already.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) tool: Arc<Tool>,
    pub(crate) input: Input,
    pub(crate) allowance: Allowance,
    pub(crate) chain: Chain,
    /// The tool that makes the call, which gives it its place; nobody for a call from outside.
    pub(crate) caller: Option<Calling>,
    /// Hears how far the call has come.
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
}

/// One call, as the calls see it that it makes.
#[derive(Clone)]
pub(crate) struct Calling {
    executor: Arc<Executor>,
    toolbox: Arc<Toolbox>,
    tool: Arc<Tool>,
    chain: Chain,
    progress: Option<mpsc::Sender<Progress>>,
    cancel: CancellationToken,
}

/// Takes a call all the way: may its caller make it, does the input fit, permit, sandbox, secrets
/// taken out, record. There is a report with a receipt whatever happens.
pub(crate) async fn dispatch(executor: &Arc<Executor>, call: Call) -> Report {
    let Call {
        toolbox,
        tool,
        input,
        allowance,
        chain,
        caller,
        progress,
    } = call;
    let may_call = match &caller {
        Some(caller) => policy::may_call(&caller.tool, &caller.chain, &tool),
        None => Ok(()),
    };
    let is_allowed = may_call.is_ok();
    let checked = match may_call {
        Ok(()) => executor.checks.check(input, &tool, &allowance).await,
        Err(denied) => Err(denied),
    };
    let unfit_input = is_allowed && matches!(checked, Err(Outcome::Denied { .. }));
    let permit = checked.map(|invocation| policy::permit(&tool, invocation));
    let calling = Calling {
        executor: Arc::clone(executor),
        toolbox: Arc::clone(&toolbox),
        tool: Arc::clone(&tool),
        chain: chain.clone(),
        progress,
        cancel: allowance.cancel().clone(),
    };
    let decided = DecidedCall {
        permit,
        grant: tool.grant(),
        allowance: &allowance,
        place: if caller.is_some() {
            Place::Callers
        } else {
            Place::Own(&toolbox.line)
        },
        caller: Some(Arc::new(calling)),
        origin: &chain.origin,
        depth: chain.depth,
    };
    let mut report = executor.pass(tool.name(), decided).await.report;
    report.receipt.unfit_input = unfit_input;
    toolbox.usage.count(tool.name(), &report.receipt);
    report
}

/// The report of a call whose task ended without one.
pub(crate) fn lost(tool: &Tool) -> Report {
    let message = "the host failed in the call; its log says more".to_owned();
    let allowance = Allowance::begin(tool.grant().limits(), CancellationToken::new());
    Report::silent(allowance.receipt(tool.grant(), Outcome::HostFault { message }))
}

impl Call {
    /// An attempt at the call, with time of its own, which may make as many calls as any other.
    pub(crate) fn attempt(self, allowance: Allowance) -> Self {
        Self {
            chain: self.chain.anew(),
            allowance,
            ..self
        }
    }
}

impl Caller for Calling {
    fn call_name(&self) -> String {
        self.chain.name.to_string()
    }

    fn log(&self, level: Level, message: &str) {
        let message = self.executor.line(message);
        let tool = self.tool.name();
        let depth = self.chain.depth;
        match level {
            Level::ERROR => tracing::error!(tool, depth, "tool says: {message}"),
            Level::WARN => tracing::warn!(tool, depth, "tool says: {message}"),
            Level::INFO => tracing::info!(tool, depth, "tool says: {message}"),
            _ => tracing::debug!(tool, depth, "tool says: {message}"),
        }
    }

    fn progress(&self, progress: Progress) {
        // On one line and without secrets.
        let progress = Progress {
            message: self.executor.line(&progress.message),
            ..progress
        };
        let Progress {
            done,
            total,
            message,
        } = &progress;
        tracing::debug!(
            tool = self.tool.name(),
            depth = self.chain.depth,
            done,
            total,
            "tool progress: {message}"
        );
        if let Some(events) = &self.progress {
            // A caller that is behind misses some: progress is worth nothing later.
            let _ = events.try_send(progress);
        }
    }

    fn call(&self, name: String, input: String, deadline: Instant) -> Answering {
        if let Err(denied) = policy::one_more(&self.chain) {
            return Box::pin(std::future::ready(Err(unanswered(denied))));
        }
        let outer = self.clone();
        let cancel = self.cancel.child_token();
        let stop = cancel.clone().drop_guard();
        // In a task of its own, so that it comes to its end and its receipt also when the outer
        // call is gone.
        let inner =
            tokio::spawn(async move { outer.call_inner(&name, input, deadline, cancel).await });
        Box::pin(async move {
            let answer = inner.await.unwrap_or_else(|error| {
                tracing::error!("a call of another tool failed in the host: {error}");
                let message = "the host failed in the call; its log says more".to_owned();
                Err(unanswered(Outcome::HostFault { message }))
            });
            drop(stop);
            answer
        })
    }
}

impl Calling {
    async fn call_inner(
        self,
        name: &str,
        input: String,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> Result<String, Unanswered> {
        let Some(tool) = self.toolbox.find(name).cloned() else {
            return Err(unanswered(self.deny_unknown(name)));
        };
        let executor = Arc::clone(&self.executor);
        let call = Call {
            toolbox: Arc::clone(&self.toolbox),
            tool: Arc::clone(&tool),
            input: Input::Json(input),
            allowance: Allowance::begin(tool.grant().limits(), cancel).ending_by(deadline),
            chain: self.chain.inner(&tool),
            caller: Some(self),
            progress: None,
        };
        answer(&dispatch(&executor, call).await, &tool)
    }

    /// Refuses a call of a tool that there is not. It has no receipt, for want of a grant, and a
    /// line in the log.
    fn deny_unknown(&self, name: &str) -> Outcome {
        let shown = self.executor.line(
            name.get(..name.floor_char_boundary(MAX_SHOWN_NAME))
                .unwrap_or_default(),
        );
        let reason = if self.tool.grant().may_call(name) {
            format!("there is no tool `{shown}` for it to call")
        } else {
            policy::undeclared(&shown)
        };
        tracing::info!(
            tool = self.tool.name(),
            depth = self.chain.depth,
            "call denied: {reason}"
        );
        Outcome::Denied { reason }
    }
}
