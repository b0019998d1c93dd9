//! Tests that drive the real thing from outside, in one binary so that it links once.
//!
//! `./just test` builds what they need: the binary, the tools, the hostile guests, a Python with a
//! gRPC client, a component made from Python, programs in C.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where; it starts the programs that it is \
              about"
)]

/// The binary, hosts and scratch directories of the tests.
mod support;

/// Agents: Agentfiles, configuration, turns, and hosts that restore them after faults.
mod agent;

/// The commands of an author of tools.
mod author;

/// The doors of a host: gRPC, MCP and the terminal.
mod door;

/// Tool images: built, pushed to a real registry, and pulled from one that lies.
mod image;

/// The audit trail: every call is in it, and what is changed in it is found.
mod record;

/// What people write by hand: JSON Schemas for their editors, and pages with every key.
mod reference;

/// The walls of the sandbox: memory, files, the network, and what compiling and loading may take.
mod sandbox;

/// House rules: the architecture, and what code must not hold.
mod tidy;

/// Tools as a host offers them: manifests, grants, descriptors, schemas, and calls of other tools.
mod tool;
