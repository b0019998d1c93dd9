//! Generated from `wit/tool.wit`: how the host calls a typed tool.
#![allow(missing_docs, reason = "generated; the documentation is in the WIT")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "tool",
    exports: { default: async },
});
