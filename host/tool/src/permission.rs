//! May a call happen? The policy is asked, and a person where the policy wants one.

use cofferdam_call::{Decision, Outcome, Verdict};
use cofferdam_capability::Grant;
use cofferdam_sandbox::{Allowance, Invocation};

use crate::approval::{self, Asked};
use crate::chain::Chain;
use crate::executor::Executor;
use crate::policy::{self, Permit, Question};
use crate::tool::Tool;
use crate::toolbox::Toolbox;

/// The grounds on which a call is decided about.
pub(crate) struct Permission<'a> {
    pub(crate) executor: &'a Executor,
    pub(crate) toolbox: &'a Toolbox,
    pub(crate) tool: &'a Tool,
    pub(crate) grant: &'a Grant,
    pub(crate) chain: &'a Chain,
    /// The tool that makes the call.
    pub(crate) caller: Option<&'a Tool>,
    /// The approval that it brings.
    pub(crate) approval: Option<&'a str>,
}

/// A permit or the reason why there is none, and the decision for the record.
pub(crate) struct Permitted<'a> {
    pub(crate) permit: Result<Permit<'a>, Outcome>,
    pub(crate) decision: Decision,
}

impl<'a> Permission<'a> {
    /// Asks the policy, and a person where the policy wants one.
    pub(crate) async fn ask(self, invocation: Invocation, allowance: &Allowance) -> Permitted<'a> {
        let Self {
            executor,
            toolbox,
            tool,
            grant,
            chain,
            caller,
            approval,
        } = self;
        let question = Question {
            tool,
            chain,
            caller,
            invocation: &invocation,
            account: allowance.account(),
        };
        let decided = policy::decide(executor.laws(toolbox.narrowing()), question);
        let decision = Decision {
            verdict: decided.verdict,
            policies: decided.policies.clone(),
            approval: None,
        };
        if decided.verdict != Verdict::Pending {
            return Permitted {
                permit: policy::permit(tool, grant, invocation, &decided),
                decision,
            };
        }
        let asked = Asked {
            approver: toolbox.approver(),
            brought: approval,
            tool,
            caller,
            grant,
            chain,
            invocation: &invocation,
            decided: &decided,
            redact: &|text| executor.line(text),
        };
        let approved = match allowance.within(approval::approve(asked)).await {
            Ok(approved) => approved,
            Err(ended) => {
                return Permitted {
                    permit: Err(ended),
                    decision,
                };
            }
        };
        let used = approved.as_ref().ok().cloned();
        let permit = policy::permit_approved(tool, grant, invocation, &decided, approved);
        let verdict = match &permit {
            Ok(_) => Verdict::Allow,
            Err(Outcome::ApprovalPending { .. }) => Verdict::Pending,
            Err(_) => Verdict::Deny,
        };
        Permitted {
            permit,
            decision: Decision {
                verdict,
                approval: used,
                ..decision
            },
        }
    }
}
