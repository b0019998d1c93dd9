//! The policy: if a call may happen. Only this module makes a permit.

mod permit;

use cofferdam_call::Outcome;
use cofferdam_capability::{Grant, LOCKED_ENVIRONMENT};
use cofferdam_sandbox::{Component, Invocation};

use crate::chain::Chain;
use crate::subject::Subject;
use crate::tool::Tool;
pub(crate) use permit::Permit;

/// Permits a call: a tool may be called by whoever holds it, under the grant it was offered with,
/// for an input that was checked.
pub(crate) fn permit(tool: &Tool, invocation: Invocation) -> Permit<'_> {
    Permit::new(tool.subject(), tool.grant(), invocation)
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
