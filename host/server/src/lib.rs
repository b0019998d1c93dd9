//! The only crate that names a wire. It reads neither argv nor environment, and prints nothing.
//!
//! A [`Server`] serves the agents of a host over gRPC; [`mcp`] serves tools over the Model Context
//! Protocol. Both let their connections in through `edge`, which bounds them. A [`Client`] is the
//! other end: it talks to a running host.

mod agent_entry;
mod agent_jwt;
mod agent_key;
mod client;
mod client_error;
mod contract;
mod edge;
mod error;
mod grpc;
mod http;
mod listed;
mod live_tokens;
pub mod mcp;
mod now;
mod runtime_door_error;
mod runtime_doors;
mod scope;
mod serving;
mod token;
mod token_book;
mod token_client;
mod turn_events;

pub use agent_entry::{
    AgentEntry, AgentList, Creation, CreationEvent, DeploymentEntry, MountEntry, RoomEntry,
    StatsEntry, StatusEntry, Statuses, ToolStatsEntry,
};
pub use client::{Client, Message, MessagePage, Messages, ObjectAnswer, SessionEntry};
pub use client_error::ClientError;
pub use edge::connections::MOST as MOST_CONNECTIONS;
pub use edge::listen::{SocketFile, inherited_tcp, inherited_unix, tcp, unix};
pub use edge::tls::{Tls, TlsError, TlsText};
pub use error::ServerError;
pub use serving::{Server, Serving};
pub use token::{Token, TokenError};
pub use token_client::{MadeTokenEntry, Rotated, TokenClient, TokenEntry};
pub use turn_events::{
    ChatEvent, ChatEvents, NewTurn, SessionEvents, SnapshotEntry, cancel_turns, follow_session,
    start_turn,
};
