//! The tool calls of one step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_call::{Input, Outcome};
use cofferdam_store::CallPlace;
use cofferdam_tool::{Answer, AttemptWishes, Origin, Request as ToolRequest};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::logs;
use crate::outputs;
use crate::turn_limits::Exhausted;

/// A call that is stored and about to run.
pub(super) struct Begun {
    pub(super) id: String,
    pub(super) tool: String,
    /// The input that the tool gets, as JSON.
    pub(super) input: String,
    pub(super) place: CallPlace,
    /// The bound of the turn that leaves no room for it.
    pub(super) refused: Option<Exhausted>,
}

/// A call that is over.
pub(super) struct Ended {
    pub(super) begun: Begun,
    /// The answer as the model reads it.
    pub(super) content: String,
    pub(super) failed: bool,
    pub(super) duration: Duration,
    /// Resources that it used, as JSON; empty if nothing ran.
    pub(super) receipt: String,
    pub(super) fuel: u64,
    /// The file in which all of the answer is, where the content was cut.
    pub(super) file: String,
}

/// The part of a turn that its calls need while several of them run.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) agent: &'a Agent,
    pub(super) session: &'a str,
    pub(super) cancel: &'a CancellationToken,
    pub(super) deadline: tokio::time::Instant,
}

impl Caller<'_> {
    /// Runs a call to its end, or to that of the turn.
    pub(super) async fn run(self, begun: Begun) -> Ended {
        let Self {
            agent,
            session,
            cancel,
            deadline,
        } = self;
        if let Some(Exhausted { detail, .. }) = &begun.refused {
            return Ended {
                content: format!("not called: {detail}. Answer with what you have."),
                begun,
                failed: true,
                duration: Duration::ZERO,
                receipt: String::new(),
                fuel: 0,
                file: String::new(),
            };
        }
        let started = Instant::now();
        let stop = cancel.child_token();
        let request = ToolRequest {
            toolbox: Arc::clone(&agent.toolbox),
            tool: begun.tool.clone(),
            input: Input::Json(begun.input.clone()),
            attempts: AttemptWishes::default(),
            origin: Origin::session(&agent.name, session),
            progress: None,
            cancel: stop.clone(),
        };
        let mut answered = std::pin::pin!(agent.answer(request));
        let (mut answer, is_late) = tokio::select! {
            biased;
            answer = &mut answered => (answer, false),
            () = tokio::time::sleep_until(deadline) => {
                stop.cancel();
                (answered.await, true)
            }
        };
        let duration = started.elapsed();
        logs::called(&agent.log, Some(session), &begun.tool, &answer, duration);
        if is_late && is_cancelled(&answer) {
            answer.content = "execution error: the time of the turn was over".to_owned();
        }
        let Answer {
            content,
            failed,
            receipt,
            ..
        } = answer;
        let fuel = receipt.as_ref().map_or(0, |receipt| receipt.fuel);
        // A receipt always serializes.
        let receipt = receipt.as_ref().map(serde_json::to_string);
        let (content, file) = readable(agent, &begun.id, content).await;
        Ended {
            begun,
            content,
            failed,
            duration,
            receipt: receipt.and_then(Result::ok).unwrap_or_default(),
            fuel,
            file,
        }
    }
}

fn is_cancelled(answer: &Answer) -> bool {
    let outcome = answer.receipt.as_ref().map(|receipt| &receipt.outcome);
    matches!(outcome, Some(Outcome::Cancelled))
}

/// The answer as a model reads it, and the file in which all of it is if it was cut.
async fn readable(agent: &Agent, call: &str, content: String) -> (String, String) {
    if !outputs::is_cut(&content) {
        return (outputs::plain(&content), String::new());
    }
    let workspace = agent.workspace.clone();
    let room = Arc::clone(agent.files.room());
    let call = call.to_owned();
    // It is the guest's text, and a disk may be slow.
    let kept = tokio::task::spawn_blocking(move || {
        let content = outputs::plain(&content);
        if !outputs::is_cut(&content) {
            return (content, Ok(String::new()));
        }
        // What a guest removes meanwhile is counted again after.
        let _call = room.begin_call();
        let kept = outputs::keep(workspace.root(), &room, &call, &content);
        let file = kept.as_ref().ok().cloned();
        (outputs::cut(&content, file.as_deref()), kept)
    });
    match kept.await {
        Ok((content, Ok(file))) => (content, file),
        Ok((content, Err(error))) => {
            tracing::warn!(
                agent = agent.name,
                "a long answer of a tool was not kept: {error}"
            );
            (content, String::new())
        }
        Err(_) => ("(the answer could not be read)".to_owned(), String::new()),
    }
}

/// Milliseconds as clients show them: a call that took less than one still took time.
pub(super) fn at_least_a_millisecond(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(i64::MAX)
        .max(1)
}
