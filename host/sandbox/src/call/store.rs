//! The store of one call, with its limits.

use cofferdam_call::Outcome;
use cofferdam_capability::Grant;
use wasmtime::Store;

use crate::failure::host_fault;
use crate::pool::Pool;
use crate::state::State;
use crate::wasi::{self, GuestContext};
use crate::yielding::Yielding;

/// Fuel between two points where a running guest lets others run, and where its deadline and its
/// caller's patience are checked: about half a millisecond, at no measurable cost.
const YIELD_INTERVAL: u64 = 10_000_000;

/// Makes the store of a call, which holds all that the guest is given.
pub(super) fn store(
    pool: &Pool,
    grant: &Grant,
    given: GuestContext<'_>,
) -> Result<Store<State>, Outcome> {
    let state = wasi::state(grant, given).map_err(|error| host_fault("set-up", &error))?;
    let mut store = Store::new(&pool.engine, state);
    store.limiter(|state| &mut state.limiter);
    store.call_hook_async(Yielding {
        slice_began: State::slice_began,
        transfer: State::transfer,
    });
    store.set_hostcall_fuel(grant.limits().host_call.len());
    store.set_max_component_handles(wasi::MAX_IN_ENGINE);
    store
        .set_fuel(grant.limits().fuel.0)
        .and_then(|()| store.fuel_async_yield_interval(Some(YIELD_INTERVAL)))
        .map_err(|error| host_fault("fuel", &error))?;
    Ok(store)
}
