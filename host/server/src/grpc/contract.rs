//! `orloj.tool.v1.ToolService`: tool contract v1 over gRPC, whose messages are JSON.
//!
//! There is no `.proto` of this service: a message is one envelope.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::Body as HttpBody;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tokio_util::bytes::{Buf, BufMut};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tower::Service;

use crate::agent_key::AGENT_KEY;
use crate::approval_key::APPROVAL_KEY;
use crate::contract::door::{Arrival, Contract, Reply};
use crate::contract::request::MAX_ENVELOPE;
use crate::edge::principal::Principal;

/// The one method.
const EXECUTE: &str = "/orloj.tool.v1.ToolService/Execute";

/// The type of messages that are JSON.
const JSON: &str = "application/grpc+json";

/// The type of messages in the format that client and server agreed on: clients that cannot name
/// theirs send it.
const AGREED: &str = "application/grpc";

/// Serves the contract.
#[derive(Debug, Clone)]
pub(super) struct ToolService {
    contract: Arc<Contract>,
}

/// Messages as their bytes.
#[derive(Debug, Clone, Copy, Default)]
struct JsonCodec;

/// The method.
struct Execute(Arc<Contract>);

impl ToolService {
    pub(super) fn new(contract: Arc<Contract>) -> Self {
        Self { contract }
    }
}

impl NamedService for ToolService {
    const NAME: &'static str = "orloj.tool.v1.ToolService";
}

impl<B> Service<hyper::Request<B>> for ToolService
where
    B: HttpBody + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    type Response = hyper::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: hyper::Request<B>) -> Self::Future {
        let contract = Arc::clone(&self.contract);
        Box::pin(async move {
            if request.uri().path() != EXECUTE {
                let status = Status::unimplemented("this host has no such method");
                return Ok(status.into_http());
            }
            let sent = request.headers().get(CONTENT_TYPE);
            let format = match sent.map(HeaderValue::as_bytes) {
                Some(sent) if sent == AGREED.as_bytes() => AGREED,
                Some(sent) if sent == JSON.as_bytes() => JSON,
                _ => {
                    let sentence = format!("{EXECUTE} takes JSON: send the content type {JSON}");
                    return Ok(Status::invalid_argument(sentence).into_http());
                }
            };
            let mut response = Grpc::new(JsonCodec)
                .max_decoding_message_size(MAX_ENVELOPE)
                .unary(Execute(contract), request)
                .await;
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(format));
            Ok(response)
        })
    }
}

impl UnaryService<Vec<u8>> for Execute {
    type Response = Vec<u8>;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Status>> + Send>>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        let contract = Arc::clone(&self.0);
        Box::pin(async move {
            let principal = request.extensions().get::<Principal>().cloned();
            let principal =
                principal.ok_or_else(|| Status::permission_denied("nobody makes this request"))?;
            let agent = text(&request, AGENT_KEY)?;
            let approval = text(&request, APPROVAL_KEY)?;
            let arrival = Arrival {
                body: request.into_inner(),
                version: None,
                agent,
                approval,
                principal,
            };
            let replied = contract.execute(arrival).await;
            let Reply { body, holdings } =
                replied.map_err(|none| Status::invalid_argument(none.to_string()))?;
            let mut response = Response::new(body);
            response.extensions_mut().insert(holdings);
            Ok(response)
        })
    }
}

/// The value of a key of the metadata, if it is there.
fn text<T>(request: &Request<T>, key: &'static str) -> Result<Option<String>, Status> {
    let value = request.metadata().get(key);
    let value = value.map(|value| value.to_str().map(str::to_owned));
    let invalid = |_| Status::invalid_argument(format!("metadata {key} is not a name or an id"));
    value.transpose().map_err(invalid)
}

impl Codec for JsonCodec {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for JsonCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&message);
        Ok(())
    }
}

impl Decoder for JsonCodec {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut message = vec![0; buffer.remaining()];
        buffer.copy_to_slice(&mut message);
        Ok(Some(message))
    }
}
