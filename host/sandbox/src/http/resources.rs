//! `wasi:http/types` with the account of the call before it.
//!
//! wasmtime-wasi-http does the work and holds the resources. Each function by which a guest makes
//! the host hold something (header lists, paths, buffers of bodies) charges it here first. Methods,
//! schemes and authorities are refused beyond the length that any server takes.

mod received;
mod served;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cofferdam_capability::{Account, Charge, Overdrawn};
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::p2::{HeaderError, HeaderResult, HttpError, HttpResult, body};
use wasmtime_wasi_http::{FieldMap, RequestOptions, WasiHttpCtxView};

use super::{MAX_HEADER_BYTES, WRITE_CHUNK};
use crate::state::State;

/// Maximum length of a method, in bytes. The longest registered one (`UPDATEREDIRECTREF`) has 17.
const MAX_METHOD: usize = 64;

/// Maximum length of a scheme, in bytes; `https` has 5, and the host knows no other than `http`.
const MAX_SCHEME: usize = 64;

/// Maximum length of an authority, in bytes: a name of 253 bytes, a port, and room for what is refused later.
const MAX_AUTHORITY: usize = 512;

/// Maximum length of a path with its query, in bytes (16 KiB). Servers take 8.
const MAX_PATH: usize = 16 << 10;

/// Memory of one header beyond its name and value, in bytes.
const HEADER_OVERHEAD: usize = 256;

/// Memory of a header list at most, in bytes: wasmtime-wasi-http counts names, values and their types up to
/// [`MAX_HEADER_BYTES`], and the table that they lie in has up to as much again.
const MAX_FIELDS: usize = 2 * MAX_HEADER_BYTES;

/// Buffers of a request or response body: a chunk in the queue, and one that the guest has just written.
const BODY_BUFFERS: usize = 2 * WRITE_CHUNK;

/// Memory behind the HTTP resources of one call, by handle.
///
/// The charge of a handle ends when the guest drops it, or when its number is used again. That of a body ends with the last
/// of two handles: its own, and that of the request or response that it belongs to, which holds what was written after the
/// body is finished.
pub(crate) struct Holdings {
    account: Account,
    by_handle: HashMap<u32, Charge>,
    bodies: HashMap<u32, Arc<BodyCharge>>,
}

/// Memory of a body that a guest writes.
struct BodyCharge {
    _buffers: Charge,
    /// The header list that it was finished with.
    trailers: OnceLock<Charge>,
}

/// wasmtime-wasi-http's resources with the account before them.
pub(crate) struct HttpView<'a> {
    pub(crate) wasi: WasiHttpCtxView<'a>,
    pub(crate) holdings: &'a mut Holdings,
}

/// Tells wasmtime that [`HttpView`] is how the host sees a call's HTTP resources.
struct AccountedHttp;

impl HasData for AccountedHttp {
    type Data<'a> = HttpView<'a>;
}

/// Links `wasi:http`.
pub(crate) fn add_to_linker(l: &mut Linker<State>) -> wasmtime::Result<()> {
    outgoing_handler::add_to_linker::<State, AccountedHttp>(l, State::http_resources)?;
    types::add_to_linker::<State, AccountedHttp>(l, &types::LinkOptions::default(), State::http_resources)
}

impl Holdings {
    pub(crate) fn new(account: Account) -> Self {
        Self { account, by_handle: HashMap::new(), bodies: HashMap::new() }
    }

    /// Charges `bytes` for a new handle.
    fn begin(&mut self, handle: u32, what: &'static str, bytes: usize) -> Result<(), Overdrawn> {
        // The last holder of this number is gone.
        self.end(handle);
        self.by_handle.insert(handle, self.account.hold(what, bytes)?);
        Ok(())
    }

    /// Charges `bytes` more for a handle that holds at most `most`.
    fn add(&mut self, handle: u32, what: &'static str, bytes: usize, most: usize) -> Result<(), Overdrawn> {
        match self.by_handle.get_mut(&handle) {
            Some(charge) => charge.grow(what, bytes.min(most.saturating_sub(charge.len()))),
            None => self.begin(handle, what, bytes.min(most)),
        }
    }

