//! Bodies that end at their cap.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use cofferdam_capability::Charge;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::errors::of_hyper;
use crate::network::Record;

/// The place and the memory of an exchange, held until its response was read or dropped.
pub(super) struct Hold {
    _place: OwnedSemaphorePermit,
    _memory: Charge,
}

impl Hold {
    pub(super) fn new(place: OwnedSemaphorePermit, memory: Charge) -> Self {
        Self {
            _place: place,
            _memory: memory,
        }
    }
}

/// The bytes of a body that have passed, up to a cap.
struct Meter {
    what: &'static str,
    cap: u64,
    left: u64,
    record: Record,
}

/// The body of a request, up to a cap.
pub(super) struct Outgoing {
    body: WasiBody,
    first: First,
    meter: Meter,
}

/// The beginning of a body, as far as it is known before the head is sent.
enum First {
    /// Nothing has been written, and more may come.
    Unknown,
    /// The first piece.
    Frame(Result<Frame<Bytes>, Error>),
    /// Nothing was written, and nothing will be.
    Empty,
    /// It has been handed on.
    Passed,
}

/// The body of a response, up to a cap, with a limit on its pauses. It holds the exchange's place
/// and memory until it is read to its end or dropped.
pub(super) struct Response {
    body: Incoming,
    meter: Meter,
    patience: Duration,
    pause: Pin<Box<Sleep>>,
    hold: Option<Hold>,
}

impl Meter {
    fn new(what: &'static str, cap: u64, record: Record) -> Self {
        Self {
            what,
            cap,
            left: cap,
            record,
        }
    }

    /// Returns true if these bytes still fit. The first ones that do not are in the receipt.
    fn fits(&mut self, bytes: &Bytes) -> bool {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => {
                self.left = left;
                true
            }
            None => {
                self.record.refuse(&format!(
                    "http {} body: more than {} bytes",
                    self.what, self.cap
                ));
                false
            }
        }
    }
}

impl Outgoing {
    pub(super) fn new(body: WasiBody, cap: u64, record: Record) -> Self {
        Self {
            body,
            first: First::Unknown,
            meter: Meter::new("request", cap, record),
        }
    }

    /// No body.
    pub(super) fn empty(record: Record) -> Self {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        Self {
            first: First::Empty,
            ..Self::new(body, 0, record)
        }
    }

    /// Waits for the beginning of the body, at most `patience`. Guests that send nothing say so
    /// when they finish the body, which many do right after they have handed the request over.
    pub(super) async fn begin(&mut self, patience: Duration) {
        let first = std::future::poll_fn(|context| self.poll_first(context));
        // A guest that writes only when it has read a response is not waited for.
        let _ = tokio::time::timeout(patience, first).await;
    }

    /// Returns true if nobody wrote to the body or will.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.first, First::Empty) || self.body.is_end_stream()
    }

    /// Returns true if something was written to the body already.
    pub(super) fn is_begun(&self) -> bool {
        matches!(&self.first, First::Frame(Ok(frame)) if frame.is_data())
    }

    fn poll_first(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while matches!(self.first, First::Unknown) {
            let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
            self.first = match frame {
                None => First::Empty,
                Some(Ok(frame)) if frame.data_ref().is_some_and(Bytes::is_empty) => continue,
                Some(frame) => First::Frame(frame),
            };
        }
        Poll::Ready(())
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match std::mem::replace(&mut self.first, First::Passed) {
            First::Frame(frame) => Some(frame),
            First::Empty => None,
            First::Unknown | First::Passed => {
                std::task::ready!(Pin::new(&mut self.body).poll_frame(cx))
            }
        };
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
            && !self.meter.fits(bytes)
        {
            return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(self.meter.cap)))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self.first {
            First::Frame(_) => false,
            First::Empty => true,
            First::Unknown | First::Passed => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.first {
            // The body no longer counts the piece that was taken out of it.
            First::Frame(_) => SizeHint::default(),
            First::Empty => SizeHint::with_exact(0),
            First::Unknown | First::Passed => self.body.size_hint(),
        }
    }
}

impl Response {
    pub(super) fn new(
        body: Incoming,
        cap: u64,
        patience: Duration,
        hold: Hold,
        record: Record,
    ) -> Self {
        let pause = Box::pin(sleep(patience));
        Self {
            body,
            meter: Meter::new("response", cap, record),
            patience,
            pause,
            hold: Some(hold),
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.hold = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Response {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        // A body that has failed has ended.
        if self.hold.is_none() {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending if self.pause.as_mut().poll(cx).is_ready() => {
                self.fail(Error::ConnectionReadTimeout)
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => {
                self.hold = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => self.fail(of_hyper(&error)),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(bytes) = frame.data_ref()
                    && !self.meter.fits(bytes)
                {
                    let cap = self.meter.cap;
                    return self.fail(Error::HttpResponseBodySize(Some(cap)));
                }
                let until = Instant::now() + self.patience;
                self.pause.as_mut().reset(until);
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.hold.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
