//! Resources that a request holds until its answer is delivered.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::Request;

/// The resources of one request: its places, the bytes it takes in memory.
#[derive(Clone, Default)]
pub(crate) struct Holdings(Arc<Mutex<Vec<Box<dyn Any + Send>>>>);

impl Holdings {
    /// The resources of this request. A request that did not come through [`super::deliver`] has
    /// none, and what is kept for it is released with this value.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Keeps `resource` until the answer is delivered.
    pub(crate) fn keep(&self, resource: impl Any + Send) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Box::new(resource));
    }
}

/// Releases the resources of a request when it is dropped: when the last piece of the answer is
/// handed over, or the connection is gone.
#[derive(Debug)]
pub(crate) struct Release(pub(crate) Holdings);

impl Drop for Release {
    fn drop(&mut self) {
        let mut kept = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = std::mem::take(&mut *kept);
        drop(kept);
        drop(resources);
    }
}

impl std::fmt::Debug for Holdings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holdings").finish_non_exhaustive()
    }
}
