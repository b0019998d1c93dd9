//! The layer that lets a principal call the methods that the table gives it, about the agents that
//! it reaches.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use cofferdam_agent::Agents;
use futures_util::future::Either;
use hyper::header::HeaderValue;
use hyper::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use super::reach::{is_there, within};
use super::status::Grpc;
use crate::agent_key::AGENT_KEY;
use crate::edge::holdings::Holdings;
use crate::edge::methods::{About, of_grpc};
use crate::edge::principal::{Principal, Reach};
use crate::edge::refusal::{Refusal, RefusalKind, Wire};

/// Permits requests by the table of methods. Services find the [`Reach`] of a request beside it.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizeLayer(pub(crate) Arc<Agents>);

/// See [`AuthorizeLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Authorize<S> {
    inner: S,
    agents: Arc<Agents>,
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Authorize<S> {
        Authorize {
            inner,
            agents: Arc::clone(&self.0),
        }
    }
}

impl<S, B> Service<Request<B>> for Authorize<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match permit(&self.agents, &mut request) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(refusal) => Either::Left(ready(Ok(Grpc::refuse(refusal)))),
        }
    }
}

/// Permits a request, and tells its service what it reaches.
fn permit<B>(agents: &Agents, request: &mut Request<B>) -> Result<(), Refusal> {
    let denied = |sentence| Refusal::new(RefusalKind::Denied, sentence);
    let rule = of_grpc(request.uri().path())
        .ok_or_else(|| Refusal::new(RefusalKind::NotFound, "this host has no such method"))?;
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
                "as many requests are under way with token `{}` as one may have: try again when \
                 one has ended",
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
