//! The commands of an author of tools.

/// What an author of tools does, and what stops a build.
mod authoring;

/// Projects in other languages than Rust, from `tool new` to a call.
mod foreign;

/// Cases of tools, hostile inputs, what a manifest asks for.
mod tool_test;

/// The guest SDK's page, followed literally.
mod tutorial;
