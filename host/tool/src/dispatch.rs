//! The way of a call, from its input to its record, and the calls that it makes on its way.

use std::sync::Arc;
use std::time::Instant;

use cofferdam_call::{Action, Decision, Input, Outcome, Progress, Report, Verdict};
use cofferdam_capability::{Grant, GrantError};
use cofferdam_sandbox::{Allowance, Answering, Caller, MAX_MESSAGES, Place, Unanswered};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Level};

use crate::attempts::Attempts;
use crate::chain::Chain;
use crate::executor::{DecidedCall, Executor};
use crate::input::Checked;
use crate::ledger::Unrecorded;
use crate::permission::{Permission, Permitted};
use crate::policy;
use crate::record::{NESTED, RecordDraft, UNKNOWN, decision};
use crate::span;
use crate::tool::Tool;
use crate::toolbox::Toolbox;
use crate::unanswered::{answer, unanswered};

/// The most often that a call can tell how far it has come: a queue of this length loses nothing.
pub const MAX_PROGRESS: usize = MAX_MESSAGES as usize;

/// A call whose tool was found. Its time runs already.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) toolbox: Arc<Toolbox>,
    pub(crate) tool: Arc<Tool>,
    /// The grant that it runs under: that of the tool, or what a caller passes on of it.
    pub(crate) grant: Arc<Grant>,
    pub(crate) input: Input,
    pub(crate) allowance: Allowance,
    pub(crate) chain: Chain,
    /// The tool that makes the call, which gives it its place; nobody for a call from outside.
    pub(crate) caller: Option<Calling>,
    /// The approval that it brings.
    pub(crate) approval: Option<String>,
    /// Hears how far the call has come.
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
}

/// One call, as the calls see it that it makes.
#[derive(Clone)]
pub(crate) struct Calling {
    executor: Arc<Executor>,
    toolbox: Arc<Toolbox>,
    tool: Arc<Tool>,
    grant: Arc<Grant>,
    chain: Chain,
    progress: Option<mpsc::Sender<Progress>>,
    cancel: CancellationToken,
}

/// Takes a call all the way, in each of its attempts.
pub(crate) async fn attempted(executor: &Arc<Executor>, call: Call, attempts: &Attempts) -> Report {
    let whole = call.allowance.clone();
    let attempt = |call: Call, allowance| {
        let executor = Arc::clone(executor);
        // Behind a pointer, so that the future of all attempts does not hold that of one.
        async move { Box::pin(dispatch(&executor, call.attempt(allowance))).await }
    };
    attempts.run(call, &whole, attempt).await
}

/// Takes a call all the way, and counts it. There is a report with a receipt whatever happens.
async fn dispatch(executor: &Arc<Executor>, call: Call) -> Report {
    let tool = Arc::clone(&call.tool);
    let report = take(executor, call).await;
    executor.totals.count(tool.name(), &report.receipt);
    report
}

