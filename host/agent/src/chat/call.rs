//! The tool calls of one step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_call::{Input, Outcome, Progress, TraceParent};
use cofferdam_store::CallPlace;
use cofferdam_tool::{Answer, AttemptWishes, MAX_PROGRESS, Origin, Request as ToolRequest};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::approvals::Answered as Approval;
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
    /// The question that it waits for, if a turn goes on that waited for one.
    pub(super) question: Option<String>,
}

/// A call that waits for a person.
pub(super) struct Waiting {
    pub(super) id: String,
    pub(super) tool: String,
    pub(super) place: CallPlace,
    pub(super) question: String,
    pub(super) reason: String,
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
    /// Time in which it waited for a person.
    pub(super) waited: Duration,
    /// It waits on: its agent was stopped, or the host ends.
    pub(super) suspended: bool,
}

/// The answer of a tool, and the time for which its call waited for a person.
struct Answered {
    answer: Answer,
    waited: Duration,
    suspended: bool,
}

/// News of a call that runs.
pub(super) struct News {
    pub(super) id: String,
    pub(super) tool: String,
    pub(super) progress: Progress,
}

/// The part of a turn that its calls need while several of them run.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) agent: &'a Agent,
    pub(super) session: &'a str,
    pub(super) trace: Option<TraceParent>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) deadline: tokio::time::Instant,
    /// Hears of calls that wait for a person.
    pub(super) waiting: &'a mpsc::Sender<Waiting>,
    /// Takes the progress of its calls. What does not fit is lost.
    pub(super) news: &'a mpsc::Sender<News>,
}

impl Caller<'_> {
    /// Runs a call to its end, or to that of the turn.
    pub(super) async fn run(self, begun: Begun) -> Ended {
        if let Some(Exhausted { detail, .. }) = &begun.refused {
            return Ended {
                content: format!("not called: {detail}. Answer with what you have."),
                begun,
                failed: true,
                duration: Duration::ZERO,
                receipt: String::new(),
                fuel: 0,
                file: String::new(),
                waited: Duration::ZERO,
                suspended: false,
            };
        }
        let started = Instant::now();
        let Answered {
            answer,
            waited,
            suspended,
        } = self.approved(&begun).await;
        let duration = started.elapsed().saturating_sub(waited);
        let agent = self.agent;
        logs::called(
            &agent.log,
            Some(self.session),
            &begun.tool,
            &answer,
            duration,
        );
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
            waited,
            suspended,
        }
    }

    /// Calls the tool; where a person has to approve the call, once that person has.
    async fn approved(self, begun: &Begun) -> Answered {
        let mut question = begun.question.clone();
        let mut waited = Duration::ZERO;
        if question.is_none() {
            let answer = self.called(begun, begun.input.clone(), None, waited).await;
            let Some(Outcome::ApprovalPending { approval, reason }) = answer.outcome() else {
                return Answered {
                    answer,
                    waited,
                    suspended: false,
                };
            };
            question = Some(approval.clone());
            let waiting = Waiting {
                id: begun.id.clone(),
                tool: begun.tool.clone(),
                place: begun.place,
                question: approval.clone(),
                reason: reason.clone(),
            };
            // Taken by the loop of the turn, which ends after this.
            let _ = self.waiting.send(waiting).await;
        }
        let question = question.unwrap_or_default();
        let since = Instant::now();
        let approvals = &self.agent.approvals;
        let answered = tokio::select! {
            biased;
            () = approvals.ending().cancelled() => None,
            () = self.cancel.cancelled() => None,
            answered = approvals.answer(&question) => Some(answered),
        };
        waited = since.elapsed();
        let refused = |outcome: Outcome, content: String| Answered {
            suspended: matches!(outcome, Outcome::ApprovalPending { .. }),
            answer: Answer::refused(outcome, content),
            waited,
        };
        match answered {
            // The agent was stopped, or the host ends: the question stays.
            None if approvals.ending().is_cancelled() || !self.agent.life.is_open() => {
                let outcome = Outcome::ApprovalPending {
                    approval: question,
                    reason: "a person has to approve the call".to_owned(),
                };
                refused(outcome, "(waits for an approval)".to_owned())
            }
            None => {
                approvals.withdraw(&question).await;
                let content = "execution error: cancelled".to_owned();
                refused(Outcome::Cancelled, content)
            }
            Some(Ok(Approval::Refused(reason))) => {
                let content = format!("execution error: denied: {reason}");
                refused(Outcome::Denied { reason }, content)
            }
            Some(Ok(Approval::Approved { arguments })) => {
                let answer = self.called(begun, arguments, Some(question), waited).await;
                Answered {
                    answer,
                    waited,
                    suspended: false,
                }
            }
            Some(Err(error)) => {
                tracing::error!("an approval cannot be read: {error}");
                let message = "its log says more".to_owned();
                let content = format!("execution error: the host failed in the call; {message}");
                refused(Outcome::HostFault { message }, content)
            }
        }
    }

    /// Calls the tool, to its end or to that of the turn.
    async fn called(
        self,
        begun: &Begun,
        input: String,
        approval: Option<String>,
        waited: Duration,
    ) -> Answer {
        let Self {
            agent,
            session,
            trace,
            news,
            ..
        } = self;
        let stop = self.cancel.child_token();
        let (progress, mut told) = mpsc::channel(MAX_PROGRESS);
        let request = ToolRequest {
            toolbox: Arc::clone(&agent.toolbox),
            tool: begun.tool.clone(),
            input: Input::Json(input),
            attempts: AttemptWishes::default(),
            origin: Origin::session(&agent.name, session).in_trace(trace.map(TraceParent::trace)),
            approval,
            progress: Some(progress),
            cancel: stop.clone(),
        };
        let mut answered = std::pin::pin!(agent.answer(request));
        loop {
            tokio::select! {
                biased;
                Some(mut progress) = told.recv() => {
                    while let Ok(newer) = told.try_recv() {
                        progress = newer;
                    }
                    let _ = news.try_send(News {
                        id: begun.id.clone(),
                        tool: begun.tool.clone(),
                        progress,
                    });
                }
                answer = &mut answered => return answer,
                () = tokio::time::sleep_until(self.deadline + waited) => {
                    stop.cancel();
                    let mut answer = answered.await;
                    if let Some(Outcome::Cancelled) = answer.outcome() {
                        answer.content =
                            "execution error: the time of the turn was over".to_owned();
                    }
                    return answer;
                }
            }
        }
    }
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
