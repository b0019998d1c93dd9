//! Generated from `wit/tool.wit`: how the host calls a typed tool, and what a tool calls of the
//! host.
#![allow(missing_docs, reason = "generated; the documentation is in the WIT")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "calling-tool",
    imports: { "cofferdam:tool/calls.call": async | trappable, default: trappable },
    exports: { default: async },
});
