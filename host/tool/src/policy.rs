//! The policy: if a call may happen. Only this module makes a permit.

mod arguments;
mod book;
mod bounds;
mod case;
mod cases;
mod facts;
mod index;
mod permit;
mod problem;
mod profile;
mod reads;
mod rules;
#[cfg(test)]
mod tests;
mod tokens;
mod uid;

use cofferdam_call::{Outcome, Verdict};
use cofferdam_capability::{Account, Grant, LOCKED_ENVIRONMENT};
use cofferdam_sandbox::{Component, Invocation};

use self::arguments::Arguments;
use self::book::unusable;
use self::case::{Case, Circumstances};
use self::cases::CaseKey;
use self::facts::ToolFacts;
#[cfg(test)]
use self::rules::DEFAULT;
use crate::approval::NotApproved;
use crate::chain::Chain;
use crate::decided::{Decided, Explanation};
use crate::review::{REVIEW, ReviewGate};
use crate::subject::Subject;
use crate::tool::Tool;
pub(crate) use book::PolicyBook;
pub use book::{POLICY_DIRECTORY, ROLES_FILE, read_policy};
pub(crate) use permit::Permit;
pub use problem::PolicyProblem;
pub use profile::PolicyProfile;
pub use rules::{MAX_POLICY_BYTES, MAX_POLICY_FILES, PolicyFile, Rules, SCHEMA as POLICY_SCHEMA};

/// A call about which the policy is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) tool: &'a Tool,
    pub(crate) chain: &'a Chain,
    /// The tool that makes the call.
    pub(crate) caller: Option<&'a Tool>,
    pub(crate) invocation: &'a Invocation,
    pub(crate) account: &'a Account,
}

/// All that decides about a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Laws<'a> {
    /// The policy of the host.
    pub(crate) policies: &'a PolicyBook,
    /// The decisions of reviewers.
    pub(crate) reviews: &'a ReviewGate,
    /// The policy of the agent, which can only narrow that of the host.
    pub(crate) narrowing: Option<&'a Rules>,
}

/// Decides about a call by the policy of the host, that of the agent, and the reviews of its tool.
pub(crate) fn decide(laws: Laws<'_>, question: Question<'_>) -> Decided {
    let Laws {
        policies,
        reviews,
        narrowing,
    } = laws;
    let rules = match policies.current() {
        Ok(rules) => rules,
        Err(problems) => return Decided::deny(Vec::new(), unusable(&problems)),
    };
    let decided = decide_by(&rules, reviews, question);
    let decided = match narrowing {
        Some(narrowing) if decided.verdict != Verdict::Deny => {
            decided.and(decide_by(narrowing, reviews, question))
        }
        _ => decided,
    };
    if decided.verdict == Verdict::Deny {
        return decided;
    }
    match reviews.look(question.tool).refusal() {
        Some(refusal) => Decided::deny(vec![REVIEW.to_owned()], refusal.to_owned()),
        None => decided,
    }
}

/// Decides about a call, and says on which ground.
pub(crate) fn explain(laws: Laws<'_>, question: Question<'_>) -> Explanation {
    let rules = laws.policies.current().ok();
    let read = rules.as_deref().into_iter().chain(laws.narrowing);
    let values = read.flat_map(|rules| values(rules, laws.reviews, question));
    let mut values: Vec<_> = values.collect();
    values.sort();
    values.dedup();
    Explanation {
        decided: decide(laws, question),
        values,
    }
}

/// Permits a call about which was decided, under this grant, for an input that was checked.
///
/// # Errors
///
/// If the decision was another one.
pub(crate) fn permit<'a>(
    tool: &'a Tool,
    grant: &'a Grant,
    invocation: Invocation,
    decided: &Decided,
) -> Result<Permit<'a>, Outcome> {
    match decided.verdict {
        Verdict::Allow => Ok(Permit::new(tool.subject(), grant, invocation)),
        Verdict::Pending | Verdict::Deny => Err(Outcome::Denied {
            reason: decided.reason.clone(),
        }),
    }
}

/// Permits a call that needed an approval, and has one.
///
/// # Errors
///
/// If a person was asked and has not answered yet, or the call cannot be approved.
pub(crate) fn permit_approved<'a>(
    tool: &'a Tool,
    grant: &'a Grant,
    invocation: Invocation,
    decided: &Decided,
    approved: Result<String, NotApproved>,
) -> Result<Permit<'a>, Outcome> {
    match approved {
        Ok(_) => Ok(Permit::new(tool.subject(), grant, invocation)),
        Err(NotApproved::Asked(approval)) => Err(Outcome::ApprovalPending {
            approval,
            reason: decided.reason.clone(),
        }),
        Err(NotApproved::Refused(reason)) => Err(Outcome::Denied { reason }),
        Err(NotApproved::Failed(problem)) => {
            tracing::error!(
                tool = tool.name(),
                "an approval cannot be looked for: {problem}"
            );
            let message = "the host failed in the call; its log says more".to_owned();
            Err(Outcome::HostFault { message })
        }
    }
}

