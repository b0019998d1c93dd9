//! Asking a component which tools it has, where it does not say that in a section.

use std::sync::Arc;

use cofferdam_call::{Action, Decision, Outcome, Receipt, Verdict};
use cofferdam_capability::Grant;
use cofferdam_sandbox::{Allowance, Called, Component, Line, Place};
use tokio_util::sync::CancellationToken;

use crate::descriptors::Descriptors;
use crate::error::ToolError;
use crate::executor::{DecidedCall, Executor};
use crate::origin::Origin;
use crate::policy;
use crate::record::{LISTING, RecordDraft};

/// Runs a component to list its tools, on the threads of guests. It goes the same way as a call,
/// with a permit, a receipt and a line in the log, but for nobody and under a grant that gives
/// nothing.
pub(crate) async fn list(
    executor: &Arc<Executor>,
    component: &Arc<Component>,
    grant: Grant,
    line: &Arc<Line>,
) -> Result<Descriptors, ToolError> {
    let tool = grant.tool().to_owned();
    let wrong = |problem: String| ToolError::List {
        tool: tool.clone(),
        problem,
    };
    let on_threads = Arc::clone(executor);
    let component = Arc::clone(component);
    let line = Arc::clone(line);
    let work = async move { ask(&on_threads, &component, &grant, &line).await };
    let listed = executor.threads.run(work).await;
    let listed = listed
        .ok_or_else(|| wrong("the host failed while it was asked; its log says more".to_owned()))?;
    match listed.report.receipt.outcome {
        Outcome::Ok => Descriptors::listed(listed.tools).map_err(|error| wrong(error.to_string())),
        outcome => Err(wrong(outcome.to_string())),
    }
}

async fn ask(executor: &Executor, component: &Component, grant: &Grant, line: &Line) -> Called {
    let allowance = Allowance::begin(grant.limits(), CancellationToken::new());
    let permit = policy::permit_listing(component, grant);
    let verdict = match permit {
        Ok(_) => Verdict::Allow,
        Err(_) => Verdict::Deny,
    };
    let draft = RecordDraft {
        origin: &Origin::default(),
        caller: None,
        depth: 0,
        action: Action::List,
        arguments: None,
        decision: Decision::of(verdict, LISTING),
    };
    let decided = DecidedCall {
        permit,
        grant,
        caller_grant: None,
        allowance: &allowance,
        place: Place::Own(line),
        caller: None,
        draft,
    };
    let called = executor.pass(grant.tool(), decided).await;
    let Receipt {
        component, outcome, ..
    } = &called.report.receipt;
    tracing::info!(
        target: "cofferdam::listing",
        tool = grant.tool(),
        %component,
        outcome = outcome.name().as_str(),
        "asked for its tools, because it does not carry `cofferdam:descriptors`"
    );
    called
}
