//! The only crate that names sqlx: everything that outlives the process and is not a file of an
//! agent's tree.
//!
//! A [`Store`] is one SQLite database. It refuses to open a damaged one, and to write to one that
//! was replaced or cut short while it was open. [`Logs`] are files of lines, one for each agent. A
//! [`Trail`] is the audit trail of calls, which no database is needed to read.

mod agents;
mod answer_writer;
mod answers;
mod approvals;
mod audit;
mod database;
mod error;
mod file;
mod logs;
mod messages;
mod migrations;
mod notes;
mod part;
mod sessions;
mod state;
mod store;
mod tokens;
mod upkeep;
mod waiting;

pub use agents::{AgentHome, AgentTable, KnownAgent, known_agents};
pub use answer_writer::{AnswerEnd, AnswerWriter, BegunCall, CallPlace};
pub use answers::{BeginError, BegunTurn, MAX_BRANCHES, MAX_MESSAGES, TurnTable};
pub use approvals::{
    ApprovalScope, ApprovalState, ApprovalTable, Decision, NewApproval, StoredApproval,
};
pub use audit::{
    AuditError, AuditLine, AuditReader, Begins, Body, Checkpoint, Entry, Fault, FaultKind, Head,
    KEY_FILE, Place, Proof, PublicKey, Torn, Trail, TrailConfig, Unwritten, Verified, verify,
};
pub use error::StoreError;
pub use file::Trees;
pub use logs::{AgentLog, LogEvent, Logs};
pub use messages::{Content, Message, MessageState, MessageTable, PageRequest, Role};
pub use notes::{Note, NoteTable, Saved};
pub use part::{Part, ToolState, to_json};
pub use sessions::{ImportError, Session, SessionTable, SessionsCursor, Summary};
pub use state::{Desired, FailureReason, State};
pub use store::Store;
pub use tokens::{SigningKey, StoredToken, TokenProof, TokenTable};
pub use waiting::{ResumedTurn, WaitingCall, WaitingTable};
