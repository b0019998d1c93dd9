//! The commands of an author of tools.

/// What an author of tools does, and what stops a build.
mod authoring;

/// The words of `tool build`: names, limits, imports, lock files.
mod building;

/// A tool that is built and tested again while its author works on it.
mod dev;

/// Projects in other languages than Rust, from `tool new` to a call.
mod foreign;

/// The files that publishing a tool takes.
mod publish;

/// Typed tools that can only compute.
mod pure;

/// The page of a review, of tools and of agents.
mod review;

/// Cases of tools, hostile inputs, what a manifest asks for.
mod tool_test;

/// The guest SDK's page, followed literally.
mod tutorial;

/// An author's words about calling a tool, at every door.
mod usage;
