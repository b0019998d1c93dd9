//! Threads for checks.

use tokio::sync::{Semaphore, oneshot};

use super::error::ObjectError;

/// Checks at once on one host: each takes a processor for up to a second.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Stack of a thread that checks, in bytes (64 MiB, of which only what is used is taken). The
/// library and the count go as deep as schemas and answers are nested.
pub(super) const STACK: usize = 64 << 20;

/// Runs work that may take a second on a thread of its own.
pub(super) async fn off_the_serving_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ObjectError> {
    let failed = |problem: String| ObjectError::Host(problem);
    let place = PLACES.acquire().await;
    let place = place.map_err(|error| failed(error.to_string()))?;
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new()
        .name("schema".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // The place is free when the work is done, also where nobody waits for it any more.
            let _place = place;
            let _ = answer.send(work());
        })
        .map_err(|error| failed(error.to_string()))?;
    answered
        .await
        .map_err(|_| failed("its thread has ended".to_owned()))
}
