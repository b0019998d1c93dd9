//! Places: the calls that run at once, and the descriptors that they hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use cofferdam_call::Outcome;
use cofferdam_capability::Grant;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::caller::Place;
use crate::descriptors::{Descriptors, Line, Share};

/// The places of one engine.
#[derive(Debug)]
pub(crate) struct Admission {
    /// One place for each call that may run at once, with the calls of other tools that it makes.
    places: Semaphore,
    descriptors: Descriptors,
    /// Calls that wait for a place, those in the line of their agent included.
    waiting: AtomicUsize,
}

/// One call that waits, counted until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

/// The descriptors and places that a call holds while it runs.
pub(super) struct Admitted<'a> {
    _descriptors: Share<'a>,
    _places: Option<[SemaphorePermit<'a>; 2]>,
}

impl Admission {
    /// Places for `calls` calls at once, which share these descriptors.
    pub(crate) fn new(calls: u32, descriptors: Descriptors) -> Self {
        Self {
            places: Semaphore::new(calls as usize),
            descriptors,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Places that no call has.
    pub(crate) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// Calls that wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A line for the calls of one agent, of which so many run at once.
    pub(crate) fn line(&self, calls: u32) -> Line {
        self.descriptors.line(calls)
    }

    /// Waits for a place: first among the calls of one agent, then for its descriptors, then on the
    /// host, each in the order of arrival. A call that runs in the place of its caller has one, and
    /// waits for nothing.
    pub(super) async fn admit<'a>(
        &'a self,
        place: Place<'a>,
        grant: &Grant,
    ) -> Result<Admitted<'a>, Outcome> {
        let Place::Own(line) = place else {
            return Ok(Admitted {
                _descriptors: self.descriptors.take_now(grant)?,
                _places: None,
            });
        };
        let _waiting = Waiting::begin(&self.waiting);
        let closed = |_| Outcome::HostFault {
            message: "the host is shutting down".to_owned(),
        };
        let turn = line.calls.acquire().await.map_err(closed)?;
        let descriptors = self.descriptors.take(line, grant).await?;
        let place = self.places.acquire().await.map_err(closed)?;
        Ok(Admitted {
            _descriptors: descriptors,
            _places: Some([turn, place]),
        })
    }
}

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
