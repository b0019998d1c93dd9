//! Whether a call may happen.

use cofferdam_call::{Input, Outcome};
use cofferdam_capability::{Grant, LOCKED_ENVIRONMENT};
use cofferdam_sandbox::{Allowance, Component, Invocation};

use crate::caller::Chain;
use crate::input;
use crate::permit::Permit;
use crate::tool::Tool;

/// Decides about one call. A tool is permitted to whoever holds it, under the grant it was offered with, for an input
/// that fits its schema; everything else is refused with the reason. The check is within the call's allowance.
pub(crate) fn permit<'a>(tool: &'a Tool, input: Input, allowance: &Allowance) -> Result<Permit<'a>, Outcome> {
    Ok(Permit::new(tool.component(), tool.grant(), input::checked(input, tool, allowance)?))
}

/// Decides about asking a component which tools it has. Nobody has read yet what it is, so this is permitted only under a
/// grant that gives nothing.
pub(crate) fn permit_listing<'a>(component: &'a Component, grant: &'a Grant) -> Result<Permit<'a>, Outcome> {
    let network = grant.network();
    let gives_nothing = grant.preopens().is_empty()
        && !grant.has_scratch()
        && grant.environment().len() == LOCKED_ENVIRONMENT.len()
        && network.rules().is_empty()
        && !network.has_tcp()
        && grant.secrets().is_empty()
        && grant.calls().is_empty();
    match gives_nothing {
        true => Ok(Permit::new(component, grant, Invocation::List)),
        false => {
            let reason = "a component is asked for its tools under a grant that gives nothing, and this one does";
            Err(Outcome::Denied { reason: reason.to_owned() })
        }
    }
}

/// Decides about a call that another tool makes, which stands where `chain` says. It needs what every call needs, the
/// caller's grant must name the tool, and the chain must not be at its end. The input is parsed last.
pub(crate) fn permit_inner<'a>(
    caller: &Tool,
    chain: &Chain,
    tool: &'a Tool,
    input: Input,
    allowance: &Allowance,
) -> Result<Permit<'a>, Outcome> {
    if !caller.grant().may_call(tool.name()) {
        return Err(Outcome::Denied { reason: undeclared(tool.name()) });
    }
    if chain.deeper == 0 {
        let reason = format!("calls of tools are nested {} deep, and that is the limit (`nested-depth`)", chain.depth);
        return Err(Outcome::Denied { reason });
    }
    permit(tool, input, allowance)
}

/// Decides whether the chain may have one call more, whatever it is of. This comes before everything else: what is
/// beyond the limit is refused without work, and without a line in the log for each.
pub(crate) fn one_more(chain: &Chain) -> Result<(), String> {
    match chain.takes_one_more() {
        true => Ok(()),
        false => Err("as many calls of tools were made as the limit allows (`nested-calls`)".to_owned()),
    }
}

/// The reason for who calls what its manifest does not name.
pub(crate) fn undeclared(name: &str) -> String {
    format!("its manifest declares no call of `{name}`: a row [[call]] with this name does")
}
