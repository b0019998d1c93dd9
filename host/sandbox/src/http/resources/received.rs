//! Responses, as the guest receives them.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynPollable};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::body;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostIncomingResponse};

use super::view::HttpView;
use crate::http::limits::MAX_HEADER_BYTES;

impl types::HostFutureIncomingResponse for HttpView<'_> {
    fn drop(&mut self, response: Resource<HostFutureIncomingResponse>) -> wasmtime::Result<()> {
        self.holdings.end(response.rep());
        types::HostFutureIncomingResponse::drop(&mut self.wasi, response)
    }

    fn get(
        &mut self,
        response: Resource<HostFutureIncomingResponse>,
    ) -> wasmtime::Result<
        Option<Result<Result<Resource<HostIncomingResponse>, types::ErrorCode>, ()>>,
    > {
        let answer = types::HostFutureIncomingResponse::get(&mut self.wasi, response)?;
        if let Some(Ok(Ok(response))) = &answer {
            self.received(response)?;
        }
        Ok(answer)
    }

    fn subscribe(
        &mut self,
        response: Resource<HostFutureIncomingResponse>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        types::HostFutureIncomingResponse::subscribe(&mut self.wasi, response)
    }
}

impl types::HostIncomingResponse for HttpView<'_> {
    fn drop(&mut self, response: Resource<HostIncomingResponse>) -> wasmtime::Result<()> {
        self.holdings.end(response.rep());
        types::HostIncomingResponse::drop(&mut self.wasi, response)
    }

    fn status(
        &mut self,
        response: Resource<HostIncomingResponse>,
    ) -> wasmtime::Result<types::StatusCode> {
        types::HostIncomingResponse::status(&mut self.wasi, response)
    }

    fn headers(
        &mut self,
        response: Resource<HostIncomingResponse>,
    ) -> wasmtime::Result<Resource<FieldMap>> {
        let bytes = self.holdings.of(response.rep());
        let headers = types::HostIncomingResponse::headers(&mut self.wasi, response)?;
        self.fields_like(&headers, bytes)?;
        Ok(headers)
    }

    fn consume(
        &mut self,
        response: Resource<HostIncomingResponse>,
    ) -> wasmtime::Result<Result<Resource<body::HostIncomingBody>, ()>> {
        types::HostIncomingResponse::consume(&mut self.wasi, response)
    }
}

impl types::HostIncomingBody for HttpView<'_> {
    fn stream(
        &mut self,
        body: Resource<body::HostIncomingBody>,
    ) -> wasmtime::Result<Result<Resource<DynInputStream>, ()>> {
        types::HostIncomingBody::stream(&mut self.wasi, body)
    }

    fn finish(
        &mut self,
        body: Resource<body::HostIncomingBody>,
    ) -> wasmtime::Result<Resource<body::HostFutureTrailers>> {
        types::HostIncomingBody::finish(&mut self.wasi, body)
    }

    fn drop(&mut self, body: Resource<body::HostIncomingBody>) -> wasmtime::Result<()> {
        types::HostIncomingBody::drop(&mut self.wasi, body)
    }
}

impl types::HostFutureTrailers for HttpView<'_> {
    fn drop(&mut self, trailers: Resource<body::HostFutureTrailers>) -> wasmtime::Result<()> {
        types::HostFutureTrailers::drop(&mut self.wasi, trailers)
    }

    fn subscribe(
        &mut self,
        trailers: Resource<body::HostFutureTrailers>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        types::HostFutureTrailers::subscribe(&mut self.wasi, trailers)
    }

    #[allow(clippy::type_complexity, reason = "the generated trait's own type")]
    fn get(
        &mut self,
        trailers: Resource<body::HostFutureTrailers>,
    ) -> wasmtime::Result<Option<Result<Result<Option<Resource<FieldMap>>, types::ErrorCode>, ()>>>
    {
        let answer = types::HostFutureTrailers::get(&mut self.wasi, trailers)?;
        if let Some(Ok(Ok(Some(fields)))) = &answer {
            // hyper reads trailers within the same bounds as headers.
            self.holdings
                .begin(fields.rep(), "trailers", MAX_HEADER_BYTES)?;
        }
        Ok(answer)
    }
}
