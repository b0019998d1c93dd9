//! The only crate that names a wire. It reads neither argv nor environment, and prints nothing.
//!
//! A [`Server`] serves the agents of a host over gRPC; [`mcp`] serves tools over the Model Context
//! Protocol. Both let their connections in through `edge`, which bounds them. A [`Client`] is the
//! other end: it talks to a running host. [`Spans`] go to a collector of traces, and the doors of a
//! server have pages for programs that watch the host.

mod agent_entry;
mod agent_jwt;
mod agent_key;
mod approval_client;
mod approval_key;
mod client;
mod client_error;
mod contract;
mod edge;
mod error;
mod explained_call;
mod grpc;
mod http;
mod listed;
mod live_tokens;
pub mod mcp;
mod now;
mod review_client;
mod runtime_door_error;
mod runtime_doors;
mod scope;
mod serving;
mod telemetry;
mod token;
mod token_book;
mod token_client;
mod tool_entry;
mod turn_events;

pub use agent_entry::{
    AgentEntry, AgentList, Creation, CreationEvent, DeploymentEntry, MountEntry, RoomEntry,
    StatsEntry, StatusEntry, Statuses, ToolStatsEntry,
};
pub use approval_client::{ApprovalClient, ApprovalEntry, ApprovalWatch};
pub use client::{Client, Message, MessagePage, Messages, ObjectAnswer, SessionEntry};
pub use client_error::ClientError;
pub use edge::connections::MOST as MOST_CONNECTIONS;
pub use edge::listen::{SocketFile, inherited_tcp, inherited_unix, tcp, unix};
pub use edge::tls::{Tls, TlsError, TlsText};
pub use error::ServerError;
pub use explained_call::{ExplainedCall, ReadAttribute, explain_call};
pub use review_client::{ReviewedToolEntry, ReviewedTools, reviewed_tools};
pub use serving::{Server, Serving};
pub use telemetry::metrics::Totals;
pub use telemetry::otlp_url::{OtlpUrl, OtlpUrlError};
pub use telemetry::spans::{Exporting, Spans, SpansError};
pub use token::{Token, TokenError};
pub use token_client::{MadeTokenEntry, Rotated, TokenClient, TokenEntry};
pub use tool_entry::{ToolEntry, list_tools};
pub use turn_events::{
    ChatEvent, ChatEvents, NewTurn, ProgressEntry, SessionEvents, SnapshotEntry, UsageEntry,
    cancel_turns, compact_session, follow_session, start_turn,
};
