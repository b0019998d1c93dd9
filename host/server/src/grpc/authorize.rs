//! The layer that lets a principal call the methods that the table gives it, about the agents that
//! it reaches.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use cofferdam_agent::Agents;
use futures_util::future::Either;
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response};
use tower::{Layer, Service};

use super::reach::{is_there, within};
use crate::agent_key::AGENT_KEY;
use crate::edge::holdings::Holdings;
use crate::edge::methods::{About, Rule};
use crate::edge::principal::{Principal, Reach};
use crate::edge::refusal::{Refusal, RefusalKind, Wire};

/// Finds the row of a request in the table of methods.
pub(crate) type FindRule = fn(&Method, &str) -> Option<&'static Rule>;

/// Permits requests by the table of methods. Services find the [`Reach`] of a request beside it.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizeLayer<W> {
    agents: Arc<Agents>,
    find: FindRule,
    /// The sentence for requests without a row.
    unknown: &'static str,
    wire: PhantomData<W>,
}

/// See [`AuthorizeLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Authorize<S, W> {
    inner: S,
    layer: AuthorizeLayer<W>,
}

impl<W> AuthorizeLayer<W> {
    /// Permits requests about `agents`, whose rows `find` finds. `unknown` refuses the others.
    pub(crate) fn new(agents: Arc<Agents>, find: FindRule, unknown: &'static str) -> Self {
        Self {
            agents,
            find,
            unknown,
            wire: PhantomData,
        }
    }

    /// Permits a request, and tells its service what it reaches.
    fn permit<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        let Self {
            agents,
            find,
            unknown,
            ..
        } = self;
        let denied = |sentence| Refusal::new(RefusalKind::Denied, sentence);
        let rule = find(request.method(), request.uri().path())
            .ok_or_else(|| Refusal::new(RefusalKind::NotFound, *unknown))?;
        // The layer before this one has put it there.
        let principal = request.extensions().get::<Principal>().cloned();
        let principal = principal.ok_or_else(|| denied("nobody makes this request".to_owned()))?;
        if principal.agent().is_some_and(|own| !is_there(agents, own)) {
            return Err(denied("the agent of this token was removed".to_owned()));
        }
        let reach = principal.reach(rule)?;
        if let Some(life) = principal.life() {
            let place = life.requests.take(1).ok_or_else(|| {
                let sentence = format!(
                    "as many requests are under way with token `{}` as one may have: try again \
                     when one has ended",
                    life.name
                );
                Refusal::new(RefusalKind::Exhausted, sentence)
            })?;
            Holdings::of(request).keep(place);
        }
        match (rule.about, &reach) {
            (About::AgentInMetadata, Reach::These(ids)) => {
                let asked = request.headers().get(AGENT_KEY);
                let asked = asked.map(|asked| asked.to_str().unwrap_or_default());
                let id = within(agents, ids, asked)?;
                let value = HeaderValue::from_str(&id);
                let value = value.map_err(|_| denied("no agent has such an id".to_owned()))?;
                request.headers_mut().insert(AGENT_KEY, value);
            }
            (About::Host, Reach::These(_)) => {
                let sentence = format!("{} is about the whole host", rule.method);
                return Err(denied(sentence));
            }
            _ => {}
        }
        request.extensions_mut().insert(reach);
        Ok(())
    }
}

impl<S, W: Clone> Layer<S> for AuthorizeLayer<W> {
    type Service = Authorize<S, W>;

    fn layer(&self, inner: S) -> Authorize<S, W> {
        Authorize {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S, W, B> Service<Request<B>> for Authorize<S, W>
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.layer.permit(&mut request) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(refusal) => Either::Left(ready(Ok(W::refuse(refusal)))),
        }
    }
}