/// Decides about a call by these rules alone.
fn decide_by(rules: &Rules, reviews: &ReviewGate, question: Question<'_>) -> Decided {
    ask(rules, reviews, question, |case, circumstances| {
        case.decide(circumstances)
    })
    .unwrap_or_else(|refused| refused)
}

/// The places of a request that these rules read, with their values.
fn values(rules: &Rules, reviews: &ReviewGate, question: Question<'_>) -> Vec<(String, String)> {
    ask(rules, reviews, question, |case, circumstances| {
        case.values(circumstances)
    })
    .unwrap_or_default()
}

/// Finds the case of a call, reads of it what the policies read, and asks.
fn ask<T>(
    rules: &Rules,
    reviews: &ReviewGate,
    question: Question<'_>,
    ask: impl FnOnce(&Case, Circumstances<'_>) -> T,
) -> Result<T, Decided> {
    let Question {
        tool,
        chain,
        caller,
        invocation,
        account,
    } = question;
    let principal = chain.origin.principal().clone();
    let unsaid = || {
        let reason = format!("the policy cannot be asked about `{}`", tool.name());
        Decided::deny(Vec::new(), reason)
    };
    let is_reviewed = |tool: &Tool| reviews.look(tool).is_approved();
    let reviewed = rules.reads_reviews && is_reviewed(tool);
    let key = CaseKey {
        principal: principal.clone(),
        tool: tool.name().to_owned(),
        grant: tool.grant().digest(),
        reviewed,
    };
    let make = || {
        let own = uid::principal_uid(&principal);
        let roles = rules.ancestors(&own);
        let facts = ToolFacts::of(tool, reviewed)?;
        let named = [&own, &facts.uid].into_iter();
        let policies = rules.about(named.chain(&roles).chain(&facts.parents));
        Case::new(&policies.collect::<Vec<_>>(), own, roles, &facts)
    };
    let case = rules.cases.get(key, make).ok_or_else(unsaid)?;
    let arguments = if case.reads().arguments() {
        let text_place = if tool.is_module() { "input" } else { "stdin" };
        Arguments::read(invocation, text_place, account).map_err(|too_long| {
            let reason = format!("`{}` cannot be decided about: {too_long}", tool.name());
            Decided::deny(Vec::new(), reason)
        })?
    } else {
        Arguments::default()
    };
    let caller =
        caller.and_then(|caller| ToolFacts::of(caller, rules.reads_reviews && is_reviewed(caller)));
    let circumstances = Circumstances {
        session: chain.origin.session_name(),
        depth: chain.depth,
        caller: caller.as_ref(),
        arguments,
    };
    Ok(ask(&case, circumstances))
}

/// Decides about asking a component which tools it has. Nobody has read yet what it is, so this is
/// permitted only under a grant that gives nothing.
pub(crate) fn permit_listing<'a>(
    component: &'a Component,
    grant: &'a Grant,
) -> Result<Permit<'a>, Outcome> {
    let network = grant.network();
    let gives_nothing = grant.preopens().is_empty()
        && !grant.has_scratch()
        && grant.environment().len() == LOCKED_ENVIRONMENT.len()
        && network.rules().is_empty()
        && !network.has_tcp()
        && grant.secrets().is_empty()
        && grant.calls().is_empty();
    if !gives_nothing {
        let reason = "a component is asked for its tools under a grant that gives nothing, and \
                      this one does";
        return Err(Outcome::Denied {
            reason: reason.to_owned(),
        });
    }
    let subject = Subject::Component(component);
    Ok(Permit::new(subject, grant, Invocation::List))
}

/// Decides whether one tool may call another: the caller's grant must name it, and the chain must
/// not be at its end. This comes before the input is read.
pub(crate) fn may_call(caller: &Tool, chain: &Chain, tool: &Tool) -> Result<(), Outcome> {
    if !caller.grant().may_call(tool.name()) {
        return Err(Outcome::Denied {
            reason: undeclared(tool.name()),
        });
    }
    if chain.deeper == 0 {
        let reason = format!(
            "calls of tools are nested {} deep, and that is the limit (`nested-depth`)",
            chain.depth
        );
        return Err(Outcome::Denied { reason });
    }
    Ok(())
}

/// Decides whether the chain may have one call more, of whatever tool. This comes before everything
/// else: what is beyond the limit is refused without work, and without a line in the log for each.
pub(crate) fn one_more(chain: &Chain) -> Result<(), Outcome> {
    if chain.takes_one_more() {
        return Ok(());
    }
    let reason = "as many calls of tools were made as the limit allows (`nested-calls`)".to_owned();
    Err(Outcome::Denied { reason })
}

/// The reason for a caller whose manifest does not name the tool.
pub(crate) fn undeclared(name: &str) -> String {
    format!("its manifest declares no call of `{name}`: a row [[call]] with this name does")
}
