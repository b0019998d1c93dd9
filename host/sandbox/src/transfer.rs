//! Data that the engine may copy out of a guest at once.
//!
//! The engine counts bytes that it copies, not the memory that they take on the host: each flag of
//! a value becomes a string of its own, and counts as the letters of its name. So the result of a
//! function can have a bound of its own.

use wasmtime::{CallHook, StoreContextMut};

/// The engine's sentence for more data in one host call than its fuel for host calls allows. The
/// type of this error is private; the guest `host_call_large` fails when a new version of the
/// engine words it differently.
const HOST_CALL_TOO_LARGE: &str = "too much data is being copied between the host and the guest: \
                                   fuel allocated for hostcalls has been exhausted";

/// Bytes that may be copied out of the guest, by the occasion.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// For the arguments of one host call: the limit `host-call`.
    arguments: usize,
    /// For the result of the function that the host calls.
    result: usize,
    /// True from the moment at which the guest returns until it goes on.
    returned: bool,
}

impl Transfer {
    /// The same limit for arguments and results.
    pub(crate) fn up_to(limit: usize) -> Self {
        Self {
            arguments: limit,
            result: limit,
            returned: false,
        }
    }

    /// Bounds the result of the next function. It stays within the limit for arguments.
    pub(crate) fn bound_result(&mut self, bytes: usize) {
        self.result = bytes.min(self.arguments);
    }

    /// Returns true while a result is copied that has a bound of its own.
    pub(crate) fn is_of_bounded_result(&self) -> bool {
        self.returned && self.result < self.arguments
    }

    /// Sets the bound for what comes after `event`.
    pub(crate) fn apply<T>(
        store: &mut StoreContextMut<'_, T>,
        event: &CallHook,
        transfer: fn(&mut T) -> &mut Self,
    ) {
        let this = transfer(store.data_mut());
        if this.result == this.arguments {
            return;
        }
        this.returned = matches!(event, CallHook::ReturningFromWasm);
        // A guest also returns from allocating, in the middle of a host call. The next host call
        // sets the bound of its arguments again.
        let allowed = if this.returned {
            this.result
        } else {
            this.arguments
        };
        store.set_hostcall_fuel(allowed);
    }
}

/// Returns true if the guest handed over more data at once than the engine was told to copy.
pub(crate) fn is_too_large(error: &wasmtime::Error) -> bool {
    error.root_cause().to_string() == HOST_CALL_TOO_LARGE
}
