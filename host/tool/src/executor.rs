//! The steps that every call goes through, whoever makes it: a person, a model or another tool.

use std::sync::Arc;

use cofferdam_call::{Outcome, Receipt, Report};
use cofferdam_capability::Grant;
use cofferdam_sandbox::{Allowance, Called, Caller, Engine, GuestThreads, Place};

use crate::backend::{self, Backends};
use crate::checks::Checks;
use crate::origin::Origin;
use crate::policy::Permit;
use crate::redact::Redactor;
use crate::secret::{Injector, Prepared, SecretSources, Wanted};

/// The most bytes of a reason that the log keeps: a sentence. A guest can make it as long as its
/// output.
const MAX_REASON: usize = 256;

/// The sandbox, and what stands around it.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) engine: Arc<Engine>,
    /// The threads on which all work for guests is done.
    pub(crate) threads: Arc<GuestThreads>,
    pub(crate) checks: Arc<Checks>,
    pub(crate) injector: Injector,
    /// Shared by all that came after one another: what was known once may still come back.
    pub(crate) redactor: Arc<Redactor>,
}

/// A call about which the policy has decided.
pub(crate) struct DecidedCall<'a> {
    pub(crate) permit: Result<Permit<'a>, Outcome>,
    pub(crate) grant: &'a Grant,
    pub(crate) allowance: &'a Allowance,
    pub(crate) place: Place<'a>,
    /// The caller's side; nobody for a component that lists its tools.
    pub(crate) caller: Option<Arc<dyn Caller>>,
    pub(crate) origin: &'a Origin,
    pub(crate) depth: u64,
}

impl Executor {
    /// The same sandbox with other sources of secrets.
    pub(crate) fn with_secrets(&self, secrets: SecretSources) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            threads: Arc::clone(&self.threads),
            checks: Arc::clone(&self.checks),
            injector: Injector::new(secrets, &self.redactor),
            redactor: Arc::clone(&self.redactor),
        }
    }

    /// Resolves the secrets of what was permitted and runs it, or refuses with the reason; takes
    /// the secrets out of what comes of it; records it.
    pub(crate) async fn pass(&self, tool: &str, decided: DecidedCall<'_>) -> Called {
        let DecidedCall {
            permit,
            grant,
            allowance,
            place,
            caller,
            origin,
            depth,
        } = decided;
        let ready = match permit {
            Ok(permit) => {
                let wanted = Wanted {
                    engine: &self.engine,
                    redactor: &self.redactor,
                    agent: origin.agent_name(),
                    grant,
                    allowance,
                };
                let prepared = self.injector.prepare(wanted).await;
                prepared.map(|prepared| (permit, prepared))
            }
            Err(outcome) => Err(outcome),
        };
        let Called { report, tools } = match ready {
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
        // Before anything is told to anybody, the log included.
        let report = self.redactor.redact(report, allowance).await;
        self.record(tool, &report.receipt, origin, depth);
        Called { report, tools }
    }

    /// Records a call that ended before its tool was loaded.
    pub(crate) fn never_began(&self, tool: &str, grant: &Grant, outcome: Outcome) -> Receipt {
        let receipt = Receipt::unused(grant, outcome);
        self.record(tool, &receipt, &Origin::default(), 0);
        receipt
    }

    /// Writes the line of a call into the log.
    fn record(&self, tool: &str, receipt: &Receipt, origin: &Origin, depth: u64) {
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

    /// Returns a guest's words as one line that can be shown: without secrets, line breaks and
    /// anything that moves a cursor.
    pub(crate) fn line(&self, said: &str) -> String {
        self.redactor.line(said)
    }
}
