//! Header lists.

use wasmtime::component::Resource;
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::{HeaderError, HeaderResult};

use super::holdings::{MAX_FIELDS, entry};
use super::view::HttpView;

impl types::HostFields for HttpView<'_> {
    fn new(&mut self) -> wasmtime::Result<Resource<FieldMap>> {
        let fields = types::HostFields::new(&mut self.wasi)?;
        self.fields_like(&fields, 0)?;
        Ok(fields)
    }

    fn from_list(&mut self, entries: Vec<(String, Vec<u8>)>) -> HeaderResult<Resource<FieldMap>> {
        let bytes: usize = entries.iter().map(|(name, value)| entry(name, value)).sum();
        let fields = types::HostFields::from_list(&mut self.wasi, entries)?;
        self.fields_like(&fields, bytes.min(MAX_FIELDS))
            .map_err(HeaderError::trap)?;
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

    fn set(
        &mut self,
        fields: Resource<FieldMap>,
        name: String,
        values: Vec<Vec<u8>>,
    ) -> HeaderResult<()> {
        let bytes = values.iter().map(|value| entry(&name, value)).sum();
        self.holdings
            .add(fields.rep(), "headers", bytes, MAX_FIELDS)
            .map_err(HeaderError::trap)?;
        types::HostFields::set(&mut self.wasi, fields, name, values)
    }

    fn delete(&mut self, fields: Resource<FieldMap>, name: String) -> HeaderResult<()> {
        types::HostFields::delete(&mut self.wasi, fields, name)
    }

    fn append(
        &mut self,
        fields: Resource<FieldMap>,
        name: String,
        value: Vec<u8>,
    ) -> HeaderResult<()> {
        let bytes = entry(&name, &value);
        self.holdings
            .add(fields.rep(), "headers", bytes, MAX_FIELDS)
            .map_err(HeaderError::trap)?;
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
