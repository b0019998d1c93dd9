//! Descriptors of this process that calls may hold, shared so that tools with many open files stop
//! nobody else.

use std::sync::Arc;

use cofferdam_call::Outcome;
use cofferdam_capability::{Ceiling, Grant, Limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// Descriptors of a call beyond what its limits count: its `/tmp`, and one in passing while another
/// is opened.
const OWN: u64 = 4;

/// Directories of an ordinary call: its workspace and one more.
const DIRECTORIES: u64 = 2;

/// Ordinary calls for which large ones always leave descriptors: as many as one agent may make at
/// once by default.
const KEPT_FOR: u64 = 16;

/// The part of the descriptors for large calls that one agent may have.
const SHARE: usize = 2;

/// The descriptors of all calls of one engine.
#[derive(Debug)]
pub(crate) struct Descriptors {
    all: Semaphore,
    /// The part of them that large calls may have together.
    large: Semaphore,
    most: u32,
    most_large: u32,
    /// The most that an ordinary call takes.
    ordinary: u32,
    /// The most that a large call takes under the ceiling, as far as there are so many.
    largest: u32,
}

/// The line in which the calls of one agent wait for each other, in the order in which they came.
/// Only those that are through wait for a place on the host, so an agent with a thousand calls
/// stands in that line with a few of them.
#[derive(Debug)]
pub struct Line {
    pub(crate) calls: Semaphore,
    /// Descriptors for its large calls.
    large: Arc<Semaphore>,
}

/// The descriptors of one call; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    _all: SemaphorePermit<'a>,
    _large: Option<(OwnedSemaphorePermit, SemaphorePermit<'a>)>,
}

impl Descriptors {
    /// Shares `most` descriptors. A call whose limits are the defaults is ordinary; one that may
    /// hold more is large.
    pub(crate) fn new(most: u32, ceiling: &Ceiling) -> Self {
        let ordinary = each(&ceiling.defaults, DIRECTORIES, true, true);
        let kept = u64::from(ordinary)
            .saturating_mul(KEPT_FOR)
            .min(u64::from(most / 2));
        let most_large = most.saturating_sub(u32::try_from(kept).unwrap_or(u32::MAX));
        let largest = each(&ceiling.limits, DIRECTORIES, true, true).min(most_large);
        let all = Semaphore::new(most as usize);
        let large = Semaphore::new(most_large as usize);
        Self {
            all,
            large,
            most,
            most_large,
            ordinary,
            largest,
        }
    }

    /// A line for one agent, of which `calls` run at once.
    pub(crate) fn line(&self, calls: u32) -> Line {
        // One of the largest calls that fit at all goes through, whatever the share.
        let large = (self.most_large as usize)
            .div_ceil(SHARE)
            .max(self.largest as usize);
        Line {
            calls: Semaphore::new(calls as usize),
            large: Arc::new(Semaphore::new(large)),
        }
    }

    /// Waits for the descriptors that a call may hold under its grant: its files, directories and
    /// sockets.
    pub(crate) async fn take<'a>(
        &'a self,
        line: &Line,
        grant: &Grant,
    ) -> Result<Share<'a>, Outcome> {
        let count = of(grant);
        let large = if count <= self.ordinary && count <= self.most {
            None
        } else {
            if count > self.most_large {
                return Err(self.too_many(grant, count));
            }
            let agents = Arc::clone(&line.large)
                .acquire_many_owned(count)
                .await
                .map_err(|_| closed())?;
            Some((
                agents,
                self.large.acquire_many(count).await.map_err(|_| closed())?,
            ))
        };
        let all = self.all.acquire_many(count).await.map_err(|_| closed())?;
        Ok(Share {
            _all: all,
            _large: large,
        })
    }

    /// Takes the descriptors of a call that runs in the place of its caller. It waits for none,
    /// because its caller holds some while it waits.
    pub(crate) fn take_now(&self, grant: &Grant) -> Result<Share<'_>, Outcome> {
        let count = of(grant);
        match self.all.try_acquire_many(count) {
            Ok(all) => Ok(Share {
                _all: all,
                _large: None,
            }),
            Err(_) => Err(Outcome::Denied {
                reason: format!(
                    "it may hold {count} descriptors (`open-files` = {}), and the calls of this \
                     host leave {} just now: try again when others have ended",
                    grant.limits().open_files,
                    self.all.available_permits()
                ),
            }),
        }
    }

    fn too_many(&self, grant: &Grant, count: u32) -> Outcome {
        Outcome::Denied {
            reason: format!(
                "it may hold {count} descriptors (`open-files` = {}), and this host has {} for \
                 such calls: lower `open-files`, or raise the hard limit of the host's process \
                 (ulimit -Hn, or LimitNOFILE= of its unit)",
                grant.limits().open_files,
                self.most_large
            ),
        }
    }
}

/// The descriptors that a call may hold under its grant.
fn of(grant: &Grant) -> u32 {
    let directories = grant.preopens().len() as u64;
    let network = grant.network();
    each(
        grant.limits(),
        directories,
        !network.rules().is_empty(),
        network.has_tcp(),
    )
}

fn each(limits: &Limits, directories: u64, http: bool, tcp: bool) -> u32 {
    let http = if http { limits.http_concurrent.0 } else { 0 };
    let tcp = if tcp { limits.tcp_connections.0 } else { 0 };
    let sum = [limits.open_files.0, directories, http, tcp]
        .into_iter()
        .fold(OWN, u64::saturating_add);
    u32::try_from(sum).unwrap_or(u32::MAX)
}

fn closed() -> Outcome {
    Outcome::HostFault {
        message: "the host is shutting down".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use cofferdam_capability::{Count, Decision, Digest, LimitsRequest, Manifest};

    use super::*;

    fn grant(open_files: u64) -> Grant {
        let limits = LimitsRequest {
            open_files: Some(Count(open_files)),
            ..LimitsRequest::default()
        };
        let decision = Decision {
            limits,
            ..Decision::default()
        };
        Grant::new(
            "t",
            Digest::of(b"t"),
            &Manifest::empty(),
            &Ceiling::default(),
            decision,
        )
        .unwrap()
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match Box::pin(future)
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn large_calls_leave_descriptors_to_ordinary_ones_and_to_other_agents() {
        let descriptors = Descriptors::new(4_100, &Ceiling::default());
        let hog = descriptors.line(16);
        let other = descriptors.line(16);
        let large = grant(1_000);
        let ordinary = grant(64);
        let first = now(descriptors.take(&hog, &large)).unwrap().unwrap();
        assert!(
            now(descriptors.take(&hog, &large)).is_none(),
            "one agent has its half"
        );
        let second = now(descriptors.take(&other, &large)).unwrap().unwrap();
        let ordinary: Vec<_> = (0..16)
            .map(|_| now(descriptors.take(&other, &ordinary)).unwrap().unwrap())
            .collect();
        drop(first);
        assert!(
            now(descriptors.take(&hog, &large)).is_some(),
            "what ended gave them back"
        );
        drop((second, ordinary));
        assert_eq!(descriptors.all.available_permits(), 4_100);
    }

    #[test]
    fn a_call_that_never_fits_is_refused_with_the_remedy() {
        let descriptors = Descriptors::new(1_000, &Ceiling::default());
        let refused = now(descriptors.take(&descriptors.line(1), &grant(1_024)))
            .unwrap()
            .unwrap_err();
        assert!(refused.to_string().contains("LimitNOFILE"), "{refused}");
        let refused = descriptors.take_now(&grant(1_024)).unwrap_err();
        assert!(
            refused.to_string().contains("leave 1000 just now"),
            "{refused}"
        );
    }
}
