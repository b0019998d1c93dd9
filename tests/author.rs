//! The commands of an author of tools.

/// What an author of tools does, and what stops a build.
mod authoring;

/// Cases of tools, hostile inputs, what a manifest asks for.
mod tool_test;

/// The guest SDK's page, followed literally.
mod tutorial;
