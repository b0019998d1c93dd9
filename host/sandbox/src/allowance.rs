//! Time and host memory of one call, from the moment it was asked for.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use cofferdam_call::{Outcome, Receipt};
use cofferdam_capability::{Account, Grant, Limits};
use tokio_util::sync::CancellationToken;

/// Time that a call which has ended gets for what comes after it: its secrets are taken out of what
/// it said, its scratch directory is removed. The default limits take a tenth of it.
const ENDING: Duration = Duration::from_secs(1);

/// The time and memory that a call may still use, and the token that ends it. It begins before the
/// input is parsed, so that all work for the call is inside it.
#[derive(Debug, Clone)]
pub struct Allowance {
    started: Instant,
    deadline: Instant,
    account: Account,
    cancel: CancellationToken,
}

impl Allowance {
    /// Begins now, for a call under these limits that `cancel` ends.
    pub fn begin(limits: &Limits, cancel: CancellationToken) -> Self {
        let started = Instant::now();
        let account = Account::new(limits.host_memory);
        Self {
            started,
            deadline: started + limits.wall.0,
            account,
            cancel,
        }
    }

    /// The same for a call that another one waits for, and that ends with it.
    #[must_use]
    pub fn ending_by(self, deadline: Instant) -> Self {
        Self {
            deadline: self.deadline.min(deadline),
            ..self
        }
    }

    /// The same time for another attempt at the call, with memory of its own.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self {
            started: Instant::now(),
            deadline: self.deadline,
            account: self.account.anew(),
            cancel: self.cancel.clone(),
        }
    }

    /// The moment at which the call ends, whatever it does.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The allowance for the work that comes after a call: its own time, or one second if that is
    /// over.
    #[must_use]
    pub fn to_end(&self) -> Self {
        let mut rest = self.clone();
        rest.deadline = rest.deadline.max(Instant::now() + ENDING);
        if rest.cancel.is_cancelled() {
            rest.cancel = CancellationToken::new();
        }
        rest
    }

    /// Returns how the call has ended if it may not go on. Work that does not wait asks this every
    /// few microseconds.
    pub fn ended(&self) -> Option<Outcome> {
        if self.cancel.is_cancelled() {
            return Some(Outcome::Cancelled);
        }
        (Instant::now() >= self.deadline).then_some(Outcome::Deadline)
    }

    /// Runs `work` until it ends, its deadline passes, or it is cancelled. The deadline is also
    /// looked at whenever the work yields, because a host whose threads all spin in guests turns
    /// its timers late.
    ///
    /// # Errors
    ///
    /// With the outcome of a call that may not go on.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Outcome> {
        let mut work = pin!(work);
        let mut cancelled = pin!(self.cancel.cancelled());
        let mut timer = pin!(tokio::time::sleep_until(self.deadline.into()));
        std::future::poll_fn(|context| {
            if let Some(outcome) = self.ended() {
                return Poll::Ready(Err(outcome));
            }
            if let Poll::Ready(ended) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(ended));
            }
            // It waits, or lets others run. Most calls never come here, and cost no timer.
            if cancelled.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Outcome::Cancelled));
            }
            timer
                .as_mut()
                .poll(context)
                .map(|()| Err(Outcome::Deadline))
        })
        .await
    }

    /// The token that ends the call before its deadline.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Time since it began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The receipt of a call that ended before the guest did anything.
    pub fn receipt(&self, grant: &Grant, outcome: Outcome) -> Receipt {
        let mut receipt = Receipt::unused(grant, outcome);
        receipt.refusals = self.account.refusal().into_iter().collect();
        self.settle(&mut receipt);
        receipt
    }

    /// Counts in a receipt what the host has done for the call until now.
    pub fn settle(&self, receipt: &mut Receipt) {
        receipt.host_memory = self.account.peak();
        receipt.wall_us = micros(self.elapsed());
    }

    /// The memory that the host holds for the call.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
