//! Memory behind the HTTP resources of a call, on its account.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cofferdam_capability::{Account, Charge, Overdrawn};

use crate::http::limits::{MAX_HEADER_BYTES, WRITE_CHUNK};

/// Memory of one header beyond its name and value, in bytes.
const HEADER_OVERHEAD: usize = 256;

/// Memory of a header list at most, in bytes: wasmtime-wasi-http counts names, values and their
/// types up to [`MAX_HEADER_BYTES`], and the table that they lie in has up to as much again.
pub(super) const MAX_FIELDS: usize = 2 * MAX_HEADER_BYTES;

/// Buffers of a request or response body: a chunk in the queue, and one that the guest has just
/// written.
const BODY_BUFFERS: usize = 2 * WRITE_CHUNK;

/// Memory behind the HTTP resources of one call, by handle.
///
/// The charge of a handle ends when the guest drops it, or when its number is used again. That of a
/// body ends with the last of two handles: its own, and that of the request or response that it
/// belongs to, which holds what was written after the body is finished.
pub(crate) struct Holdings {
    account: Account,
    by_handle: HashMap<u32, Charge>,
    bodies: HashMap<u32, Arc<BodyCharge>>,
}

/// Memory of a body that a guest writes.
struct BodyCharge {
    _buffers: Charge,
    /// The header list that it was finished with.
    trailers: OnceLock<Charge>,
}

impl Holdings {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account,
            by_handle: HashMap::new(),
            bodies: HashMap::new(),
        }
    }

    /// Charges `bytes` for a new handle.
    pub(super) fn begin(
        &mut self,
        handle: u32,
        what: &'static str,
        bytes: usize,
    ) -> Result<(), Overdrawn> {
        // The last holder of this number is gone.
        self.end(handle);
        self.by_handle
            .insert(handle, self.account.hold(what, bytes)?);
        Ok(())
    }

    /// Charges `bytes` more for a handle that holds at most `most`.
    pub(super) fn add(
        &mut self,
        handle: u32,
        what: &'static str,
        bytes: usize,
        most: usize,
    ) -> Result<(), Overdrawn> {
        match self.by_handle.get_mut(&handle) {
            Some(charge) => charge.grow(what, bytes.min(most.saturating_sub(charge.len()))),
            None => self.begin(handle, what, bytes.min(most)),
        }
    }

    pub(super) fn end(&mut self, handle: u32) {
        self.by_handle.remove(&handle);
        self.bodies.remove(&handle);
    }

    /// Charges the buffers of a new body to its handle and to that of its owner.
    pub(super) fn begin_body(&mut self, owner: u32, body: u32) -> Result<(), Overdrawn> {
        // The last holder of this number is gone.
        self.end(body);
        let buffers = self.account.hold("buffers of a body", BODY_BUFFERS)?;
        let charge = Arc::new(BodyCharge {
            _buffers: buffers,
            trailers: OnceLock::new(),
        });
        self.bodies.insert(body, Arc::clone(&charge));
        self.bodies.insert(owner, charge);
        Ok(())
    }

    /// The body belongs to its owner alone, with the trailers that it was finished with.
    pub(super) fn finish_body(&mut self, body: u32, trailers: Option<u32>) {
        let trailers = trailers.and_then(|trailers| self.by_handle.remove(&trailers));
        if let (Some(charge), Some(trailers)) = (self.bodies.get(&body), trailers) {
            // A body is finished once.
            let _ = charge.trailers.set(trailers);
        }
        self.end(body);
    }

    /// Gives all that belongs to one handle to another, with `bytes` of its own.
    pub(super) fn hand_over(&mut self, from: u32, to: u32, bytes: usize) -> Result<(), Overdrawn> {
        let body = self.bodies.remove(&from);
        self.end(from);
        self.begin(to, "a request", bytes)?;
        self.bodies.extend(body.map(|body| (to, body)));
        Ok(())
    }

    pub(super) fn of(&self, handle: u32) -> usize {
        self.by_handle.get(&handle).map_or(0, Charge::len)
    }
}

/// Memory of one header.
pub(super) fn entry(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + HEADER_OVERHEAD
}
