//! The layer that bounds the requests under way.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::task::{Context, Poll};

use futures_util::future::Either;
use hyper::{Request, Response, Uri};
use tower::{Layer, Service};

use super::budget::Budget;
use super::holdings::Holdings;
use super::refusal::{Refusal, RefusalKind, Wire};

/// Admits as many requests of one kind as a budget allows, each until its answer is delivered.
#[derive(Debug, Clone)]
pub(crate) struct AdmitLayer<W> {
    rule: Rule,
    wire: PhantomData<W>,
}

/// See [`AdmitLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Admit<S, W> {
    inner: S,
    rule: Rule,
    wire: PhantomData<W>,
}

#[derive(Debug, Clone)]
struct Rule {
    budget: Budget,
    counts: fn(&Uri) -> bool,
    full: &'static str,
}

impl<W> AdmitLayer<W> {
    /// Counts requests for which `counts` returns true. Where there are too many, clients are told
    /// `full`.
    pub(crate) fn new(budget: Budget, counts: fn(&Uri) -> bool, full: &'static str) -> Self {
        Self {
            rule: Rule {
                budget,
                counts,
                full,
            },
            wire: PhantomData,
        }
    }
}

impl<S, W> Layer<S> for AdmitLayer<W> {
    type Service = Admit<S, W>;

    fn layer(&self, inner: S) -> Admit<S, W> {
        Admit {
            inner,
            rule: self.rule.clone(),
            wire: PhantomData,
        }
    }
}

impl<S, W, B> Service<Request<B>> for Admit<S, W>
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
        let Rule {
            budget,
            counts,
            full,
        } = &self.rule;
        if counts(request.uri()) {
            let Some(place) = budget.take(1) else {
                let refusal = Refusal::new(RefusalKind::Exhausted, *full);
                return Either::Left(ready(Ok(W::refuse(refusal))));
            };
            Holdings::of(&request).keep(place);
        }
        Either::Right(self.inner.call(request))
    }
}
