//! Tools as a host offers them: manifests, grants, descriptors, schemas, and calls of other tools.

/// What tools get, who decides it, and where it is told.
mod access;

/// Core modules for WASI preview 1, made components and run.
mod adapted;

/// Files that are not tools, and manifests that are wrong.
mod artifacts;

/// Which tools a component has: data that everybody reads alike, and nothing that runs.
mod descriptors;

/// Versions that are compared: what is wider is found, and what is not is let through.
mod compared;

/// Manifests held against what calls used.
mod narrowed;

/// Policies: written, checked, explained, and changed while a host runs.
mod policy;

/// Tools held against the native programs that they replace.
mod differential;

/// What the operator grants to agents' tools over the network, with secrets and without.
mod granted;

/// Typed tools that call tools, log and tell their progress.
mod nested;

/// The tool that runs Python: what is new in every call, and what one costs.
mod python;

/// Limits that ended a call, and exit codes, as they are told.
mod reached;

/// Decisions of reviewers: what was reviewed runs, and what was not does not.
mod reviews;

/// Secrets by profile, their sources, and `cofferdam secret`.
mod secrets;

/// Schemas that have no bound, and checks that take long.
mod schemas;

/// The tools that speak HTTP: what was granted works, what was not is told.
mod web_tools;

/// The interfaces in `wit/` do not drift.
mod wit;
