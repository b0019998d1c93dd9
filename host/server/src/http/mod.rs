//! Plain HTTP: paths on the listeners of gRPC, for clients that do not speak it.
//!
//! Both versions of HTTP lead here (`edge/preface.rs`), through the same layers as gRPC: who makes
//! a request, whether the table of methods has a row for it, bounds.

mod contract;

use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

use crate::contract::door::Contract;
use crate::edge::plain_http::{PlainHttp, PlainService};
use crate::edge::principal::Principal;
use crate::edge::refusal::{Refusal, RefusalKind, Wire};

/// Every path that has a row in the table of methods.
pub(crate) fn service(contract: Arc<Contract>) -> PlainService {
    BoxCloneSyncService::new(service_fn(move |request: Request<Incoming>| {
        let contract = Arc::clone(&contract);
        async move {
            let ended = request
                .extensions()
                .get::<Principal>()
                .and_then(Principal::ended);
            let replied = async {
                match request.uri().path() {
                    contract::PATH => contract::execute(&contract, request).await,
                    _ => Err(Refusal::new(
                        RefusalKind::NotFound,
                        "this host has no such method",
                    )),
                }
            };
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
