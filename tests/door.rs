//! The doors of a host: gRPC, MCP and the terminal.

/// Clients that say nothing, read nothing or stay for ever, and a host that ends under them.
mod edge;

/// Completions of shells, and manual pages.
mod completions;

/// Tool contract v1 over gRPC and HTTP.
mod contract;

/// Exit codes, as the page and the help tell them.
mod exits;

/// Conversations of somebody at a terminal.
mod conversation;

/// Output of guests, which does not look like the host's own words.
mod fenced;

/// A gRPC client that nobody here wrote.
mod grpc;

/// Tools for MCP clients: one from PyPI, and those that mean no good.
mod mcp;

/// Keys and tokens, which nothing tells.
mod leaks;

/// Principals: who may call which method.
mod principals;

/// SIGHUP: the operator's files are read again.
mod reload;

/// Spans for a collector, and the trace that a client has begun.
mod telemetry;

/// Pages for programs that watch a host: its health and its metrics.
mod pages;

/// TLS: certificates that are read, replaced and asked for.
mod tls;

/// Tokens of clients and agents, from their making to their end.
mod tokens;

/// Agents' own addresses, for older clients.
mod runtime_doors;

/// A service manager that hands sockets over and hears how far the host is.
mod systemd;

/// What reaches terminals, the log and file names from outside.
mod screen;
