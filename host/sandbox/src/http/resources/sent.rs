//! Requests, as the guest makes and sends them.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::p2::{HttpError, HttpResult, body};
use wasmtime_wasi_http::{FieldMap, RequestOptions};

use super::holdings::MAX_FIELDS;
use super::view::HttpView;

/// Maximum length of a method, in bytes. The longest registered one (`UPDATEREDIRECTREF`) has 17.
const MAX_METHOD: usize = 64;

/// Maximum length of a scheme, in bytes; `https` has 5, and the host knows no other than `http`.
const MAX_SCHEME: usize = 64;

/// Maximum length of an authority, in bytes: a name of 253 bytes, a port, and room for what is
/// refused later.
const MAX_AUTHORITY: usize = 512;

/// Maximum length of a path with its query, in bytes (16 KiB). Servers take 8.
const MAX_PATH: usize = 16 << 10;

impl outgoing_handler::Host for HttpView<'_> {
    fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        // Its headers, path and body are held until the exchange is over, which the handle of its
        // response stands for.
        let handle = request.rep();
        let bytes = self.holdings.of(handle);
        let response = outgoing_handler::Host::handle(&mut self.wasi, request, options)?;
        self.holdings
            .hand_over(handle, response.rep(), bytes)
            .map_err(HttpError::trap)?;
        Ok(response)
    }
}

impl types::HostOutgoingRequest for HttpView<'_> {
    fn new(
        &mut self,
        headers: Resource<FieldMap>,
    ) -> wasmtime::Result<Resource<HostOutgoingRequest>> {
        let handle = headers.rep();
        let bytes = self.holdings.of(handle);
        let request = types::HostOutgoingRequest::new(&mut self.wasi, headers)?;
        self.holdings.end(handle);
        self.holdings.begin(request.rep(), "a request", bytes)?;
        Ok(request)
    }

    fn body(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<Result<Resource<body::HostOutgoingBody>, ()>> {
        let owner = request.rep();
        let body = types::HostOutgoingRequest::body(&mut self.wasi, request)?;
        if let Ok(body) = &body {
            self.body_buffers(owner, body)?;
        }
        Ok(body)
    }

    fn drop(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<()> {
        self.holdings.end(request.rep());
        types::HostOutgoingRequest::drop(&mut self.wasi, request)
    }

    fn method(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<types::Method> {
        types::HostOutgoingRequest::method(&mut self.wasi, request)
    }

    fn set_method(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        method: types::Method,
    ) -> wasmtime::Result<Result<(), ()>> {
        match &method {
            types::Method::Other(name) if name.len() > MAX_METHOD => Ok(Err(())),
            _ => types::HostOutgoingRequest::set_method(&mut self.wasi, request, method),
        }
    }

    fn path_with_query(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        types::HostOutgoingRequest::path_with_query(&mut self.wasi, request)
    }

    fn set_path_with_query(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        path: Option<String>,
    ) -> wasmtime::Result<Result<(), ()>> {
        let bytes = path.as_ref().map_or(0, String::len);
        if bytes > MAX_PATH {
            return Ok(Err(()));
        }
        self.holdings.add(
            request.rep(),
            "the path of a request",
            bytes,
            MAX_FIELDS + MAX_PATH,
        )?;
        types::HostOutgoingRequest::set_path_with_query(&mut self.wasi, request, path)
    }

    fn scheme(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<Option<types::Scheme>> {
        types::HostOutgoingRequest::scheme(&mut self.wasi, request)
    }

    fn set_scheme(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        scheme: Option<types::Scheme>,
    ) -> wasmtime::Result<Result<(), ()>> {
        match &scheme {
            Some(types::Scheme::Other(name)) if name.len() > MAX_SCHEME => Ok(Err(())),
            _ => types::HostOutgoingRequest::set_scheme(&mut self.wasi, request, scheme),
        }
    }

    fn authority(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        types::HostOutgoingRequest::authority(&mut self.wasi, request)
    }

    fn set_authority(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        authority: Option<String>,
    ) -> wasmtime::Result<Result<(), ()>> {
        match &authority {
            Some(name) if name.len() > MAX_AUTHORITY => Ok(Err(())),
            _ => types::HostOutgoingRequest::set_authority(&mut self.wasi, request, authority),
        }
    }

    fn headers(
        &mut self,
        request: Resource<HostOutgoingRequest>,
    ) -> wasmtime::Result<Resource<FieldMap>> {
        let bytes = self.holdings.of(request.rep());
        let headers = types::HostOutgoingRequest::headers(&mut self.wasi, request)?;
        self.fields_like(&headers, bytes)?;
        Ok(headers)
    }
}

impl types::HostOutgoingBody for HttpView<'_> {
    fn write(
        &mut self,
        body: Resource<body::HostOutgoingBody>,
    ) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
        types::HostOutgoingBody::write(&mut self.wasi, body)
    }

    fn finish(
        &mut self,
        body: Resource<body::HostOutgoingBody>,
        trailers: Option<Resource<FieldMap>>,
    ) -> HttpResult<()> {
        self.holdings
            .finish_body(body.rep(), trailers.as_ref().map(Resource::rep));
        types::HostOutgoingBody::finish(&mut self.wasi, body, trailers)
    }

    fn drop(&mut self, body: Resource<body::HostOutgoingBody>) -> wasmtime::Result<()> {
        self.holdings.end(body.rep());
        types::HostOutgoingBody::drop(&mut self.wasi, body)
    }
}

impl types::HostRequestOptions for HttpView<'_> {
    fn new(&mut self) -> wasmtime::Result<Resource<RequestOptions>> {
        types::HostRequestOptions::new(&mut self.wasi)
    }

    fn connect_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<types::Duration>> {
        types::HostRequestOptions::connect_timeout(&mut self.wasi, options)
    }

    fn set_connect_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<types::Duration>,
    ) -> wasmtime::Result<Result<(), ()>> {
        types::HostRequestOptions::set_connect_timeout(&mut self.wasi, options, duration)
    }

    fn first_byte_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<types::Duration>> {
        types::HostRequestOptions::first_byte_timeout(&mut self.wasi, options)
    }

    fn set_first_byte_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<types::Duration>,
    ) -> wasmtime::Result<Result<(), ()>> {
        types::HostRequestOptions::set_first_byte_timeout(&mut self.wasi, options, duration)
    }

    fn between_bytes_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<types::Duration>> {
        types::HostRequestOptions::between_bytes_timeout(&mut self.wasi, options)
    }

    fn set_between_bytes_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<types::Duration>,
    ) -> wasmtime::Result<Result<(), ()>> {
        types::HostRequestOptions::set_between_bytes_timeout(&mut self.wasi, options, duration)
    }

    fn drop(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<()> {
        types::HostRequestOptions::drop(&mut self.wasi, options)
    }
}
