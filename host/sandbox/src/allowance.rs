//! Time and host memory of one call, from the moment it was asked for.

use std::time::{Duration, Instant};

use cofferdam_capability::{Account, Limits};

/// What a call may still use. It begins before the input is parsed, so that all work for the call is inside it.
#[derive(Debug, Clone)]
pub struct Allowance {
    started: Instant,
    deadline: Instant,
    account: Account,
}

impl Allowance {
    /// Begins now, for a call under these limits.
    pub fn begin(limits: &Limits) -> Self {
        let started = Instant::now();
        Self { started, deadline: started + limits.wall.0, account: Account::new(limits.host_memory) }
    }

    /// The same for a call that another one waits for, and that ends with it.
    #[must_use]
    pub fn ending_by(self, deadline: Instant) -> Self {
        Self { deadline: self.deadline.min(deadline), ..self }
    }

    /// The moment at which the call ends, whatever it does.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns true if the deadline has passed.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Time since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What the host holds for the call.
    pub fn account(&self) -> &Account {
        &self.account
    }
}
