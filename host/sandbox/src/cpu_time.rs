//! CPU time of a future, wherever the runtime polls it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Adds up the CPU time of the thread during every poll of `future`.
pub(crate) struct CpuTime<'a, F> {
    future: Pin<&'a mut F>,
    used: &'a mut Duration,
}

impl<'a, F: Future> CpuTime<'a, F> {
    pub(crate) fn new(future: Pin<&'a mut F>, used: &'a mut Duration) -> Self {
        Self { future, used }
    }
}

impl<F: Future> Future for CpuTime<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let before = thread_cpu_time();
        let poll = self.future.as_mut().poll(context);
        *self.used += thread_cpu_time().saturating_sub(before);
        poll
    }
}

fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds))
}
