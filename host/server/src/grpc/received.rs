//! Request bodies, counted and timed while they come in.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};
use tonic::Status;

/// Time for the whole body of a request. The largest takes milliseconds on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bytes of one request that are in memory, taken from those of the host until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Semaphore>,
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

/// A request body.
#[derive(Debug)]
pub(crate) struct Received<B = Incoming> {
    body: B,
    held: Arc<Held>,
    patience: Pin<Box<Sleep>>,
}

impl Held {
    /// Nothing yet, of `budget`.
    pub(crate) fn new(budget: Arc<Semaphore>) -> Self {
        Self { budget, permit: Mutex::default() }
    }

    fn take(&self, bytes: usize) -> Result<(), Status> {
        let taken = u32::try_from(bytes).ok();
        let taken = taken.and_then(|bytes| Arc::clone(&self.budget).try_acquire_many_owned(bytes).ok());
        let Some(taken) = taken else {
            let sentence = "the host holds as many bytes of requests as it may: try again when one has been answered";
            return Err(Status::resource_exhausted(sentence));
        };
        let mut permit = self.permit.lock().unwrap_or_else(PoisonError::into_inner);
        match permit.as_mut() {
            Some(permit) => permit.merge(taken),
            None => *permit = Some(taken),
        }
        Ok(())
    }
}

impl<B> Received<B> {
    /// The body, charged to `held`.
    pub(crate) fn new(body: B, held: Arc<Held>) -> Self {
        Self::within(PATIENCE, body, held)
    }

    fn within(patience: Duration, body: B, held: Arc<Held>) -> Self {
        Self { body, held, patience: Box::pin(sleep(patience)) }
    }
}

impl<B> Body for Received<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                Poll::Ready(Some(self.held.take(bytes).map(|()| frame).map_err(Into::into)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.patience.as_mut().poll(cx).map(|()| {
                let sentence = format!("the request took longer than {} s to arrive", PATIENCE.as_secs());
                Some(Err(Status::deadline_exceeded(sentence).into()))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::StreamExt;
    use futures_util::stream::{iter, pending};
    use http_body_util::{BodyExt, Full, StreamBody};
    use tonic::Code;

    use super::*;

    /// Time for bodies that are there at once.
    const NEVER: Duration = Duration::from_secs(600);

    fn code(error: Box<dyn std::error::Error + Send + Sync>) -> Code {
        error.downcast::<Status>().unwrap().code()
    }

    #[tokio::test]
    async fn the_bytes_of_requests_are_bounded_until_their_answers_are_delivered() {
        let budget = Arc::new(Semaphore::new(10));
        let body = |bytes: &'static [u8]| {
            let held = Arc::new(Held::new(Arc::clone(&budget)));
            (Arc::clone(&held), Received::within(NEVER, Full::new(Bytes::from_static(bytes)), held))
        };
        let (first, received) = body(b"six...");
        assert_eq!(received.collect().await.unwrap().to_bytes(), "six...");
        let (_, received) = body(b"five.");
        assert_eq!(code(received.collect().await.unwrap_err()), Code::ResourceExhausted);
        let (second, received) = body(b"four");
        assert!(received.collect().await.is_ok());
        assert_eq!(budget.available_permits(), 0);
        drop((first, second));
        assert_eq!(budget.available_permits(), 10);
    }

    #[tokio::test]
    async fn a_request_that_does_not_arrive_in_its_time_is_ended() {
        let held = Arc::new(Held::new(Arc::new(Semaphore::new(10))));
        let part = iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"part")))]);
        let mut received = Received::within(Duration::ZERO, StreamBody::new(part.chain(pending())), held);
        assert!(received.frame().await.unwrap().is_ok());
        assert_eq!(code(received.frame().await.unwrap().unwrap_err()), Code::DeadlineExceeded);
    }
}
