//! The HTTP resources of a call, on its account.

use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::types::HostIncomingResponse;
use wasmtime_wasi_http::p2::{HeaderError, HttpError, body};
use wasmtime_wasi_http::{FieldMap, WasiHttpCtxView};

use super::holdings::{Holdings, entry};

/// wasmtime-wasi-http's resources with the account before them.
pub(crate) struct HttpView<'a> {
    pub(crate) wasi: WasiHttpCtxView<'a>,
    pub(crate) holdings: &'a mut Holdings,
}

impl HttpView<'_> {
    /// Charges a new header list that holds as much as the one of `source`.
    pub(super) fn fields_like(
        &mut self,
        fields: &Resource<FieldMap>,
        bytes: usize,
    ) -> wasmtime::Result<()> {
        Ok(self.holdings.begin(fields.rep(), "headers", bytes)?)
    }

    /// Charges what a server has sent as headers.
    pub(super) fn received(
        &mut self,
        response: &Resource<HostIncomingResponse>,
    ) -> wasmtime::Result<()> {
        let fields = types::HostIncomingResponse::headers(
            &mut self.wasi,
            Resource::new_borrow(response.rep()),
        )?;
        let map = self.wasi.table.delete(fields)?;
        let bytes = map
            .iter()
            .map(|(name, value)| entry(name.as_str(), value.as_bytes()))
            .sum();
        Ok(self
            .holdings
            .begin(response.rep(), "headers of a response", bytes)?)
    }

    /// Charges a new body of the request or response `owner`.
    pub(super) fn body_buffers(
        &mut self,
        owner: u32,
        body: &Resource<body::HostOutgoingBody>,
    ) -> wasmtime::Result<()> {
        Ok(self.holdings.begin_body(owner, body.rep())?)
    }
}

impl types::Host for HttpView<'_> {
    fn convert_error_code(&mut self, error: HttpError) -> wasmtime::Result<types::ErrorCode> {
        types::Host::convert_error_code(&mut self.wasi, error)
    }

    fn convert_header_error(&mut self, error: HeaderError) -> wasmtime::Result<types::HeaderError> {
        types::Host::convert_header_error(&mut self.wasi, error)
    }

    fn http_error_code(
        &mut self,
        error: Resource<types::IoError>,
    ) -> wasmtime::Result<Option<types::ErrorCode>> {
        types::Host::http_error_code(&mut self.wasi, error)
    }
}
