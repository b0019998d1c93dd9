//! The steps that every call goes through, whoever makes it: a person, a model or another tool.

use std::sync::Arc;

use cofferdam_call::{Decision, Outcome, Receipt, Record, Report, Verdict};
use cofferdam_capability::{Digest, Grant};
use cofferdam_sandbox::{Allowance, Called, Caller, Engine, GuestThreads, Place};

use crate::backend::{self, Backends};
use crate::checks::Checks;
use crate::ledger::{Ledger, Unrecorded};
use crate::origin::Origin;
use crate::policy::{Laws, Permit, PolicyBook, Rules};
use crate::record::{ENDED, OFFERED, RecordDraft, UNKNOWN};
use crate::redact::Redactor;
use crate::review::{ReviewGate, ReviewRule};
use crate::secret::{Injector, Prepared, SecretSources, Wanted};
use crate::totals::CallTotals;

/// The most bytes of a reason that the log keeps: a sentence. A guest can make it as long as its
/// output.
const MAX_REASON: usize = 256;

/// The longest name that is shown where no tool has it, in bytes: as much as the longest name of a
/// tool.
const MAX_SHOWN_NAME: usize = 64;

/// The sandbox, and what stands around it.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) engine: Arc<Engine>,
    /// The threads on which all work for guests is done.
    pub(crate) threads: Arc<GuestThreads>,
    pub(crate) checks: Arc<Checks>,
    pub(crate) policies: Arc<PolicyBook>,
    pub(crate) reviews: ReviewGate,
    pub(crate) injector: Injector,
    /// Shared by all that came after one another: what was known once may still come back.
    pub(crate) redactor: Arc<Redactor>,
    pub(crate) totals: Arc<CallTotals>,
    /// Keeps the record of every call; none for calls of which nothing is kept.
    pub(crate) ledger: Option<Arc<dyn Ledger>>,
}

/// A call about which the policy has decided.
pub(crate) struct DecidedCall<'a> {
    pub(crate) permit: Result<Permit<'a>, Outcome>,
    pub(crate) grant: &'a Grant,
    /// The grant of the tool that makes the call.
    pub(crate) caller_grant: Option<Digest>,
    pub(crate) allowance: &'a Allowance,
    pub(crate) place: Place<'a>,
    /// The caller's side; nobody for a component that lists its tools.
    pub(crate) caller: Option<Arc<dyn Caller>>,
    /// The record of the call, without its end.
    pub(crate) draft: RecordDraft<'a>,
}

impl Executor {
    /// All that decides about the calls of an agent with these policies of its own.
    pub(crate) fn laws<'a>(&'a self, narrowing: Option<&'a Rules>) -> Laws<'a> {
        Laws {
            policies: &self.policies,
            reviews: &self.reviews,
            narrowing,
        }
    }

