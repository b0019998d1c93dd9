//! Whether a call may happen.

use cofferdam_capability::Account;

use crate::caller::Chain;
use crate::input::Input;
use crate::permit::Permit;
use crate::tool::Tool;

/// Decides about one call. A tool is permitted to whoever holds it, under the grant it was offered with, for an input
/// that fits its schema; everything else is refused with the reason. What the host holds for the check is on an account
/// of the called tool.
pub(crate) fn permit(tool: &Tool, input: Input) -> Result<Permit<'_>, String> {
    let account = Account::new(tool.grant().limits().host_memory);
    Ok(Permit::new(tool, input.checked(tool, &account)?))
}

/// Decides about a call that another tool makes, which stands where `chain` says. It needs what every call needs, the
/// caller's grant must name the tool, and the chain must not be at its end. The input is parsed last.
pub(crate) fn permit_inner<'a>(
    caller: &Tool,
    chain: &Chain,
    tool: &'a Tool,
    input: Input,
) -> Result<Permit<'a>, String> {
    if !caller.grant().may_call(tool.name()) {
        return Err(undeclared(tool.name()));
    }
    if chain.deeper == 0 {
        return Err(format!("calls of tools are nested {} deep, and that is the limit (`nested-depth`)", chain.depth));
    }
    permit(tool, input)
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
