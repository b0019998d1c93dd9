//! Errors of a call that did not run to its end, as outcomes.
//!
//! While a guest runs, an error is the guest's: it trapped, broke the rules of an interface, or
//! asked for more than its limits. The host's own failures are told from it by their types.

use cofferdam_call::Outcome;
use cofferdam_capability::Overdrawn;
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::error::{HostFailure, Overasked, Refused};
use crate::imports::DeniedCall;
use crate::limiter::Limiter;
use crate::reflect::Misfit;
use crate::transfer::is_too_large;

/// Maximum bytes of an error's words that are kept: a guest can choose some of them.
const MAX_MESSAGE: usize = 1 << 10;

/// The end of the engine's sentence for more handles in its own tables than a call may have, made
/// or lent. A test of `tests/sandbox/loading.rs` fails when a new version words it differently.
const TOO_MANY_HANDLES: &str = ": store handle limit exceeded";

/// The beginning of the engine's sentence for more instances, memories or tables than the limits
/// say. It counts these itself; rows of `args_echo` fail when a new version words it differently.
const TOO_MANY: &str = "resource limit exceeded: ";

/// The beginning of the engine's sentence for an access outside a memory, before the address in
/// hexadecimal digits. The type of this error is private; a row of `stack_deep` fails when a new
/// version words it differently.
const FAULT: &str = "memory fault at wasm address 0x";

/// The lowest address that counts as below a memory: 1 MiB, the stack that Rust and C are linked
/// with, is the most that one function can take at once.
const BELOW_MEMORY: u64 = (1 << 32) - (1 << 20);

/// Returns the outcome of a call that ended in `error`.
pub(crate) fn outcome(error: &wasmtime::Error, limiter: &mut Limiter) -> Outcome {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return exited(exit.0, limiter);
    }
    if let Some(misfit) = error.downcast_ref::<Misfit>() {
        return Outcome::Denied {
            reason: format!("the input does not fit its type, {misfit}"),
        };
    }
    if let Some(denied) = error.downcast_ref::<DeniedCall>() {
        return Outcome::Denied {
            reason: denied.to_string(),
        };
    }
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return Outcome::Denied {
            reason: refused.to_string(),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => return Outcome::OutOfFuel,
        Some(Trap::StackOverflow) => return Outcome::StackOverflow,
        // A guest that was refused memory ends as it likes, often before it has started.
        _ if limiter.refused().is_some() => return Outcome::OutOfMemory,
        Some(Trap::MemoryOutOfBounds) if is_below_memory(error) => return Outcome::StackOverflow,
        Some(trap) => {
            return Outcome::Trap {
                message: trap.to_string(),
            };
        }
        None => {}
    }
    if error.is::<Overdrawn>() {
        return Outcome::OutOfMemory;
    }
    if let Some(overasked) = error.downcast_ref::<Overasked>() {
        return too_much(overasked.to_string());
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return too_much("the guest holds more resource handles than its limit".to_owned());
    }
    if error.is::<wasmtime_wasi_http::FieldMapError>() {
        return too_much("the guest holds more HTTP headers than its limit".to_owned());
    }
    if is_too_large(error) {
        return Outcome::HostCallTooLarge;
    }
    let sentence = error.root_cause().to_string();
    if sentence.ends_with(TOO_MANY_HANDLES) {
        return too_much(
            "the guest holds more handles of its own resources than its limit".to_owned(),
        );
    }
    if let Some(count) = sentence.strip_prefix(TOO_MANY) {
        limiter.refuse_count(count.to_owned());
        return Outcome::OutOfMemory;
    }
    if is_of_host(error) {
        return host_fault("call", error);
    }
    Outcome::Trap {
        message: bounded(sentence),
    }
}

/// Returns the outcome of a guest that left with an exit code. Code 1 says only that it failed, and
/// memory that it was refused says why; another code is the guest's own answer.
pub(crate) fn exited(code: i32, limiter: &Limiter) -> Outcome {
    match code {
        0 => Outcome::Ok,
        1 if limiter.refused().is_some() => Outcome::OutOfMemory,
        code => Outcome::GuestError {
            code,
            message: String::new(),
        },
    }
}

/// Returns the outcome of a failure of the host. The caller learns that it was not the guest; the
/// log has the details.
pub(crate) fn host_fault(what: &'static str, error: &wasmtime::Error) -> Outcome {
    tracing::error!(what, "a call failed in the host: {error:?}");
    Outcome::HostFault {
        message: format!("the host failed in {what}; its log says more"),
    }
}

/// Returns true for an access just below address 0, where the stack of a guest ends that has one in
/// its memory: linkers put it first, so that calls that go too deep leave memory at its beginning.
/// The largest address alone is a pointer of -1, which says that something failed.
fn is_below_memory(error: &wasmtime::Error) -> bool {
    let fault = error.to_string();
    let address = fault
        .strip_prefix(FAULT)
        .and_then(|rest| rest.split_once(' '))
        .and_then(|(address, _)| u64::from_str_radix(address, 16).ok());
    address.is_some_and(|address| (BELOW_MEMORY..u64::from(u32::MAX)).contains(&address))
}

fn too_much(message: String) -> Outcome {
    Outcome::GuestError { code: 1, message }
}

/// Errors that no guest can make: the pool is full, the system gives no memory, or the host's own
/// code says so.
fn is_of_host(error: &wasmtime::Error) -> bool {
    error.is::<HostFailure>()
        || error.is::<PoolConcurrencyLimitError>()
        || error.is::<std::io::Error>()
        || error.is::<rustix::io::Errno>()
        || error.is::<serde_json::Error>()
}

fn bounded(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push('…');
    }
    message
}
