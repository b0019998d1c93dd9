//! The layer that ends requests under way when their token ends.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::cut::{Ended, cut};
use crate::edge::principal::Principal;

/// Ends a request when its token expires or is revoked, also while its answer is streamed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RevocableLayer;

/// See [`RevocableLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Revocable<S>(S);

impl<S> Layer<S> for RevocableLayer {
    type Service = Revocable<S>;

    fn layer(&self, inner: S) -> Revocable<S> {
        Revocable(inner)
    }
}

impl<S, B> Service<Request<B>> for Revocable<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let ended = request.extensions().get::<Principal>();
        let ended = ended.and_then(Principal::ended);
        let answered = self.0.call(request);
        let Some(ended) = ended else {
            return Box::pin(answered);
        };
        let mut ended: Ended = Box::pin(async { Status::unauthenticated(ended.await) });
        Box::pin(async move {
            tokio::select! {
                biased;
                status = &mut ended => Ok(status.into_http()),
                answered = answered => {
                    answered.map(|response| response.map(|body| cut(body, ended)))
                }
            }
        })
    }
}
