//! The caller's side of a call that runs: its log, its progress, and the calls of other tools that it asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use cofferdam_call::{Input, Outcome, Progress, Report};
use cofferdam_sandbox::{Allowance, Answering, Caller, MAX_MESSAGES, Unanswered};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::dispatch::{Door, Way};
use crate::origin::Origin;
use crate::policy;
use crate::tool::Tool;

/// How much of a name is shown that no tool has, in bytes: as much as the longest name of a tool.
const MAX_SHOWN_NAME: usize = 64;

/// One call, as the calls see it that it makes.
#[derive(Clone)]
pub(crate) struct Calling {
    pub(crate) door: Arc<Door>,
    pub(crate) tool: Tool,
    pub(crate) chain: Chain,
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
    pub(crate) cancel: CancellationToken,
}

/// How often a call can tell how far it has come: a queue of this length loses nothing.
pub const MAX_PROGRESS: usize = MAX_MESSAGES as usize;

/// Where a call stands among those that made one another.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// For whom all of it is done.
    pub(crate) origin: Origin,
    /// How many calls it is inside of.
    pub(crate) depth: u64,
    /// How many more may be made inside one another.
    pub(crate) deeper: u64,
    /// How many more may be made, by all of the chain together.
    more: Arc<AtomicU64>,
}

impl Chain {
    /// The chain of a top-level call.
    pub(crate) fn of(tool: &Tool, origin: &Origin) -> Self {
        let limits = tool.grant().limits();
        let more = Arc::new(AtomicU64::new(limits.nested_calls.0));
        Self { origin: origin.clone(), depth: 0, deeper: limits.nested_depth.0, more }
    }

    /// Counts one call more, if there may be one.
    pub(crate) fn takes_one_more(&self) -> bool {
        let less = |more: u64| more.checked_sub(1);
        self.more.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// That of a call of `tool` made by this one.
    fn inner(&self, tool: &Tool) -> Self {
        let deeper = self.deeper.saturating_sub(1).min(tool.grant().limits().nested_depth.0);
        let origin = self.origin.clone();
        Self { origin, depth: self.depth.saturating_add(1), deeper, more: Arc::clone(&self.more) }
    }
}

impl Caller for Calling {
    fn log(&self, level: Level, message: &str) {
        let message = self.door.line(message);
        let (tool, depth) = (self.tool.name(), self.chain.depth);
        match level {
            Level::ERROR => tracing::error!(tool, depth, "tool says: {message}"),
            Level::WARN => tracing::warn!(tool, depth, "tool says: {message}"),
            Level::INFO => tracing::info!(tool, depth, "tool says: {message}"),
            _ => tracing::debug!(tool, depth, "tool says: {message}"),
        }
    }

    fn progress(&self, progress: Progress) {
        // On one line and without secrets.
        let progress = Progress { message: self.door.line(&progress.message), ..progress };
        let Progress { done, total, message } = &progress;
        tracing::debug!(tool = self.tool.name(), depth = self.chain.depth, done, total, "tool progress: {message}");
        if let Some(events) = &self.progress {
            // A caller that is behind misses some: progress is worth nothing later.
            let _ = events.try_send(progress);
        }
    }

    fn call(&self, name: String, input: String, deadline: Instant) -> Answering {
        if let Err(reason) = policy::one_more(&self.chain) {
            return Box::pin(std::future::ready(Err(unanswered(Outcome::Denied { reason }))));
        }
        let (outer, cancel) = (self.clone(), self.cancel.child_token());
        let stop = cancel.clone().drop_guard();
        // In a task of its own, so that it comes to its end and its receipt also when the outer call is gone.
        let inner = tokio::spawn(async move { outer.call_inner(&name, input, deadline, &cancel).await });
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
        &self,
        name: &str,
        input: String,
        deadline: Instant,
        cancel: &CancellationToken,
    ) -> Result<String, Unanswered> {
        let Some(tool) = self.tool.queue.tool(name) else {
            let shown = self.door.line(name.get(..name.floor_char_boundary(MAX_SHOWN_NAME)).unwrap_or_default());
            let reason = match self.tool.grant().may_call(name) {
                true => format!("there is no tool `{shown}` for it to call"),
                false => policy::undeclared(&shown),
            };
            tracing::info!(tool = self.tool.name(), depth = self.chain.depth, "call denied: {reason}");
            return Err(unanswered(Outcome::Denied { reason }));
        };
        let allowance = Allowance::begin(tool.grant().limits(), cancel.clone()).ending_by(deadline);
        let permit = policy::permit_inner(&self.tool, &self.chain, &tool, Input::Json(input), &allowance);
        let way = Way { chain: self.chain.inner(&tool), allowance, is_nested: true, progress: None };
        let report = self.door.call(&tool, permit, way).await;
        answer(&report, &tool)
    }
}

/// What the calling guest gets: JSON, whatever the shape of the called tool.
fn answer(report: &Report, tool: &Tool) -> Result<String, Unanswered> {
    let (stdout, stderr) = (&report.stdout, &report.stderr);
    match &report.receipt.outcome {
        Outcome::Ok if tool.is_command() => Ok(json!({ "stdout": stdout.text(), "stderr": stderr.text() }).to_string()),
        Outcome::Ok => match stdout.marker() {
            None => Ok(stdout.text()),
            // Half of a JSON text is none.
            Some(marker) => Err(unanswered(Outcome::GuestError { code: 1, message: marker })),
        },
        failed => {
            let mut unanswered = unanswered(failed.clone());
            if !stderr.bytes().is_empty() {
                unanswered.message = format!("{}\n{}", unanswered.message, stderr.text().trim_end());
            }
            Err(unanswered)
        }
    }
}

fn unanswered(outcome: Outcome) -> Unanswered {
    let message = match &outcome {
        Outcome::GuestError { message, .. } | Outcome::Trap { message } | Outcome::HostFault { message }
            if !message.is_empty() =>
        {
            message.clone()
        }
        Outcome::Denied { reason } => reason.clone(),
        other => other.to_string(),
    };
    Unanswered { outcome, message }
}
