//! Places: the calls that run at once, and the descriptors that they hold.

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
}

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
        }
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