/// The way of a call: may its caller make it, does the input fit, permit, sandbox, secrets taken
/// out, record.
async fn take(executor: &Arc<Executor>, call: Call) -> Report {
    let Call {
        toolbox,
        tool,
        grant,
        input,
        allowance,
        chain,
        caller,
        approval,
        progress,
    } = call;
    let may_call = match &caller {
        Some(caller) => policy::may_call(&caller.tool, &caller.chain, &tool),
        None => Ok(()),
    };
    let is_allowed = may_call.is_ok();
    let refused = may_call.as_ref().err();
    let refused = refused.map(|_| Decision::of(Verdict::Deny, NESTED));
    let Checked {
        invocation,
        arguments,
    } = match may_call {
        Ok(()) => executor.checks.check(input, &tool, &allowance).await,
        Err(denied) => Checked::unread(denied),
    };
    let unfit_input = is_allowed && matches!(invocation, Err(Outcome::Denied { .. }));
    let unasked = refused.unwrap_or_else(|| decision(&invocation));
    let Permitted { permit, decision } = match invocation {
        Ok(invocation) => {
            let permission = Permission {
                executor,
                toolbox: &toolbox,
                tool: &tool,
                grant: &grant,
                chain: &chain,
                caller: caller.as_ref().map(|caller| &*caller.tool),
                approval: approval.as_deref(),
            };
            permission.ask(invocation, &allowance).await
        }
        Err(refused) => Permitted {
            permit: Err(refused),
            decision: unasked,
        },
    };
    let draft = RecordDraft {
        origin: &chain.origin,
        caller: caller.as_ref().map(|caller| caller.tool.name()),
        depth: chain.depth,
        action: Action::Call,
        arguments,
        decision,
    };
    let calling = Calling {
        executor: Arc::clone(executor),
        toolbox: Arc::clone(&toolbox),
        tool: Arc::clone(&tool),
        grant: Arc::clone(&grant),
        chain: chain.clone(),
        progress,
        cancel: allowance.cancel().clone(),
    };
    let decided = DecidedCall {
        permit,
        grant: &grant,
        caller_grant: caller.as_ref().map(|caller| caller.grant.digest()),
        allowance: &allowance,
        place: if caller.is_some() {
            Place::Callers
        } else {
            Place::Own(&toolbox.line)
        },
        caller: Some(Arc::new(calling)),
        draft,
    };
    let mut report = executor.pass(tool.name(), decided).await.report;
    report.receipt.unfit_input = unfit_input;
    toolbox.usage.count(tool.name(), &report.receipt);
    report
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
        let inner = async move { outer.call_inner(&name, input, deadline, cancel).await };
        let inner = tokio::spawn(inner.in_current_span());
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
            return Err(unanswered(self.deny_unknown(name).await));
        };
        let executor = Arc::clone(&self.executor);
        let chain = self.chain.inner(&self.tool, &tool);
        let grant = if chain.bounds.is_empty() {
            tool.shared_grant()
        } else {
            let passed_on = tool.grant().passed_on(&chain.bounds);
            match passed_on {
                Ok(passed_on) => Arc::new(passed_on),
                Err(error) => return Err(unanswered(self.deny_passed(&tool, &error).await)),
            }
        };
        let span = span::begin(&tool, &chain);
        let call = Call {
            toolbox: Arc::clone(&self.toolbox),
            tool: Arc::clone(&tool),
            input: Input::Json(input),
            allowance: Allowance::begin(grant.limits(), cancel).ending_by(deadline),
            grant,
            chain,
            caller: Some(self),
            approval: None,
            progress: None,
        };
        let report = span::around(span, dispatch(&executor, call)).await;
        answer(&report, &tool)
    }

    /// Refuses a call to which its callers pass on what is not there.
    async fn deny_passed(&self, tool: &Tool, error: &GrantError) -> Outcome {
        let reason = format!(
            "`{}` cannot be called with what its callers pass on: {error}",
            tool.name()
        );
        self.deny(tool.name(), self.executor.line(&reason), NESTED)
            .await
    }

    /// Refuses a call of a tool that there is not. It has no receipt, for want of a grant, and a
    /// line in the log and the record.
    async fn deny_unknown(&self, name: &str) -> Outcome {
        let shown = self.executor.shown_name(name);
        let (reason, policy) = if self.tool.grant().may_call(name) {
            let reason = format!("there is no tool `{shown}` for it to call");
            (reason, UNKNOWN)
        } else {
            (policy::undeclared(&shown), NESTED)
        };
        self.deny(&shown, reason, policy).await
    }

    /// Refuses a call for want of a grant. It has no receipt, and a line in the log and the record.
    async fn deny(&self, shown: &str, reason: String, policy: &str) -> Outcome {
        tracing::info!(
            tool = self.tool.name(),
            depth = self.chain.depth,
            "call denied: {reason}"
        );
        let denied = Outcome::Denied { reason };
        let draft = RecordDraft {
            caller: Some(self.tool.name()),
            depth: self.chain.depth.saturating_add(1),
            ..RecordDraft::refused(&self.chain.origin, policy)
        };
        let recorded = self.executor.record(draft.without_grant(shown, &denied));
        match recorded.await {
            Ok(()) => denied,
            Err(Unrecorded(message)) => Outcome::HostFault { message },
        }
    }
}
