//! `--retry`: requests that failed for a while are sent again.

use std::time::{Duration, Instant};

use cofferdam_http::{Failure, Kind};

/// The first wait; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// Statuses that may pass.
const TRANSIENT: [u16; 6] = [408, 429, 500, 502, 503, 504];

/// Rules for sending a request again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Retry {
    /// The most tries after the first one.
    pub(crate) times: u32,
    /// `--retry-delay`, where it is not twice the last wait.
    pub(crate) delay: Option<Duration>,
    /// `--retry-max-time`, for all tries together.
    pub(crate) max_time: Option<Duration>,
    /// `--retry-connrefused`
    pub(crate) connect: bool,
    /// `--retry-all-errors`
    pub(crate) all: bool,
}

/// The tries of one request.
pub(crate) struct Tries {
    retry: Retry,
    began: Instant,
    done: u32,
    wait: Duration,
}

impl Retry {
    pub(crate) fn begin(self) -> Tries {
        Tries {
            retry: self,
            began: Instant::now(),
            done: 0,
            wait: FIRST_WAIT,
        }
    }
}

impl Tries {
    /// Returns true after a wait if the request is to be sent again. `pause` is what the server
    /// asks to wait.
    #[allow(
        clippy::disallowed_methods,
        reason = "a tool is one thread, and the wait is what --retry asks for"
    )]
    pub(crate) fn again(&mut self, failed: bool, pause: Option<Duration>) -> bool {
        if !failed || self.done >= self.retry.times {
            return false;
        }
        let wait = match self.retry.delay.filter(|delay| !delay.is_zero()) {
            Some(delay) => delay,
            None => pause.unwrap_or(self.wait),
        };
        let late = self
            .retry
            .max_time
            .is_some_and(|most| self.began.elapsed() >= most);
        if late {
            return false;
        }
        std::thread::sleep(wait);
        self.done += 1;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        true
    }

    /// Returns true if a failure may pass.
    pub(crate) fn is_transient(&self, failure: &Failure) -> bool {
        match failure.kind {
            Kind::Timeout => true,
            Kind::Connect => self.retry.connect || self.retry.all,
            // What the host does not allow stays so.
            Kind::Denied => false,
            _ => self.retry.all,
        }
    }

    /// Returns true if a status may pass; `counts` when a status of 400 and above is a failure.
    pub(crate) fn is_transient_status(&self, status: u16, counts: bool) -> bool {
        TRANSIENT.contains(&status) || (self.retry.all && counts && status >= 400)
    }
}
