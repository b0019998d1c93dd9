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

/// What tools get, who decides it, and where it is told.
mod access;
/// Core modules for WASI preview 1, made components and run.
mod adapted;
/// Files that are not tools, and manifests that are wrong.
mod artifacts;
/// What an author of tools does, and what stops a build.
mod authoring;
/// What people get wrong on the command line and in Agentfiles.
mod bad_input;
/// Turns, cancelling, sessions that survive.
mod chat;
/// The process that compiles: what it may, and what it has of the host.
mod compiler;
/// `cofferdam.toml`: what holds, and where it came from.
mod config;
/// Which tools a component has: data that everybody reads alike, and nothing that runs.
mod descriptors;
/// Tools held against the native programs that they replace.
mod differential;
/// Clients that say nothing, read nothing or stay for ever, and a host that ends under them.
mod edge;
/// Kills, full disks, damage, and names that tools put in the way.
mod faults;
/// Directories: granted, swapped, overlapping, gone after the call.
mod files;
/// What the operator grants to agents' tools over the network, with secrets and without.
mod granted;
/// A gRPC client that nobody here wrote.
mod grpc;
/// Guests that try the forbidden act from inside.
mod hostile;
/// Tool images: a real registry, and one that lies.
mod images;
/// What the host holds when JSON becomes values.
mod json_memory;
/// Components that take much to be read, and what is said about them.
mod loading;
/// Tools for MCP clients: one from PyPI, and those that mean no good.
mod mcp;
/// Typed tools that call tools, log and tell their progress.
mod nested;
/// What tools reach over HTTP, and what they do not.
mod network;
/// Components of a foreign toolchain, called by their WIT types.
mod reflected;
/// Schemas that have no bound, and checks that take long.
mod schemas;
/// What reaches terminals, the log and file names from outside.
mod screen;
/// A host whose guest threads are all held still answers.
mod starved;
/// Memory of one call is not left for the next where the host swaps.
mod swap;
/// What tools are connected to over TCP, and what they are not.
mod tcp;
/// House rules: the architecture, and what code must not hold.
mod tidy;
/// Cases of tools, hostile inputs, what a manifest asks for.
mod tool_test;
/// The guest SDK's page, followed literally.
mod tutorial;
/// The tools that speak HTTP: what was granted works, what was not is told.
mod web_tools;
/// The interfaces in `wit/` do not drift.
mod wit;
