//! Components that know nothing of this host: every function they export becomes a tool.
//!
//! The tools that a model sees are derived from WIT: the schema from the types, the description
//! from what the author wrote. Values go both ways as JSON, and every WIT type of WASI 0.2 has one
//! form:
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool`, `string` | the same |
//! | integers | a number; beyond 2^53 decimal text, which 64-bit parameters always take as well |
//! | floats | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | text of one Unicode scalar value |
//! | `list<u8>` | base64 text |
//! | `list`, `tuple` | an array |
//! | `record` | an object; fields that are options may be left out |
//! | `enum` | text |
//! | `flags` | an array of text, nothing twice |
//! | `variant` | `"case"`, or `{"case": value}` where the case has a value |
//! | `option` | the value or `null`; an option of an option is `{"some": …}` or `null` |
//! | `result` | `{"ok": value}` or `{"err": value}`; a function's own is the value, or fails |
//! | resources, futures, streams | none: the function is not offered, and the reviewer reads why |

mod docs;
mod functions;
mod lift;
mod lower;
mod schema;
mod types;
mod weight;

#[cfg(test)]
mod tests;

use wasmtime::Store;
use wasmtime::component::{InstancePre, Val};

pub(crate) use docs::Docs;
pub use functions::Function;
pub(crate) use functions::{Entry, Functions, functions};
use lift::Room;
pub(crate) use lower::Misfit;
use types::Type;

use cofferdam_call::Output;

use crate::allowance::Allowance;
use crate::error::HostFailure;
use crate::state::State;
use crate::transfer::is_too_large;

/// The result of a function, on its call's account.
const RESULT: &str = "the result";

/// A component and the functions that can be called in it.
pub(crate) struct Reflected<T: 'static> {
    pre: InstancePre<T>,
    functions: Vec<Entry>,
}

impl<T: Send + 'static> Reflected<T> {
    pub(crate) fn new(pre: InstancePre<T>, functions: Vec<Entry>) -> Self {
        Self { pre, functions }
    }

    /// The functions, as a model sees them.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().map(|entry| &entry.function)
    }
}

impl Reflected<State> {
    /// Calls the function `name` in an instance of its own. What it returns is JSON text, cut at
    /// `limit` bytes; `Err` is what the function itself says went wrong.
    pub(crate) async fn call(
        &self,
        store: &mut Store<State>,
        allowance: &Allowance,
        name: &str,
        input: &str,
        limit: usize,
    ) -> wasmtime::Result<Result<Output, Output>> {
        let account = allowance.account();
        let entry = self
            .functions
            .iter()
            .find(|entry| entry.function.name == name);
        let entry = entry.ok_or_else(|| HostFailure(format!("there is no function `{name}`")))?;
        let arguments = lower::arguments(&entry.parameters, input, account)?;
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let function = instance.get_func(&mut *store, entry.index);
        let function =
            function.ok_or_else(|| HostFailure(format!("`{name}` is not a function")))?;
        let mut returned = vec![Val::Bool(false); usize::from(entry.result.is_some())];
        if let Some(ty) = &entry.result {
            // The account covers the result in whatever form the engine makes of it.
            let bound = account.room() / weight::density(ty);
            store.data_mut().transfer.bound_result(bound);
        }
        // This also makes the call that lets the guest free what it returned (post-return).
        let called = function
            .call_async(&mut *store, &arguments, &mut returned)
            .await;
        drop(arguments);
        if let Err(error) = &called
            && is_too_large(error)
            && store.data().transfer.is_of_bounded_result()
        {
            account.charge(RESULT, account.room().saturating_add(1))?;
        }
        called?;
        let weight = returned.iter().map(weight::weight).sum();
        let held = account.hold(RESULT, weight)?;
        // The engine copies without looking at the time.
        tokio::task::yield_now().await;
        let lifted = lifted(
            entry.result.as_ref(),
            returned.first(),
            Room { limit, allowance },
        );
        drop(returned);
        drop(held);
        // A call whose time is over, or that was cancelled, does not go on from here.
        tokio::task::yield_now().await;
        let lifted = lifted?;
        let (Ok(output) | Err(output)) = &lifted;
        account.charge(RESULT, output.bytes().len())?;
        Ok(lifted)
    }
}

/// The result of a function as JSON text; `Err` if the function says that it failed.
fn lifted(
    ty: Option<&Type>,
    value: Option<&Val>,
    room: Room<'_>,
) -> serde_json::Result<Result<Output, Output>> {
    Ok(match (ty, value) {
        (Some(Type::Result(ok, _)), Some(Val::Result(Ok(value)))) => {
            Ok(lift::lift(ok.as_deref(), value.as_deref(), room)?)
        }
        (Some(Type::Result(_, err)), Some(Val::Result(Err(value)))) => {
            Err(lift::lift(err.as_deref(), value.as_deref(), room)?)
        }
        (ty, value) => Ok(lift::lift(ty, value, room)?),
    })
}
