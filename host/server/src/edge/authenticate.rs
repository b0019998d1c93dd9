//! The layer that finds out who makes a request, and lets none in of an unknown party.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, Response};
use tower::{Layer, Service};

use super::connections::Connection;
use super::credentials::Identification;
use super::failures::{DELAY, Verdict};
use super::holdings::Holdings;
use super::refusal::{Refusal, RefusalKind, Wire};

/// Finds out the principal of each request, for the layers and services behind it. The first
/// permitted request proves its connection.
#[derive(Debug, Clone)]
pub(crate) struct AuthenticateLayer<W> {
    identification: Identification,
    wire: PhantomData<W>,
}

/// See [`AuthenticateLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Authenticate<S, W> {
    inner: S,
    identification: Identification,
    wire: PhantomData<W>,
}

type Refused<W> = Pin<Box<dyn Future<Output = Answered<W>> + Send>>;
type Answered<W> = Result<Response<<W as Wire>::Body>, Infallible>;

impl<W> AuthenticateLayer<W> {
    /// Identifies requests in this way.
    pub(crate) fn new(identification: Identification) -> Self {
        Self {
            identification,
            wire: PhantomData,
        }
    }
}

impl<S, W> Layer<S> for AuthenticateLayer<W> {
    type Service = Authenticate<S, W>;

    fn layer(&self, inner: S) -> Authenticate<S, W> {
        Authenticate {
            inner,
            identification: self.identification.clone(),
            wire: PhantomData,
        }
    }
}

impl<S, W, B> Service<Request<B>> for Authenticate<S, W>
where
    S: Service<Request<B>, Response = Response<W::Body>, Error = Infallible>,
    W: Wire + 'static,
{
    type Response = Response<W::Body>;
    type Error = Infallible;
    type Future = Either<Refused<W>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let sent = request.headers().get(AUTHORIZATION);
        let sent = sent.map(HeaderValue::as_bytes);
        let Some(principal) = self.identification.principal(sent) else {
            let verdict = self.verdict(&request, sent.is_some());
            let wanted = self.identification.wanted();
            return Either::Left(Box::pin(refuse::<W>(verdict, wanted)));
        };
        // A token goes no further than here.
        request.headers_mut().remove(AUTHORIZATION);
        request.extensions_mut().insert(principal);
        if let Some(connection) = request.extensions().get::<Arc<Connection>>() {
            Holdings::of(&request).keep(connection.begin());
        }
        Either::Right(self.inner.call(request))
    }
}

impl<S, W> Authenticate<S, W> {
    /// The answer to a request without a token that holds. No token at all is no guess.
    fn verdict<B>(&self, request: &Request<B>, is_sent: bool) -> Verdict {
        let peer = || request.extensions().get::<Arc<Connection>>()?.peer();
        match self.identification.failures().filter(|_| is_sent) {
            Some(failures) => peer().map_or(Verdict::AtOnce, |peer| failures.count(peer)),
            None => Verdict::AtOnce,
        }
    }
}

async fn refuse<W: Wire>(verdict: Verdict, wanted: &'static str) -> Answered<W> {
    let refusal = match verdict {
        Verdict::AtOnce => Refusal::new(RefusalKind::Unauthenticated, wanted),
        Verdict::Delayed(_place) => {
            tokio::time::sleep(DELAY).await;
            Refusal::new(RefusalKind::Unauthenticated, wanted)
        }
        Verdict::TooMany => Refusal::new(
            RefusalKind::Exhausted,
            "too many requests with wrong tokens: try again with a right one",
        ),
    };
    Ok(W::refuse(refusal))
}