    /// The same sandbox with other sources of secrets, and another rule about reviews.
    pub(crate) fn renewed(&self, secrets: SecretSources, review: ReviewRule) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            threads: Arc::clone(&self.threads),
            checks: Arc::clone(&self.checks),
            policies: Arc::clone(&self.policies),
            reviews: self.reviews.with_rule(review),
            injector: Injector::new(secrets, &self.redactor),
            redactor: Arc::clone(&self.redactor),
            ledger: self.ledger.clone(),
            totals: Arc::clone(&self.totals),
        }
    }

    /// Resolves the secrets of what was permitted and runs it, or refuses with the reason; takes
    /// the secrets out of what comes of it; records it. Nothing runs that cannot be recorded, and a
    /// call whose record was not written is not told as done.
    pub(crate) async fn pass(&self, tool: &str, decided: DecidedCall<'_>) -> Called {
        let DecidedCall {
            permit,
            grant,
            caller_grant,
            allowance,
            place,
            caller,
            draft,
        } = decided;
        let permit = match permit {
            Ok(permit) => self.ready(allowance).await.map(|()| permit),
            denied => denied,
        };
        let ready = match permit {
            Ok(permit) => {
                let wanted = Wanted {
                    engine: &self.engine,
                    redactor: &self.redactor,
                    agent: draft.origin.agent_name(),
                    grant,
                    allowance,
                };
                let prepared = self.injector.prepare(wanted).await;
                prepared.map(|prepared| (permit, prepared))
            }
            Err(outcome) => Err(outcome),
        };
        let Called { mut report, tools } = match ready {
            Ok((permit, Prepared { injections, used })) => {
                let backends = Backends {
                    engine: &self.engine,
                    injections,
                };
                let mut called = backend::call(backends, permit, allowance, place, caller).await;
                self.injector.conclude(used, &mut called.report.receipt);
                called
            }
            Err(outcome) => Called {
                report: Report::silent(allowance.receipt(grant, outcome)),
                tools: Vec::new(),
            },
        };
        report.receipt.caller_grant = caller_grant;
        // Before anything is told to anybody, the log included.
        let mut report = self.redactor.redact(report, allowance).await;
        report.receipt.trace_id = draft.origin.trace();
        let called = match self.record(draft.ended(tool, &report.receipt)).await {
            Ok(()) => Called { report, tools },
            Err(unrecorded) => Called {
                report: Report::silent(Receipt {
                    outcome: not_recorded(unrecorded),
                    ..report.receipt
                }),
                tools: Vec::new(),
            },
        };
        self.log(tool, &called.report.receipt, &draft);
        called
    }

    /// Records a call that ended before its tool was loaded.
    pub(crate) async fn never_began(
        &self,
        tool: &str,
        grant: &Grant,
        outcome: Outcome,
        origin: &Origin,
    ) -> Receipt {
        let draft = RecordDraft::refused(origin, ENDED);
        let receipt = Receipt {
            trace_id: origin.trace(),
            ..Receipt::unused(grant, outcome)
        };
        let receipt = self.told(draft.ended(tool, &receipt), receipt).await;
        self.log(tool, &receipt, &draft);
        receipt
    }

    /// Records a call whose task ended without a report.
    pub(crate) async fn lost(&self, grant: &Grant, origin: &Origin) -> Report {
        let draft = RecordDraft {
            decision: Decision::of(Verdict::Allow, OFFERED),
            ..RecordDraft::refused(origin, OFFERED)
        };
        let message = "the host failed in the call; its log says more".to_owned();
        let receipt = Receipt {
            trace_id: origin.trace(),
            ..Receipt::unused(grant, Outcome::HostFault { message })
        };
        let record = draft.ended(grant.tool(), &receipt);
        Report::silent(self.told(record, receipt).await)
    }

    /// The receipt of a call as its caller is told it when the record is kept.
    async fn told(&self, record: Record, receipt: Receipt) -> Receipt {
        match self.record(record).await {
            Ok(()) => receipt,
            Err(unrecorded) => Receipt {
                outcome: not_recorded(unrecorded),
                ..receipt
            },
        }
    }

    /// Records a call of a tool that its agent does not have.
    pub(crate) async fn unknown(&self, tool: &str, origin: &Origin) {
        let draft = RecordDraft::refused(origin, UNKNOWN);
        let tool = self.shown_name(tool);
        let outcome = Outcome::Denied {
            reason: String::new(),
        };
        // It is refused in any case, and the ledger tells the log itself.
        let _ = self.record(draft.without_grant(&tool, &outcome)).await;
    }

    /// Keeps a record.
    pub(crate) async fn record(&self, record: Record) -> Result<(), Unrecorded> {
        match &self.ledger {
            Some(ledger) => ledger.record(record).await,
            None => Ok(()),
        }
    }

    /// Returns when the call can be recorded; the error is the outcome of one that cannot, or has
    /// ended.
    async fn ready(&self, allowance: &Allowance) -> Result<(), Outcome> {
        match &self.ledger {
            Some(ledger) => allowance
                .within(ledger.ready())
                .await?
                .map_err(not_recorded),
            None => Ok(()),
        }
    }

    /// Writes the line of a call into the log.
    fn log(&self, tool: &str, receipt: &Receipt, draft: &RecordDraft<'_>) {
        let RecordDraft { origin, depth, .. } = draft;
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

    /// The name of a tool that there is not, as it is shown: a caller can make it as long as its
    /// input.
    pub(crate) fn shown_name(&self, name: &str) -> String {
        let cut = name.get(..name.floor_char_boundary(MAX_SHOWN_NAME));
        self.line(cut.unwrap_or_default())
    }

    /// Returns a guest's words as one line that can be shown: without secrets, line breaks and
    /// anything that moves a cursor.
    pub(crate) fn line(&self, said: &str) -> String {
        self.redactor.line(said)
    }
}

/// The outcome of a call that was not recorded.
fn not_recorded(unrecorded: Unrecorded) -> Outcome {
    let Unrecorded(message) = unrecorded;
    Outcome::HostFault { message }
}
