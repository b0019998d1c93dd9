//! The threads of guests: their own, so that no guest holds up what serves others.
//!
//! All work for a guest runs here, the host's own work for it included: checking its input, its
//! host calls, redacting and cleaning up. Listeners, health, `ps` and signals have the threads of
//! the process's own runtime, which runs no guest.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// Niceness of guest threads. When all cores are held by guests, a thread that serves others is
/// scheduled first.
const NICENESS: i32 = 5;

/// Threads for work that blocks (compiling is not among it): wiping scratch directories, looking
/// names up, flushing files. Further work waits for one of them.
const BLOCKING_THREADS: usize = 64;

/// Stack of a guest thread in bytes (2 MiB, tokio's default). Guests have stacks of their own;
/// validation and redaction run on this one.
const STACK: usize = 2 << 20;

/// The threads that guests run on, one for each core.
#[derive(Debug)]
pub struct GuestThreads {
    /// Always there, until it is dropped without waiting for what blocks.
    runtime: Option<Runtime>,
}

impl GuestThreads {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// If the system gives no threads.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("guest")
            .thread_stack_size(STACK)
            .max_blocking_threads(BLOCKING_THREADS)
            .on_thread_start(yield_to_others)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Runs `work` on a guest thread to its own end, also if the returned future is dropped. `None`
    /// if it panicked, or if the host ends.
    pub async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let task = self.runtime.as_ref()?.spawn(work);
        task.await.inspect_err(failed).ok()
    }

    /// Runs `work` on a guest thread. It is stopped where it next waits if the returned future is
    /// dropped. `None` if it panicked, or if the host ends.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let task = AbortOnDropHandle::new(self.runtime.as_ref()?.spawn(work));
        task.await.inspect_err(failed).ok()
    }
}

impl Drop for GuestThreads {
    /// Ends the threads without waiting for a guest that does not yield: the process ends all the
    /// same.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn failed(error: &tokio::task::JoinError) {
    tracing::error!("work for a guest failed in the host: {error}");
}

fn yield_to_others() {
    // On Linux this is about the calling thread. Where the system refuses, all threads are equal.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}