    fn end(&mut self, handle: u32) {
        self.by_handle.remove(&handle);
        self.bodies.remove(&handle);
    }

    /// Charges the buffers of a new body to its handle and to that of its owner.
    fn begin_body(&mut self, owner: u32, body: u32) -> Result<(), Overdrawn> {
        // The last holder of this number is gone.
        self.end(body);
        let buffers = self.account.hold("buffers of a body", BODY_BUFFERS)?;
        let charge = Arc::new(BodyCharge { _buffers: buffers, trailers: OnceLock::new() });
        self.bodies.insert(body, Arc::clone(&charge));
        self.bodies.insert(owner, charge);
        Ok(())
    }

    /// The body belongs to its owner alone, with the trailers that it was finished with.
    fn finish_body(&mut self, body: u32, trailers: Option<u32>) {
        let trailers = trailers.and_then(|trailers| self.by_handle.remove(&trailers));
        if let (Some(charge), Some(trailers)) = (self.bodies.get(&body), trailers) {
            // A body is finished once.
            let _ = charge.trailers.set(trailers);
        }
        self.end(body);
    }

    /// What belongs to one handle belongs to another from now on, with `bytes` of its own.
    fn hand_over(&mut self, from: u32, to: u32, bytes: usize) -> Result<(), Overdrawn> {
        let body = self.bodies.remove(&from);
        self.end(from);
        self.begin(to, "a request", bytes)?;
        self.bodies.extend(body.map(|body| (to, body)));
        Ok(())
    }

    fn of(&self, handle: u32) -> usize {
        self.by_handle.get(&handle).map_or(0, Charge::len)
    }
}

impl HttpView<'_> {
    /// Charges a new header list that holds as much as the one of `source`.
    fn fields_like(&mut self, fields: &Resource<FieldMap>, bytes: usize) -> wasmtime::Result<()> {
        Ok(self.holdings.begin(fields.rep(), "headers", bytes)?)
    }

    /// Charges what a server has sent as headers.
    fn received(&mut self, response: &Resource<HostIncomingResponse>) -> wasmtime::Result<()> {
        let fields = types::HostIncomingResponse::headers(&mut self.wasi, Resource::new_borrow(response.rep()))?;
        let map = self.wasi.table.delete(fields)?;
        let bytes = map.iter().map(|(name, value)| entry(name.as_str(), value.as_bytes())).sum();
        Ok(self.holdings.begin(response.rep(), "headers of a response", bytes)?)
    }

    /// Charges a new body of the request or response `owner`.
    fn body_buffers(&mut self, owner: u32, body: &Resource<body::HostOutgoingBody>) -> wasmtime::Result<()> {
        Ok(self.holdings.begin_body(owner, body.rep())?)
    }
}

/// Memory of one header.
fn entry(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + HEADER_OVERHEAD
}

impl outgoing_handler::Host for HttpView<'_> {
    fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        // Its headers, path and body are held until the exchange is over, which the handle of its response stands for.
        let (handle, bytes) = (request.rep(), self.holdings.of(request.rep()));
        let response = outgoing_handler::Host::handle(&mut self.wasi, request, options)?;
        self.holdings.hand_over(handle, response.rep(), bytes).map_err(HttpError::trap)?;
        Ok(response)
    }
}

impl types::Host for HttpView<'_> {
    fn convert_error_code(&mut self, error: HttpError) -> wasmtime::Result<types::ErrorCode> {
        types::Host::convert_error_code(&mut self.wasi, error)
    }

    fn convert_header_error(&mut self, error: HeaderError) -> wasmtime::Result<types::HeaderError> {
        types::Host::convert_header_error(&mut self.wasi, error)
    }

    fn http_error_code(&mut self, error: Resource<types::IoError>) -> wasmtime::Result<Option<types::ErrorCode>> {
        types::Host::http_error_code(&mut self.wasi, error)
    }
}

