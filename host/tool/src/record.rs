//! Records of calls: what is known of a call before it runs, and what came of it.

use cofferdam_call::{Action, Decision, Outcome, Reach, Receipt, Record, Usage, Verdict};
use cofferdam_capability::Digest;

use crate::origin::Origin;

/// The policy by which a tool may be called by the one it was offered to.
pub(crate) const OFFERED: &str = "host:offered";

/// The policy by which a component may be asked for its tools under a grant that gives nothing.
pub(crate) const LISTING: &str = "host:listing";

/// The policy by which an input must fit its tool.
const INPUT: &str = "host:input";

/// The policy by which a tool calls those that its manifest names, so deep and so often.
pub(crate) const NESTED: &str = "host:nested";

/// The policy by which a tool that an agent does not have cannot be called.
pub(crate) const UNKNOWN: &str = "host:unknown-tool";

/// The policy by which nothing begins that has ended already.
pub(crate) const ENDED: &str = "host:ended";

/// The most policies that a record names. The rest of them decided the same.
const MAX_POLICIES: usize = 16;

/// The longest name of a policy in a record, in bytes.
const MAX_POLICY: usize = 128;

/// The part of a record that is known before the call runs.
#[derive(Debug, Clone)]
pub(crate) struct RecordDraft<'a> {
    pub(crate) origin: &'a Origin,
    /// The tool that makes a nested call.
    pub(crate) caller: Option<&'a str>,
    /// Calls that it is inside of.
    pub(crate) depth: u64,
    pub(crate) action: Action,
    /// The digest of its arguments, where they were read.
    pub(crate) arguments: Option<Digest>,
    pub(crate) decision: Decision,
}

impl<'a> RecordDraft<'a> {
    /// A top-level call that this policy refused, or ended, before anything was read.
    pub(crate) fn refused(origin: &'a Origin, policy: &str) -> Self {
        Self {
            origin,
            caller: None,
            depth: 0,
            action: Action::Call,
            arguments: None,
            decision: Decision::of(Verdict::Deny, policy),
        }
    }

    /// The record of a call that ended with this receipt.
    pub(crate) fn ended(&self, tool: &str, receipt: &Receipt) -> Record {
        Record {
            component: Some(receipt.component),
            manifest: Some(receipt.manifest),
            grant: Some(receipt.grant),
            caller_grant: receipt.caller_grant,
            usage: Usage::from(receipt),
            reach: Some(Reach::from(receipt)),
            ..self.without_grant(tool, &receipt.outcome)
        }
    }

    /// The record of a call of a tool that there is not.
    pub(crate) fn without_grant(&self, tool: &str, outcome: &Outcome) -> Record {
        let Self {
            origin,
            caller,
            depth,
            action,
            arguments,
            decision,
        } = self.clone();
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        Record {
            principal: origin.principal().clone(),
            agent: named(origin.agent_name()),
            session: named(origin.session_id()),
            caller: caller.map(str::to_owned),
            depth,
            action,
            tool: tool.to_owned(),
            component: None,
            manifest: None,
            grant: None,
            caller_grant: None,
            arguments,
            decision: bounded(decision),
            outcome: outcome.name(),
            code: outcome.code(),
            usage: Usage::default(),
            reach: None,
            trace: origin.trace().map(|trace| trace.to_string()),
        }
    }
}

/// The decision about a call whose input was checked.
pub(crate) fn decision<T>(checked: &Result<T, Outcome>) -> Decision {
    match checked {
        Ok(_) => Decision::of(Verdict::Allow, OFFERED),
        Err(Outcome::Denied { .. }) => Decision::of(Verdict::Deny, INPUT),
        Err(_) => Decision::of(Verdict::Deny, ENDED),
    }
}

/// A decision that a line of the trail has room for.
fn bounded(mut decision: Decision) -> Decision {
    decision.policies.truncate(MAX_POLICIES);
    for policy in &mut decision.policies {
        policy.truncate(policy.floor_char_boundary(MAX_POLICY));
    }
    decision
}
