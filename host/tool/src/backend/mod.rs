//! The backends in which a permitted call runs.

pub(crate) mod wasm;