impl types::HostFields for HttpView<'_> {
    fn new(&mut self) -> wasmtime::Result<Resource<FieldMap>> {
        let fields = types::HostFields::new(&mut self.wasi)?;
        self.fields_like(&fields, 0)?;
        Ok(fields)
    }

    fn from_list(&mut self, entries: Vec<(String, Vec<u8>)>) -> HeaderResult<Resource<FieldMap>> {
        let bytes: usize = entries.iter().map(|(name, value)| entry(name, value)).sum();
        let fields = types::HostFields::from_list(&mut self.wasi, entries)?;
        self.fields_like(&fields, bytes.min(MAX_FIELDS)).map_err(HeaderError::trap)?;
        Ok(fields)
    }

    fn drop(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<()> {
        self.holdings.end(fields.rep());
        types::HostFields::drop(&mut self.wasi, fields)
    }

    fn get(&mut self, fields: Resource<FieldMap>, name: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        types::HostFields::get(&mut self.wasi, fields, name)
    }

    fn has(&mut self, fields: Resource<FieldMap>, name: String) -> wasmtime::Result<bool> {
        types::HostFields::has(&mut self.wasi, fields, name)
    }

    fn set(&mut self, fields: Resource<FieldMap>, name: String, values: Vec<Vec<u8>>) -> HeaderResult<()> {
        let bytes = values.iter().map(|value| entry(&name, value)).sum();
        self.holdings.add(fields.rep(), "headers", bytes, MAX_FIELDS).map_err(HeaderError::trap)?;
        types::HostFields::set(&mut self.wasi, fields, name, values)
    }

    fn delete(&mut self, fields: Resource<FieldMap>, name: String) -> HeaderResult<()> {
        types::HostFields::delete(&mut self.wasi, fields, name)
    }

    fn append(&mut self, fields: Resource<FieldMap>, name: String, value: Vec<u8>) -> HeaderResult<()> {
        let bytes = entry(&name, &value);
        self.holdings.add(fields.rep(), "headers", bytes, MAX_FIELDS).map_err(HeaderError::trap)?;
        types::HostFields::append(&mut self.wasi, fields, name, value)
    }

    fn entries(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        types::HostFields::entries(&mut self.wasi, fields)
    }

    fn clone(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<Resource<FieldMap>> {
        let bytes = self.holdings.of(fields.rep());
        let copy = types::HostFields::clone(&mut self.wasi, fields)?;
        self.fields_like(&copy, bytes)?;
        Ok(copy)
    }
}

impl types::HostOutgoingRequest for HttpView<'_> {
    fn new(&mut self, headers: Resource<FieldMap>) -> wasmtime::Result<Resource<HostOutgoingRequest>> {
        let (handle, bytes) = (headers.rep(), self.holdings.of(headers.rep()));
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

    fn method(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<types::Method> {
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

    fn path_with_query(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<Option<String>> {
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
        self.holdings.add(request.rep(), "the path of a request", bytes, MAX_FIELDS + MAX_PATH)?;
        types::HostOutgoingRequest::set_path_with_query(&mut self.wasi, request, path)
    }

    fn scheme(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<Option<types::Scheme>> {
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

    fn authority(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<Option<String>> {
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

    fn headers(&mut self, request: Resource<HostOutgoingRequest>) -> wasmtime::Result<Resource<FieldMap>> {
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
        self.holdings.finish_body(body.rep(), trailers.as_ref().map(Resource::rep));
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

    fn connect_timeout(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<Option<types::Duration>> {
        types::HostRequestOptions::connect_timeout(&mut self.wasi, options)
    }

    fn set_connect_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<types::Duration>,
    ) -> wasmtime::Result<Result<(), ()>> {
        types::HostRequestOptions::set_connect_timeout(&mut self.wasi, options, duration)
    }

    fn first_byte_timeout(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<Option<types::Duration>> {
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
