//! `POST /v1/tools/execute`: tool contract v1 over HTTP.
//!
//! An envelope is answered with an envelope and the status 200, however the call ends. A request
//! that is no envelope at all gets another status and a sentence.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Request, Response};

use crate::agent_key::AGENT_KEY;
use crate::approval_key::APPROVAL_KEY;
use crate::contract::door::{Arrival, Contract, Reply};
use crate::contract::request::MAX_ENVELOPE;
use crate::edge::body_bytes::BodyBytes;
use crate::edge::plain_http::PlainReply;
use crate::edge::principal::Principal;
use crate::edge::read_body::{BodyBounds, read_body};
use crate::edge::refusal::{Refusal, RefusalKind};

/// The path.
pub(super) const PATH: &str = "/v1/tools/execute";

/// The header with the version of the contract.
const VERSION: HeaderName = HeaderName::from_static("x-tool-contract-version");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

const BOUNDS: BodyBounds = BodyBounds {
    patience: Duration::from_secs(30),
    bytes: MAX_ENVELOPE,
};

/// Answers an envelope.
pub(super) async fn execute(
    contract: &Contract,
    request: Request<Incoming>,
) -> Result<PlainReply, Refusal> {
    let invalid = |sentence: String| Refusal::new(RefusalKind::Invalid, sentence);
    let kind = text(&request, &CONTENT_TYPE)?;
    if !kind.as_deref().is_none_or(is_json) {
        return Err(invalid(
            "the content type has to be application/json".to_owned(),
        ));
    }
    let version = text(&request, &VERSION)?;
    let agent = text(&request, &HeaderName::from_static(AGENT_KEY))?;
    let approval = text(&request, &HeaderName::from_static(APPROVAL_KEY))?;
    let principal = request.extensions().get::<Principal>().cloned();
    let principal =
        principal.ok_or_else(|| Refusal::new(RefusalKind::Denied, "nobody makes this request"))?;
    let held = request.extensions().get::<Arc<BodyBytes>>().cloned();
    let hold = |bytes| match &held {
        Some(held) => held.take(bytes).map_err(full),
        None => Err(full("the host counts no bytes of this request")),
    };
    let body = read_body(request.into_body(), BOUNDS, hold).await?;
    let arrival = Arrival {
        body: body.into(),
        version,
        agent,
        approval,
        principal,
    };
    let replied = contract.execute(arrival).await;
    let Reply { body, holdings } = replied.map_err(|none| invalid(none.to_string()))?;
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
        .headers_mut()
        .insert(VERSION, HeaderValue::from_static("v1"));
    response.extensions_mut().insert(holdings);
    Ok(response)
}

fn full(sentence: &'static str) -> Refusal {
    Refusal::new(RefusalKind::Exhausted, sentence)
}

/// The value of a header, if it is there.
fn text(request: &Request<Incoming>, name: &HeaderName) -> Result<Option<String>, Refusal> {
    let value = request.headers().get(name);
    let value = value
        .map(|value| value.to_str().map(str::to_owned))
        .transpose();
    value.map_err(|_| Refusal::new(RefusalKind::Invalid, format!("header {name} is not text")))
}

/// Returns true if a content type says JSON, whatever stands behind it.
fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
