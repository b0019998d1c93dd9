//! Calls that wait for a person.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use cofferdam_call::ApprovalAnswer;
use cofferdam_store::{
    ApprovalScope, ApprovalState, ApprovalTable, CallPlace, Decision, NewApproval, StoreError,
    StoredApproval,
};
use cofferdam_tool::{
    ApprovalError, ApprovalQuestion, Approver, Approving, Binding, Ledger, Unrecorded,
};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// Seconds until a question expires (10 minutes): a person who is there answers sooner, and who is
/// not should find no stack of old ones.
const EXPIRES: i64 = 600;

/// Seconds for which an approval of a session holds: a working day.
const SESSION: i64 = 8 * 3_600;

/// Questions that a list has at most.
const MAX_LISTED: i64 = 1_000;

/// The shortest beginning of an id that stands for it.
const MIN_PREFIX: usize = 4;

/// The longest reason of a decision, in bytes.
const MAX_REASON: usize = 4 << 10;

/// The questions of all agents of a host. Clones are the same questions.
#[derive(Debug, Clone)]
pub struct Approvals {
    table: ApprovalTable,
    /// Keeps every answer.
    ledger: Option<Arc<dyn Ledger>>,
    /// Held while an answer is given, so that of two answers one alone is in the trail.
    deciding: Arc<Mutex<()>>,
    /// Sent when a question was asked or decided.
    changed: watch::Sender<()>,
    /// Cancelled when the host ends: turns that wait go on with the next one.
    ending: CancellationToken,
}

/// The answer of a person, or that there will be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answered {
    /// The call may happen, with these arguments in canonical JSON.
    Approved {
        /// The arguments that were approved.
        arguments: String,
    },
    /// It may not, for this reason.
    Refused(String),
}

