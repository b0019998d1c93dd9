//! The one door to a tool.

use std::sync::Arc;
use std::time::Instant;

use cofferdam_sandbox::{Engine, Place, compile_worker as sandbox_compile_worker};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::backend;
use crate::caller::{Calling, Chain, Progress};
use crate::catalog::Catalog;
use crate::input::Input;
use crate::origin::Origin;
use crate::permit::Permit;
use crate::policy;
use crate::redact::Redactor;
use crate::report::Report;
use crate::runner::Runner;
use crate::secret::Secrets;
use crate::tool::Tool;

/// How much of a reason the log keeps, in bytes: a sentence. A guest can make it as long as its output.
const MAX_REASON: usize = 256;

/// What every call goes through, whoever makes it: a person, a model or another tool.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) secrets: Secrets,
    pub(crate) redactor: Redactor,
}

/// How a call came to the door.
pub(crate) struct Way {
    pub(crate) chain: Chain,
    /// The deadline of the call that made it, in whose place it runs.
    pub(crate) callers: Option<Instant>,
    /// Who wants to know how far it has come.
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
}

impl Runner {
    /// Calls a tool: input checked, policy asked, run in the sandbox. There is a report with a receipt whatever happens.
    pub async fn call(&self, tool: &Tool, input: Input, origin: &Origin, cancel: &CancellationToken) -> Report {
        let way = Way { chain: Chain::of(tool, origin), callers: None, progress: None };
        self.door.call(tool, policy::permit(tool, input), way, cancel).await
    }

    /// The same, and tells `progress` how far the call has come. What does not fit into it is lost, and does not keep the
    /// tool waiting.
    pub async fn call_with_progress(
        &self,
        tool: &Tool,
        input: Input,
        origin: &Origin,
        progress: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> Report {
        let way = Way { chain: Chain::of(tool, origin), callers: None, progress: Some(progress) };
        self.door.call(tool, policy::permit(tool, input), way, cancel).await
    }

    /// Calls the tool that a model names, with the arguments it wrote, and answers in words for the model.
    pub async fn answer(
        &self,
        catalog: &Catalog,
        name: &str,
        arguments: Value,
        origin: &Origin,
        cancel: &CancellationToken,
    ) -> Answer {
        match catalog.get(name) {
            Some(tool) => Answer::of(&self.call(tool, Input::Json(arguments), origin, cancel).await, tool),
            None => Answer::unknown(name, catalog),
        }
    }

    /// The same, and tells `progress` how far the call has come.
    pub async fn answer_with_progress(
        &self,
        catalog: &Catalog,
        name: &str,
        arguments: Value,
        origin: &Origin,
        progress: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> Answer {
        match catalog.get(name) {
            Some(tool) => {
                let report = self.call_with_progress(tool, Input::Json(arguments), origin, progress, cancel).await;
                Answer::of(&report, tool)
            }
            None => Answer::unknown(name, catalog),
        }
    }
}

impl Door {
    /// Runs what was permitted, or refuses with the reason.
    pub(crate) async fn call(
        self: &Arc<Self>,
        tool: &Tool,
        permit: Result<Permit<'_>, String>,
        way: Way,
        cancel: &CancellationToken,
    ) -> Report {
        let Way { chain, callers, progress } = way;
        let (depth, origin) = (chain.depth, chain.origin.clone());
        let mut report = match permit {
            Ok(permit) => {
                let place = callers.map_or(Place::Own(&tool.queue.places), |deadline| Place::Callers { deadline });
                let (door, cancelled) = (Arc::clone(self), cancel.clone());
                let calling = Calling { door, tool: tool.clone(), chain, progress, cancel: cancelled };
                backend::wasm::call(self, permit, place, calling, cancel).await
            }
            Err(reason) => cofferdam_sandbox::Report::refused(tool.grant(), reason),
        };
        // Before anything is told to anybody, the log included.
        self.redactor.report(&mut report);
        let report = Report::from(report);
        let receipt = &report.receipt;
        let reason = self.line(&receipt.outcome.reason());
        tracing::info!(
            tool = tool.name(),
            agent = origin.agent_name(),
            session = origin.session_id(),
            component = %receipt.component,
            outcome = receipt.outcome.name(),
            reason = reason.get(..reason.floor_char_boundary(MAX_REASON)).unwrap_or_default(),
            fuel = receipt.fuel,
            peak_memory = receipt.peak_memory,
            wall_us = receipt.wall_us,
            depth,
            "tool call"
        );
        report
    }

    /// What a guest says as one line that can be shown: without secrets, line breaks and anything that moves a cursor.
    pub(crate) fn line(&self, said: &str) -> String {
        self.redactor.line(said)
    }
}

/// What the `cofferdam` binary does when the engine starts it as a compiler.
pub fn compile_worker() -> Result<(), String> {
    sandbox_compile_worker()
}
