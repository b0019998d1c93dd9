//! Request bodies, counted and timed while they come in.
//!
//! What decodes a message makes room for its announced length before the first byte of it has come.
//! So the prefixes of the messages are read here, and a message is charged when it is announced.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::Status;

use crate::edge::body_bytes::BodyBytes;

/// The largest message that is read, in bytes (12 MiB). Prompts have a smaller limit with a better
/// sentence; this one bounds the memory of a request.
pub(super) const MAX_REQUEST: usize = 12 << 20;

/// Time for the whole body of a request. The largest takes milliseconds on this machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes before each message: whether it is compressed, and its length (gRPC over HTTP/2,
/// `Length-Prefixed-Message`).
const PREFIX: usize = 5;

/// A request body.
#[derive(Debug)]
pub(crate) struct Received<B = Incoming> {
    body: B,
    held: Arc<BodyBytes>,
    messages: Messages,
    patience: Pin<Box<Sleep>>,
}

/// The place in a body: within a prefix or within a message.
#[derive(Debug, Default)]
struct Messages {
    prefix: [u8; PREFIX],
    /// Bytes of the prefix that have come.
    begun: usize,
    /// Bytes of the message that have not come yet.
    rest: usize,
}

impl Messages {
    /// Returns the bytes that the next piece of the body makes the host hold: whole messages, as
    /// they are announced. One that is larger than any service reads is refused by what decodes it,
    /// which makes no room for it.
    fn weigh(&mut self, mut piece: &[u8]) -> usize {
        let mut held = 0_usize;
        while !piece.is_empty() {
            if self.rest > 0 {
                let (_, after) = piece.split_at(self.rest.min(piece.len()));
                self.rest -= piece.len() - after.len();
                piece = after;
                continue;
            }
            let (more, after) = piece.split_at((PREFIX - self.begun).min(piece.len()));
            for (place, byte) in self.prefix.iter_mut().skip(self.begun).zip(more) {
                *place = *byte;
            }
            self.begun += more.len();
            piece = after;
            if self.begun == PREFIX {
                let [_, length @ ..] = self.prefix;
                self.begun = 0;
                self.rest = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                held = held
                    .saturating_add(PREFIX)
                    .saturating_add(self.rest.min(MAX_REQUEST));
            }
        }
        held
    }
}

impl<B> Received<B> {
    /// The body, charged to `held`.
    pub(crate) fn new(body: B, held: Arc<BodyBytes>) -> Self {
        Self::within(PATIENCE, body, held)
    }

    fn within(patience: Duration, body: B, held: Arc<BodyBytes>) -> Self {
        Self {
            body,
            held,
            messages: Messages::default(),
            patience: Box::pin(sleep(patience)),
        }
    }
}

impl<B> Body for Received<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame
                    .data_ref()
                    .map_or(0, |piece| self.messages.weigh(piece));
                Poll::Ready(Some(
                    self.held
                        .take(bytes)
                        .map(|()| frame)
                        .map_err(|sentence| Status::resource_exhausted(sentence).into()),
                ))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.patience.as_mut().poll(cx).map(|()| {
                let sentence = format!(
                    "the request took longer than {} s to arrive",
                    PATIENCE.as_secs()
                );
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
    use crate::edge::budget::Budget;

    /// Time for bodies that are there at once.
    const NEVER: Duration = Duration::from_secs(600);

    fn code(error: Box<dyn std::error::Error + Send + Sync>) -> Code {
        error.downcast::<Status>().unwrap().code()
    }

    #[tokio::test]
    async fn the_bytes_of_requests_are_bounded_until_their_answers_are_delivered() {
        let budget = Budget::new(11);
        let body = |bytes: &'static [u8]| {
            let held = Arc::new(BodyBytes::new(budget.clone()));
            (
                Arc::clone(&held),
                Received::within(NEVER, Full::new(Bytes::from_static(bytes)), held),
            )
        };
        let (first, received) = body(&[0, 0, 0, 0, 1, 7]);
        assert_eq!(
            received.collect().await.unwrap().to_bytes(),
            [0, 0, 0, 0, 1, 7].as_slice()
        );
        let (_, received) = body(&[0, 0, 0, 0, 1, 7]);
        assert_eq!(
            code(received.collect().await.unwrap_err()),
            Code::ResourceExhausted
        );
        let (second, received) = body(&[0, 0, 0, 0, 0]);
        assert!(received.collect().await.is_ok());
        assert!(budget.take(1).is_none());
        drop((first, second));
        assert!(budget.take(11).is_some());
    }

    #[tokio::test]
    async fn a_request_that_does_not_arrive_in_its_time_is_ended() {
        let held = Arc::new(BodyBytes::new(Budget::new(10)));
        let part = iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(
            b"part",
        )))]);
        let mut received =
            Received::within(Duration::ZERO, StreamBody::new(part.chain(pending())), held);
        assert!(received.frame().await.unwrap().is_ok());
        assert_eq!(
            code(received.frame().await.unwrap().unwrap_err()),
            Code::DeadlineExceeded
        );
    }

    #[test]
    fn a_message_weighs_when_it_is_announced_however_it_is_cut() {
        let mut body = vec![0, 0, 0, 0, 3, 1, 2, 3];
        body.extend([0, 0, 0, 0, 0]);
        body.extend([0, 0, 1, 0, 0, 9]);
        for size in 1..=body.len() {
            let mut messages = Messages::default();
            let weighed: Vec<_> = body
                .chunks(size)
                .map(|piece| messages.weigh(piece))
                .collect();
            assert_eq!(
                weighed.iter().sum::<usize>(),
                3 * PREFIX + 3 + 65_536,
                "in pieces of {size}"
            );
            assert_eq!(messages.rest, 65_535);
        }
        let mut messages = Messages::default();
        assert_eq!(messages.weigh(&[0, 0, 0x20, 0, 0]), PREFIX + (2 << 20));
        assert_eq!(messages.weigh(&[7; 10]), 0);
        assert_eq!(
            Messages::default().weigh(&[0, 255, 255, 255, 255]),
            PREFIX + MAX_REQUEST
        );
    }
}
