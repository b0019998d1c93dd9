//! A door that cannot be opened, or that failed.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A door that cannot be opened, or that failed.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// TCP without TLS is for loopback alone.
    #[error(
        "{0} is not a loopback address: without TLS a token is safe on 127.0.0.1 or [::1] alone"
    )]
    NotLoopback(SocketAddr),
    /// Another program listens there.
    #[error(
        "{0}: the port is in use; stop what uses it, or choose another (127.0.0.1:0 takes a free \
         one)"
    )]
    PortInUse(SocketAddr),
    /// The system does not let this process listen there.
    #[error("{address}: {source}")]
    Tcp {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The system takes no path of that length.
    #[error("{path} is longer than the {most} bytes a socket's path may have: choose a shorter \
             --data-dir", path = path.display())]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// The most bytes.
        most: usize,
    },
    /// The socket cannot be made.
    #[error("cannot listen on {path}: {source}", path = path.display())]
    Socket {
        /// The path.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A socket that a service manager handed over cannot be used.
    #[error("a socket that the service manager handed over cannot be used: {source}")]
    Inherited {
        /// The system's words.
        source: io::Error,
    },
    /// The services cannot describe themselves.
    #[error("reflection cannot start: {0}")]
    Reflection(String),
    /// The tokens of the host cannot be read.
    #[error("the tokens of this host cannot be used: {0}")]
    Tokens(Box<dyn std::error::Error + Send + Sync>),
    /// A task of the server panicked.
    #[error("the server failed: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// An MCP client says something else first.
    #[error("the client does not begin with `initialize` or `server/discover`, as MCP clients do")]
    NoInitialize,
    /// An MCP client and this server do not understand each other.
    #[error("the client and this server cannot begin: {0}")]
    Initialize(String),
    /// A tool that no client could be told of.
    #[error("{0}")]
    Unlisted(String),
}