/// The reason why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalRefused {
    /// There is no such question.
    #[error("there is no question `{0}`: `cofferdam approvals ls` lists them")]
    Unknown(String),
    /// Several begin so.
    #[error("several questions begin with `{0}`: give more of the id")]
    Ambiguous(String),
    /// It waits no more.
    #[error("the question `{id}` does not wait any more: it is {state}")]
    Decided {
        /// The question.
        id: String,
        /// The state of it.
        state: &'static str,
    },
    /// It was shown something else.
    #[error("the question `{0}` is not the one that was shown: look at it again")]
    NotShown(String),
    /// A call outside of a session cannot be approved for one.
    #[error("the call of question `{0}` belongs to no session: approve it once")]
    NoSession(String),
    /// The reason is too long.
    #[error("the reason has {size} bytes: expected at most {MAX_REASON}")]
    Reason {
        /// The size of it.
        size: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The audit trail failed.
    #[error("the answer is not in the audit trail, so it does not hold: {0}")]
    Unrecorded(#[from] Unrecorded),
}

/// A person's decision.
#[derive(Debug, Clone)]
pub struct ApprovalDecision {
    /// The question.
    pub id: String,
    /// Approved or denied.
    pub approved: bool,
    /// The calls that an approval holds for.
    pub scope: ApprovalScope,
    /// The one who decides.
    pub by: String,
    /// The reason; may be empty.
    pub reason: String,
    /// The digest of the arguments that were shown; empty where the person was shown the newest.
    pub shown: String,
}

impl Approvals {
    pub(crate) fn new(table: ApprovalTable, ledger: Option<Arc<dyn Ledger>>) -> Self {
        Self {
            table,
            ledger,
            deciding: Arc::default(),
            changed: watch::Sender::new(()),
            ending: CancellationToken::new(),
        }
    }

    /// Waits for nobody any more, because the host ends. The questions stay.
    pub fn suspend(&self) {
        self.ending.cancel();
    }

    /// The end of the host, for those that wait.
    pub(crate) fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    /// Tells whenever a question was asked or decided.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The questions of one agent or of all, the newest first; those alone that wait, if `waiting`.
    pub async fn list(
        &self,
        agent: Option<&str>,
        waiting: bool,
    ) -> Result<Vec<StoredApproval>, StoreError> {
        self.table.list(agent, waiting, MAX_LISTED).await
    }

    /// One question, by its id or a unique beginning of it.
    pub async fn get(&self, id: &str) -> Result<StoredApproval, ApprovalRefused> {
        let unknown = || ApprovalRefused::Unknown(id.to_owned());
        if let Some(found) = self.table.get(id).await? {
            return Ok(found);
        }
        if id.len() < MIN_PREFIX {
            return Err(unknown());
        }
        let mut found = self.table.beginning(id).await?.into_iter();
        match (found.next(), found.next()) {
            (Some(found), None) => Ok(found),
            (Some(_), Some(_)) => Err(ApprovalRefused::Ambiguous(id.to_owned())),
            (None, _) => Err(unknown()),
        }
    }

    /// Decides about a question, once and for all; a denial takes back an approval as well that
    /// still holds.
    ///
    /// The trail has the answer before it holds. Where the host ends or the database fails between
    /// the two, the question waits on, and no call runs by an answer that the trail does not have.
    pub async fn decide(
        &self,
        decision: ApprovalDecision,
    ) -> Result<StoredApproval, ApprovalRefused> {
        let ApprovalDecision {
            id,
            approved,
            scope,
            by,
            reason,
            shown,
        } = decision;
        if reason.len() > MAX_REASON {
            return Err(ApprovalRefused::Reason { size: reason.len() });
        }
        let _deciding = self.deciding.lock().await;
        let before = self.get(&id).await?;
        let id = before.asked.id.clone();
        if !shown.is_empty() && shown != before.asked.arguments_digest {
            return Err(ApprovalRefused::NotShown(id));
        }
        if scope == ApprovalScope::Session && before.asked.session.is_empty() {
            return Err(ApprovalRefused::NoSession(id));
        }
        let stored = Decision {
            approved,
            scope,
            by: &by,
            reason: &reason,
            seconds: SESSION,
        };
        let decided = |state: ApprovalState| ApprovalRefused::Decided {
            id: id.clone(),
            state: state.as_str(),
        };
        match before.state {
            ApprovalState::Pending => {}
            ApprovalState::Approved if !approved => {}
            state => return Err(decided(state)),
        }
        if let Some(ledger) = &self.ledger {
            ledger.answer(recorded(&before, stored)).await?;
        }
        let done = self.table.decide(&id, stored).await?;
        let now = self.get(&id).await?;
        if !done {
            return Err(decided(now.state));
        }
        self.changed.send_replace(());
        Ok(now)
    }

    /// The approver for the calls of one agent.
    pub(crate) fn of_agent(&self, agent: &str) -> Arc<dyn Approver> {
        Arc::new(AgentApprover {
            approvals: self.clone(),
            agent: agent.to_owned(),
        })
    }

    /// Remembers which call of an answer waits for a question.
    pub(crate) async fn attach(
        &self,
        id: &str,
        message: i64,
        branch: i64,
        place: CallPlace,
    ) -> Result<(), StoreError> {
        self.table.attach(id, message, branch, place).await
    }

    /// Takes back a question that nobody waits for any more.
    pub(crate) async fn withdraw(&self, id: &str) {
        match self.table.withdraw(id).await {
            Ok(()) => {
                self.changed.send_replace(());
            }
            // It expires.
            Err(error) => tracing::warn!("a question is not taken back: {error}"),
        }
    }

    /// Waits until a question is decided, or expires.
    pub(crate) async fn answer(&self, id: &str) -> Result<Answered, StoreError> {
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            let Some(found) = self.table.get(id).await? else {
                return Ok(Answered::Refused("the question is gone".to_owned()));
            };
            let left = match found.state {
                ApprovalState::Pending => found.seconds_left(),
                ApprovalState::Approved => {
                    return Ok(Answered::Approved {
                        arguments: found.asked.arguments,
                    });
                }
                state => return Ok(Answered::Refused(refusal(&found, state))),
            };
            tokio::select! {
                // The sender is this one, so there is always another change or none.
                _ = changes.changed() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }
}

/// The line of the audit trail for an answer to a question.
fn recorded(question: &StoredApproval, decision: Decision<'_>) -> ApprovalAnswer {
    let asked = &question.asked;
    let scope = match question.state {
        // It is taken back as it was given.
        ApprovalState::Approved => question.scope,
        _ => decision.scope,
    };
    let answer = ApprovalAnswer {
        by: decision.by.to_owned(),
        approval: asked.id.clone(),
        approved: decision.approved,
        session_wide: scope == ApprovalScope::Session,
        caller: asked.principal.clone(),
        agent_id: asked.agent_id.clone(),
        session: (!asked.session.is_empty()).then(|| asked.session.clone()),
        tool: asked.tool.clone(),
        component: asked.component.clone(),
        grant: asked.grant.clone(),
        arguments: asked.arguments_digest.clone(),
        reason: None,
        reason_digest: None,
    };
    answer.because(decision.reason)
}

/// The words for a model whose call was not approved.
fn refusal(found: &StoredApproval, state: ApprovalState) -> String {
    let reason = match found.decision_reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    match state {
        ApprovalState::Denied => {
            format!("{} did not approve this call{reason}", found.decided_by)
        }
        ApprovalState::Expired => "nobody approved this call in time".to_owned(),
        ApprovalState::Used => "the approval was used already".to_owned(),
        _ => "the question was taken back".to_owned(),
    }
}

/// Asks about the calls of one agent.
#[derive(Debug)]
struct AgentApprover {
    approvals: Approvals,
    agent: String,
}

impl AgentApprover {
    fn question(&self, binding: &Binding) -> NewApproval {
        let Binding {
            component,
            tool,
            caller,
            arguments,
            grant,
            principal,
            session,
        } = binding;
        NewApproval {
            id: String::new(),
            agent_id: self.agent.clone(),
            session: session.clone(),
            principal: principal.clone(),
            tool: tool.clone(),
            caller: caller.clone(),
            component: component.to_string(),
            grant: grant.to_string(),
            arguments_digest: arguments.to_string(),
            arguments: String::new(),
            shown: String::new(),
            effect: String::new(),
            policies: Vec::new(),
            reason: String::new(),
            seconds: EXPIRES,
        }
    }

    async fn use_up(&self, id: &str, binding: &Binding) -> Result<(), ApprovalError> {
        let refused = |reason: String| Err(ApprovalError::Refused(reason));
        let found = self.approvals.table.get(id).await.map_err(failed)?;
        let Some(found) = found.filter(|found| found.asked.agent_id == self.agent) else {
            return refused(format!("there is no approval `{id}`"));
        };
        let asked = self.question(binding);
        if let Some(other) = difference(&found, &asked) {
            return refused(format!("the approval `{id}` is for another {other}"));
        }
        let used = self.approvals.table.redeem(id).await.map_err(failed)?;
        if used {
            self.approvals.changed.send_replace(());
            return Ok(());
        }
        let state = self.approvals.table.get(id).await.map_err(failed)?;
        if state.as_ref().map(|found| found.state) == Some(ApprovalState::Pending) {
            return Err(ApprovalError::Pending(id.to_owned()));
        }
        let state = state.map_or("gone", |found| found.state.as_str());
        refused(format!("the approval `{id}` is {state}"))
    }
}

/// The first thing in which a call differs from the one that was approved. One that was approved
/// for its session may have other arguments.
fn difference(approved: &StoredApproval, call: &NewApproval) -> Option<&'static str> {
    let asked = &approved.asked;
    let same_arguments =
        approved.scope == ApprovalScope::Session || asked.arguments_digest == call.arguments_digest;
    [
        ("tool", asked.tool == call.tool),
        ("calling tool", asked.caller == call.caller),
        ("version of the tool", asked.component == call.component),
        ("grant", asked.grant == call.grant),
        ("input", same_arguments),
        ("caller", asked.principal == call.principal),
        ("session", asked.session == call.session),
    ]
    .into_iter()
    .find_map(|(what, same)| (!same).then_some(what))
}

impl Approver for AgentApprover {
    fn redeem<'a>(&'a self, approval: &'a str, binding: &'a Binding) -> Approving<'a, ()> {
        Box::pin(self.use_up(approval, binding))
    }

    fn standing<'a>(&'a self, binding: &'a Binding) -> Approving<'a, Option<String>> {
        Box::pin(async move {
            let like = self.question(binding);
            self.approvals.table.standing(&like).await.map_err(failed)
        })
    }

    fn ask(&self, question: ApprovalQuestion) -> Approving<'_, String> {
        Box::pin(async move {
            let ApprovalQuestion {
                binding,
                arguments,
                shown,
                effect,
                policies,
                reason,
            } = question;
            let id = uuid::Uuid::new_v4().to_string();
            let asked = NewApproval {
                id: id.clone(),
                arguments,
                shown,
                effect: effect.as_str().to_owned(),
                policies,
                reason,
                ..self.question(&binding)
            };
            if !self.approvals.table.ask(&asked).await.map_err(failed)? {
                return Err(ApprovalError::Refused(
                    "as many calls of this caller, or of this agent, wait for an approval as may: \
                     decide about those first"
                        .to_owned(),
                ));
            }
            self.approvals.changed.send_replace(());
            Ok(id)
        })
    }
}

fn failed(error: StoreError) -> ApprovalError {
    ApprovalError::Failed(error.to_string())
}
