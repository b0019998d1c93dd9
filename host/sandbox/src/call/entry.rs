//! The entry into a guest: the export that is called, and the end that the guest comes to.

use cofferdam_call::Output;
use wasmtime::Store;

use super::phase::Phase;
use crate::allowance::Allowance;
use crate::bindings::exports::cofferdam::tool::tools::{Descriptor, Failure};
use crate::component::Callable;
use crate::error::HostFailure;
use crate::invocation::Invocation;
use crate::state::State;

/// The result of a guest that ran to its end.
pub(super) enum Ended {
    Command(Result<(), ()>),
    Listed(Vec<Descriptor>),
    Answered(Result<String, Failure>),
    Returned(Result<Output, Output>),
}

/// Makes an instance and calls it.
pub(super) async fn enter(
    store: &mut Store<State>,
    callable: &Callable,
    invocation: Invocation,
    allowance: &Allowance,
    result_limit: usize,
) -> wasmtime::Result<Ended> {
    match (callable, invocation) {
        (Callable::Command(pre), _) => {
            let command = pre.instantiate_async(&mut *store).await?;
            Phase::Instantiation.is_over();
            Ok(Ended::Command(
                command.wasi_cli_run().call_run(&mut *store).await?,
            ))
        }
        (Callable::Typed(pre), Invocation::Typed { tool, input }) => {
            let typed = pre.instantiate_async(&mut *store).await?;
            Phase::Instantiation.is_over();
            let answer = typed
                .cofferdam_tool_tools()
                .call_call(&mut *store, &tool, &input)
                .await?;
            Ok(Ended::Answered(answer))
        }
        (Callable::Typed(pre), _) => {
            let typed = pre.instantiate_async(&mut *store).await?;
            Ok(Ended::Listed(
                typed.cofferdam_tool_tools().call_list(&mut *store).await?,
            ))
        }
        (Callable::Reflected(reflected), Invocation::Typed { tool, input }) => Ok(Ended::Returned(
            reflected
                .call(store, allowance, &tool, &input, result_limit)
                .await?,
        )),
        (Callable::Reflected(_), _) => Err(HostFailure(
            "a reflected component was called without a function".to_owned(),
        )
        .into()),
    }
}
