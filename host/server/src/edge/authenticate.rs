//! The layer that lets no request in without the token of its door.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, Response};
use tower::{Layer, Service};

use super::connections::Connection;
use super::holdings::Holdings;
use super::refusal::{Refusal, RefusalKind, Wire};
use crate::token::Token;

/// Asks for the token of a door. A door without one is the unix socket, which lets this user alone
/// connect. The first permitted request proves its connection.
#[derive(Debug, Clone)]
pub(crate) struct AuthenticateLayer<W> {
    token: Option<Arc<Token>>,
    wire: PhantomData<W>,
}

/// See [`AuthenticateLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Authenticate<S, W> {
    inner: S,
    token: Option<Arc<Token>>,
    wire: PhantomData<W>,
}

impl<W> AuthenticateLayer<W> {
    /// Asks for this token.
    pub(crate) fn new(token: Option<Arc<Token>>) -> Self {
        Self {
            token,
            wire: PhantomData,
        }
    }
}

impl<S, W> Layer<S> for AuthenticateLayer<W> {
    type Service = Authenticate<S, W>;

    fn layer(&self, inner: S) -> Authenticate<S, W> {
        Authenticate {
            inner,
            token: self.token.clone(),
            wire: PhantomData,
        }
    }
}

impl<S, W, B> Service<Request<B>> for Authenticate<S, W>
where
    S: Service<Request<B>, Response = Response<W::Body>, Error = Infallible>,
    W: Wire,
{
    type Response = Response<W::Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Self::Response, Infallible>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(token) = &self.token {
            let sent = request.headers().get(AUTHORIZATION);
            if !token.is_in(sent.map(HeaderValue::as_bytes).unwrap_or_default()) {
                let refusal = Refusal::new(RefusalKind::Unauthenticated, Token::wanted());
                return Either::Left(ready(Ok(W::refuse(refusal))));
            }
        }
        if let Some(connection) = request.extensions().get::<Arc<Connection>>() {
            Holdings::of(&request).keep(connection.begin());
        }
        Either::Right(self.inner.call(request))
    }
}
