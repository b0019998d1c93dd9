//! The wire: the `.proto` files beside this crate and the code generated from them.

pub mod codec;

/// Generated from `openotters/agent/v1`: the runtime of one agent.
#[allow(
    missing_docs,
    clippy::all,
    reason = "generated; the documentation is in the .proto file"
)]
pub mod agent {
    tonic::include_proto!("openotters.agent.v1");
}

/// Generated from `cofferdam/v1`: what this host offers beyond it.
#[allow(
    missing_docs,
    clippy::all,
    reason = "generated; the documentation is in the .proto file"
)]
pub mod host {
    tonic::include_proto!("cofferdam.v1");
}

/// The descriptors of every service here, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
