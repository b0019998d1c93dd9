//! Where a permitted call runs.

pub(crate) mod wasm;
