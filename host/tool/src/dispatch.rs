//! The one door to a tool.

use std::sync::Arc;

use cofferdam_call::{Input, Outcome, Progress, Receipt, Report};
use cofferdam_capability::{Grant, PagemapScan};
use cofferdam_sandbox::{
    Allowance, Called, Component, Engine, GuestThreads, Line, Place, compile_worker as sandbox_compile_worker,
    scans_now as sandbox_scans_now,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::backend;
use crate::caller::{Calling, Chain};
use crate::catalog::Catalog;
use crate::origin::Origin;
use crate::permit::Permit;
use crate::policy;
use crate::redact::Redactor;
use crate::runner::Runner;
use crate::secret::Secrets;
use crate::tool::Tool;

/// How much of a reason the log keeps, in bytes: a sentence. A guest can make it as long as its output.
const MAX_REASON: usize = 256;

/// What every call goes through, whoever makes it: a person, a model or another tool.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    /// Where all work for guests is done.
    pub(crate) threads: GuestThreads,
    pub(crate) secrets: Secrets,
    pub(crate) redactor: Redactor,
}

/// How a call came to the door.
pub(crate) struct Way {
    pub(crate) chain: Chain,
    /// Its time, and the memory that the host holds for it.
    pub(crate) allowance: Allowance,
    /// True if it runs in the place of the call that made it.
    pub(crate) is_nested: bool,
    /// Who wants to know how far it has come.
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
}

impl Runner {
    /// Calls a tool: input checked, policy asked, run in the sandbox. There is a report with a receipt whatever happens.
    /// A call that nobody waits for any more is stopped.
    pub async fn call(&self, tool: &Tool, input: Input, origin: &Origin, cancel: &CancellationToken) -> Report {
        let (origin, cancel) = (origin.clone(), cancel.clone());
        let asked = Asked { tool: tool.clone(), input, origin, progress: None, cancel };
        self.door.run(asked, |report, _| report).await.unwrap_or_else(|| lost(tool))
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
        let (origin, cancel) = (origin.clone(), cancel.clone());
        let asked = Asked { tool: tool.clone(), input, origin, progress: Some(progress), cancel };
        self.door.run(asked, |report, _| report).await.unwrap_or_else(|| lost(tool))
    }

    /// Calls the tool that a model names, with the arguments it wrote, and answers in words for the model.
    pub async fn answer(
        &self,
        catalog: &Catalog,
        name: &str,
        arguments: String,
        origin: &Origin,
        cancel: &CancellationToken,
    ) -> Answer {
        self.answered(catalog, name, arguments, origin, None, cancel).await
    }

    /// The same, and tells `progress` how far the call has come.
    pub async fn answer_with_progress(
        &self,
        catalog: &Catalog,
        name: &str,
        arguments: String,
        origin: &Origin,
        progress: mpsc::Sender<Progress>,
        cancel: &CancellationToken,
    ) -> Answer {
        self.answered(catalog, name, arguments, origin, Some(progress), cancel).await
    }

    async fn answered(
        &self,
        catalog: &Catalog,
        name: &str,
        arguments: String,
        origin: &Origin,
        progress: Option<mpsc::Sender<Progress>>,
        cancel: &CancellationToken,
    ) -> Answer {
        let Some(tool) = catalog.get(name) else { return Answer::unknown(name, catalog) };
        let (input, origin, cancel) = (Input::Json(arguments), origin.clone(), cancel.clone());
        let asked = Asked { tool: tool.clone(), input, origin, progress, cancel };
        let answer = self.door.run(asked, |report, tool| Answer::of(&report, tool)).await;
        answer.unwrap_or_else(|| Answer::of(&lost(tool), tool))
    }
}

/// A call that was asked for, and is nowhere yet.
struct Asked {
    tool: Tool,
    input: Input,
    /// For whom it is made.
    origin: Origin,
    progress: Option<mpsc::Sender<Progress>>,
    cancel: CancellationToken,
}

/// The report of a call whose task ended without one.
fn lost(tool: &Tool) -> Report {
    let message = "the host failed in the call; its log says more".to_owned();
    let allowance = Allowance::begin(tool.grant().limits(), CancellationToken::new());
    Report::silent(allowance.receipt(tool.grant(), Outcome::HostFault { message }))
}

