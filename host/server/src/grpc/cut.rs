//! Answers that are cut off when something ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::HeaderMap;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// The end, with the status that it has for the client.
pub(super) type Ended = Pin<Box<dyn Future<Output = Status> + Send>>;

/// The body of an answer that ends with a status when something has ended. What makes it is dropped
/// then.
struct Cut {
    body: Option<Body>,
    ended: Ended,
}

/// The body, cut off when `ended` comes before its own end.
pub(super) fn cut(body: Body, ended: Ended) -> Body {
    Body::new(Cut {
        body: Some(body),
        ended,
    })
}

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { body, ended } = &mut *self;
        let Some(rest) = body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(status) = ended.as_mut().poll(cx) {
            *body = None;
            let mut trailers = HeaderMap::new();
            status.add_header(&mut trailers)?;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        // An answer that is cut off has fewer bytes than it began with.
        SizeHint::default()
    }
}
