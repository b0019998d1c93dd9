//! Work that waits for a disk.

use crate::error::Error;

/// Runs what waits for a disk on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(Error::io("use the image store")(std::io::Error::other(
            error,
        )))
    })
}
