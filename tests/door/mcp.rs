//! The MCP door: a client that nobody here wrote (`mcp` from PyPI), and clients that mean no good.

/// Tools of an agent, through its host.
mod agents;

/// Calls that a person has to approve.
mod asked;

/// Clients that call too much at once, or do not send all of a request.
mod bounds;

/// Silence after a cancel.
mod cancels;

/// Files that change while they are served, with `--reload`.
mod changes;

/// A foreign client, over standard input and over HTTP.
mod clients;

/// Results that are more than text, and failures that say what to do.
mod contents;

/// Clients that go or send garbage, and signals.
mod ends;

/// The door over HTTP, for the operator alone.
mod http;

/// Tools that the command line names, and their grants.
mod offers;

/// Requests that are not what they should be.
mod requests;

/// Schemas that every client takes.
mod schemas;

/// Directories that are served, written and kept by the host, apart from each other.
mod served;

/// The start, before anything is compiled.
mod start;

/// A client that does not read the log of its server.
mod unread;

/// How a client finds out which version to speak: the newest, or that of clients before it.
const MODES: [(&str, &str); 2] = [("auto", "2026-07-28"), ("legacy", "2025-11-25")];
