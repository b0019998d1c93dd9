//! The walls of the sandbox: memory, files, the network, and what compiling and loading may take.

/// Published advisories of the engine, and what is true of each here.
mod advisories;

/// The process that compiles: what it may, and what it has of the host.
mod compiler;

/// Directories: granted, swapped, overlapping, gone after the call.
mod files;

/// Guests that try the forbidden act from inside.
mod hostile;

/// What the host holds when JSON becomes values.
mod json_memory;

/// Names in directories that no guest can be told.
mod listing;

/// Components that take much to be read, and what is said about them.
mod loading;

/// What tools reach over HTTP, and what they do not.
mod network;

/// Components of a foreign toolchain, called by their WIT types.
mod reflected;

/// Standard streams, and their names in `/dev`.
mod stdin;

/// A host whose guest threads are all held still answers.
mod starved;

/// Memory of one call is not left for the next where the host swaps.
mod swap;

/// What tools are connected to over TCP, and what they are not.
mod tcp;