impl Door {
    /// Runs a call on the threads of guests, from the check of its input to what `end` makes of its report.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        asked: Asked,
        end: impl FnOnce(Report, &Tool) -> T + Send + 'static,
    ) -> Option<T> {
        let door = Arc::clone(self);
        // Ends also what does not wait, if nobody waits for this any more.
        let cancel = asked.cancel.child_token();
        let _gone = cancel.clone().drop_guard();
        let allowance = Allowance::begin(asked.tool.grant().limits(), cancel);
        let work = async move {
            let Asked { tool, input, origin, progress, .. } = asked;
            let permit = policy::permit(&tool, input, &allowance);
            let way = Way { chain: Chain::of(&tool, &origin), allowance, is_nested: false, progress };
            let report = door.call(&tool, permit, way).await;
            end(report, &tool)
        };
        self.threads.run(work).await
    }

    /// Runs what was permitted, or refuses with the reason.
    pub(crate) async fn call(self: &Arc<Self>, tool: &Tool, permit: Result<Permit<'_>, Outcome>, way: Way) -> Report {
        let Way { chain, allowance, is_nested, progress } = way;
        let (depth, origin) = (chain.depth, chain.origin.clone());
        let report = match permit {
            Ok(permit) => {
                let place = if is_nested { Place::Callers } else { Place::Own(&tool.queue.places) };
                let (door, cancel) = (Arc::clone(self), allowance.cancel().clone());
                let calling = Calling { door, tool: tool.clone(), chain, progress, cancel };
                backend::wasm::call(self, permit, &allowance, place, Some(Arc::new(calling))).await.report
            }
            Err(outcome) => Report::silent(allowance.receipt(tool.grant(), outcome)),
        };
        // Before anything is told to anybody, the log included.
        let report = self.redactor.redact(report, &allowance).await;
        self.tell(tool.name(), &report.receipt, &origin, depth);
        report
    }

    /// Asks a component that does not say it in a section which tools it has. This is a call like any other, with a
    /// receipt and a line in the log, but for nobody and under a grant that gives nothing.
    pub(crate) async fn list(
        self: &Arc<Self>,
        component: Arc<Component>,
        grant: Arc<Grant>,
        places: Arc<Line>,
    ) -> Option<Called> {
        let door = Arc::clone(self);
        let allowance = Allowance::begin(grant.limits(), CancellationToken::new());
        let work = async move {
            let place = Place::Own(&places);
            let Called { report, tools } = match policy::permit_listing(&component, &grant) {
                Ok(permit) => backend::wasm::call(&door, permit, &allowance, place, None).await,
                Err(outcome) => {
                    let report = Report::silent(allowance.receipt(&grant, outcome));
                    Called { report, tools: Vec::new() }
                }
            };
            let report = door.redactor.redact(report, &allowance).await;
            door.tell(grant.tool(), &report.receipt, &Origin::default(), 0);
            let Receipt { component, outcome, .. } = &report.receipt;
            tracing::info!(
                target: "cofferdam::listing",
                tool = grant.tool(),
                %component,
                outcome = outcome.name().as_str(),
                "asked for its tools, because it does not carry `cofferdam:descriptors`"
            );
            Called { report, tools }
        };
        self.threads.run(work).await
    }

    /// Writes the line of a call into the log.
    fn tell(&self, tool: &str, receipt: &Receipt, origin: &Origin, depth: u64) {
        let reason = self.line(&receipt.outcome.reason());
        tracing::info!(
            tool,
            agent = origin.agent_name(),
            session = origin.session_id(),
            component = %receipt.component,
            outcome = receipt.outcome.name().as_str(),
            reason = reason.get(..reason.floor_char_boundary(MAX_REASON)).unwrap_or_default(),
            fuel = receipt.fuel,
            peak_memory = receipt.peak_memory,
            wall_us = receipt.wall_us,
            depth,
            "tool call"
        );
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

/// Returns true if a host that starts now lets the kernel say which pages a call has written.
pub fn scans_now(choice: PagemapScan) -> bool {
    sandbox_scans_now(choice)
}
