//! Requests to a server, and its responses. No guest gets a request, because none exports a
//! handler; it can make a response, which goes nowhere.

use wasmtime::component::Resource;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::types::{
    HostIncomingRequest, HostOutgoingResponse, HostResponseOutparam,
};
use wasmtime_wasi_http::p2::{HttpResult, body};

use super::view::HttpView;

impl types::HostIncomingRequest for HttpView<'_> {
    fn method(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<types::Method> {
        types::HostIncomingRequest::method(&mut self.wasi, request)
    }

    fn path_with_query(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        types::HostIncomingRequest::path_with_query(&mut self.wasi, request)
    }

    fn scheme(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<Option<types::Scheme>> {
        types::HostIncomingRequest::scheme(&mut self.wasi, request)
    }

    fn authority(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        types::HostIncomingRequest::authority(&mut self.wasi, request)
    }

    fn headers(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<Resource<FieldMap>> {
        types::HostIncomingRequest::headers(&mut self.wasi, request)
    }

    fn consume(
        &mut self,
        request: Resource<HostIncomingRequest>,
    ) -> wasmtime::Result<Result<Resource<body::HostIncomingBody>, ()>> {
        types::HostIncomingRequest::consume(&mut self.wasi, request)
    }

    fn drop(&mut self, request: Resource<HostIncomingRequest>) -> wasmtime::Result<()> {
        types::HostIncomingRequest::drop(&mut self.wasi, request)
    }
}

impl types::HostResponseOutparam for HttpView<'_> {
    fn drop(&mut self, outparam: Resource<HostResponseOutparam>) -> wasmtime::Result<()> {
        types::HostResponseOutparam::drop(&mut self.wasi, outparam)
    }

    fn set(
        &mut self,
        outparam: Resource<HostResponseOutparam>,
        response: Result<Resource<HostOutgoingResponse>, types::ErrorCode>,
    ) -> wasmtime::Result<()> {
        types::HostResponseOutparam::set(&mut self.wasi, outparam, response)
    }

    fn send_informational(
        &mut self,
        outparam: Resource<HostResponseOutparam>,
        status: u16,
        headers: Resource<FieldMap>,
    ) -> HttpResult<()> {
        types::HostResponseOutparam::send_informational(&mut self.wasi, outparam, status, headers)
    }
}

impl types::HostOutgoingResponse for HttpView<'_> {
    fn new(
        &mut self,
        headers: Resource<FieldMap>,
    ) -> wasmtime::Result<Resource<HostOutgoingResponse>> {
        let handle = headers.rep();
        let bytes = self.holdings.of(handle);
        let response = types::HostOutgoingResponse::new(&mut self.wasi, headers)?;
        self.holdings.end(handle);
        self.holdings.begin(response.rep(), "a response", bytes)?;
        Ok(response)
    }

    fn body(
        &mut self,
        response: Resource<HostOutgoingResponse>,
    ) -> wasmtime::Result<Result<Resource<body::HostOutgoingBody>, ()>> {
        let owner = response.rep();
        let body = types::HostOutgoingResponse::body(&mut self.wasi, response)?;
        if let Ok(body) = &body {
            self.body_buffers(owner, body)?;
        }
        Ok(body)
    }

    fn status_code(
        &mut self,
        response: Resource<HostOutgoingResponse>,
    ) -> wasmtime::Result<types::StatusCode> {
        types::HostOutgoingResponse::status_code(&mut self.wasi, response)
    }

    fn set_status_code(
        &mut self,
        response: Resource<HostOutgoingResponse>,
        status: types::StatusCode,
    ) -> wasmtime::Result<Result<(), ()>> {
        types::HostOutgoingResponse::set_status_code(&mut self.wasi, response, status)
    }

    fn headers(
        &mut self,
        response: Resource<HostOutgoingResponse>,
    ) -> wasmtime::Result<Resource<FieldMap>> {
        let bytes = self.holdings.of(response.rep());
        let headers = types::HostOutgoingResponse::headers(&mut self.wasi, response)?;
        self.fields_like(&headers, bytes)?;
        Ok(headers)
    }

    fn drop(&mut self, response: Resource<HostOutgoingResponse>) -> wasmtime::Result<()> {
        self.holdings.end(response.rep());
        types::HostOutgoingResponse::drop(&mut self.wasi, response)
    }
}
