//! The outermost layer of a door: hands every answer over in pieces, and keeps what its request
//! holds until then.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::Map;
use hyper::{Request, Response};
use tower::{Layer, Service};

use super::connections::Connection;
use super::delivery::Delivery;
use super::holdings::{Holdings, Release};

/// Delivers the answers of one connection.
#[derive(Debug, Clone)]
pub(crate) struct DeliverLayer(pub(crate) Arc<Connection>);

/// See [`DeliverLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Deliver<S> {
    inner: S,
    connection: Arc<Connection>,
}

type Answered<B> = Result<Response<B>, Infallible>;
/// The answer with what is released after it: the resources of the request, and of the answer.
type Delivered<B> = Result<Response<Delivery<B, (Release, Option<Holdings>)>>, Infallible>;
type Wrap<B> = Box<dyn FnOnce(Answered<B>) -> Delivered<B> + Send>;

impl<S> Layer<S> for DeliverLayer {
    type Service = Deliver<S>;

    fn layer(&self, inner: S) -> Deliver<S> {
        Deliver {
            inner,
            connection: Arc::clone(&self.0),
        }
    }
}

impl<S, B, A> Service<Request<B>> for Deliver<S>
where
    S: Service<Request<B>, Response = Response<A>, Error = Infallible>,
    A: 'static,
{
    type Response = Response<Delivery<A, (Release, Option<Holdings>)>>;
    type Error = Infallible;
    type Future = Map<S::Future, Wrap<A>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let kept = Holdings::default();
        request.extensions_mut().insert(kept.clone());
        request
            .extensions_mut()
            .insert(Arc::clone(&self.connection));
        let connection = Arc::clone(&self.connection);
        let release = Release(kept);
        self.inner.call(request).map(Box::new(move |answered| {
            answered.map(|mut response| {
                let of_answer = response.extensions_mut().remove::<Holdings>();
                response.map(|body| Delivery::new(body, &connection, (release, of_answer)))
            })
        }))
    }
}
