//! Retries: what is tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::StatusCode;

use crate::error::Error;

/// Number of times that one thing is tried before its failure is told. A registry that restarts is
/// back by the last.
const ATTEMPTS_MAX: usize = 5;

/// Number of times that a blob is gone on with, each time after some of it has come. A blob that
/// takes more is not on its way.
const RESUMES_MAX: u32 = 32;

/// The shortest wait after the first failure; it doubles with each. Up to as much is added at
/// random, so that many hosts do not come back at once.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait, also where a registry asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A failure, and whether the same might work later.
#[derive(Debug)]
pub(super) struct Failure {
    /// Boxed, to be small: it travels in every result.
    error: Box<Error>,
    again: Again,
    /// The status of the answer, if there was one.
    pub(super) status: Option<StatusCode>,
}

#[derive(Debug)]
enum Again {
    /// The same would fail in the same way.
    Never,
    /// Later; after this time, if the registry says so.
    Later(Option<Duration>),
}

impl Failure {
    /// A failure that stays.
    pub(super) fn lasting(error: Error) -> Self {
        Self {
            error: Box::new(error),
            again: Again::Never,
            status: None,
        }
    }

    /// The same, with the status of the answer that told it.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// A failure that may pass.
    pub(super) fn passing(error: Error, after: Option<Duration>) -> Self {
        Self {
            error: Box::new(error),
            again: Again::Later(after),
            status: None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::lasting(error)
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub(super) struct Backoff {
    waits: ExponentialBackoff,
    /// True if an attempt has failed since `waits` began.
    failed: bool,
    resumes: u32,
}

/// The waits between the attempts at one thing.
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(FIRST_WAIT)
    .with_max_delay(LONGEST_WAIT)
    .with_max_times(ATTEMPTS_MAX - 1)
    .with_jitter();

impl Default for Backoff {
    fn default() -> Self {
        Self {
            waits: WAITS.build(),
            failed: false,
            resumes: 0,
        }
    }
}

impl Backoff {
    /// Waits before the next attempt, or gives the failure back because there is none.
    pub(super) async fn after(&mut self, failure: Failure) -> Result<(), Error> {
        let Failure {
            error,
            again,
            status: _,
        } = failure;
        let Again::Later(asked) = again else {
            return Err(*error);
        };
        let Some(wait) = self.waits.next() else {
            return Err(*error);
        };
        self.failed = true;
        let wait = asked.unwrap_or(wait).min(LONGEST_WAIT);
        tracing::warn!(%error, ?wait, "the registry is asked again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Something has come since the last failure, so the count begins anew, up to a bound.
    pub(super) fn progressed(&mut self) {
        if self.failed && self.resumes < RESUMES_MAX {
            self.resumes += 1;
            self.failed = false;
            self.waits = WAITS.build();
        }
    }
}
