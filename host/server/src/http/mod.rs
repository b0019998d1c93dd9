//! Plain HTTP: paths on the listeners of gRPC, for clients that do not speak it.
//!
//! Both versions of HTTP lead here (`edge/preface.rs`), through the same layers as gRPC: who makes
//! a request, whether the table of methods has a row for it, bounds.

mod contract;
pub(crate) mod pages;

use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use crate::contract::door::Contract;
use crate::edge::plain_http::{PlainHttp, PlainReply, PlainService};
use crate::edge::principal::Principal;
use crate::edge::refusal::{Refusal, RefusalKind, Wire};
use crate::telemetry::metrics::Metrics;

/// Everything that a host serves over plain HTTP to those who may call it. An agent's own address
/// has none of it.
#[derive(Debug, Clone)]
pub(crate) struct Paths {
    pub(crate) contract: Arc<Contract>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Every path that has a row in the table of methods, where there are `paths`.
pub(crate) fn service(paths: Option<Paths>) -> PlainService {
    BoxCloneSyncService::new(service_fn(move |request: Request<Incoming>| {
        let paths = paths.clone();
        async move {
            let ended = request
                .extensions()
                .get::<Principal>()
                .and_then(Principal::ended);
            let replied = reply(paths.as_ref(), request);
            let ended = async {
                match ended {
                    Some(ended) => ended.await,
                    None => std::future::pending().await,
                }
            };
            let reply = tokio::select! {
                biased;
                sentence = ended => Err(Refusal::new(RefusalKind::Unauthenticated, sentence)),
                reply = replied => reply,
            };
            Ok(reply.unwrap_or_else(PlainHttp::refuse))
        }
    }))
}

async fn reply(paths: Option<&Paths>, request: Request<Incoming>) -> Result<PlainReply, Refusal> {
    match (request.uri().path(), paths) {
        (contract::PATH, Some(paths)) => contract::execute(&paths.contract, request).await,
        (pages::METRICS, Some(paths)) => Ok(pages::metrics(&paths.metrics, request.method())),
        _ => Err(Refusal::new(
            RefusalKind::NotFound,
            "this address has no such method",
        )),
    }
}
