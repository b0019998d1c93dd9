//! Answers handed over in pieces, so that little of one waits outside its limits for a client that
//! does not read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::connections::Connection;
use super::watch::Watch;

/// The largest piece, in bytes (8 KiB). An HTTP/2 stream whose answer has ended may hold one that
/// its client has no room for, so it bounds what a client costs that reads nothing.
const PIECE: usize = 8 << 10;

/// The body of an answer, in pieces. What was taken for the answer (`held`: its place, the bytes of
/// its request) is given back when the last piece is handed over or the connection is gone.
#[derive(Debug)]
pub(crate) struct Delivery<B, H> {
    body: B,
    rest: Bytes,
    watch: Arc<Watch>,
    _held: H,
}

impl<B, H> Delivery<B, H> {
    /// Delivers `body` on `connection`, and keeps `held` for as long.
    pub(crate) fn new(body: B, connection: &Connection, held: H) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            watch: connection.watch(),
            _held: held,
        }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.watch.set(Some(Instant::now()));
        Frame::data(piece)
    }
}

impl<B, H> Body for Delivery<B, H>
where
    B: Body<Data = Bytes> + Unpin,
    H: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        // The server asks for more when the client has taken the piece before.
        this.watch.set(None);
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(this.piece())));
        }
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) if !data.is_empty() => {
                    this.rest = data;
                    this.piece()
                }
                Ok(empty) => Frame::data(empty),
                Err(trailers) => trailers,
            })),
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::{BodyExt, Full};

    use super::super::connections::Connections;
    use super::*;

    #[tokio::test]
    async fn an_answer_leaves_in_pieces_and_none_of_it_is_lost() {
        let place = Connections::new(String::new()).place(None).await;
        let whole: Bytes = (0..PIECE * 2 + 1)
            .map(|n| n.to_le_bytes()[0])
            .collect::<Vec<_>>()
            .into();
        let mut delivery = Delivery::new(Full::new(whole.clone()), place.connection(), ());
        assert_eq!(delivery.size_hint().exact(), Some(whole.len() as u64));
        let mut taken = Vec::new();
        while let Some(frame) = delivery.frame().await {
            let piece = frame.unwrap().into_data().unwrap();
            assert!(piece.len() <= PIECE);
            taken.extend(piece);
        }
        assert_eq!(taken, whole);
        assert_eq!(delivery.watch.waits(), Duration::ZERO);
    }
}
