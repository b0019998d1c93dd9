//! The audit trail: a line for every call, in files beside the database that can be read without
//! it.
//!
//! `audit/<seq of its first line>.jsonl` are segments of lines, each a JSON object in canonical
//! form (RFC 8785) with the digest of the line before. Every segment begins with a checkpoint: a
//! line that the host has signed, and that says where the trail begins since older segments were
//! dropped. A [`Trail`] writes, an [`AuditReader`] reads, [`verify`] proves.

mod end;
mod entry;
mod error;
mod hex;
mod key;
mod lines;
mod lock;
mod reader;
mod segment;
#[cfg(test)]
mod tests;
mod trail;
mod verify;
mod walk;
mod writer;

pub use entry::{Begins, Body, Checkpoint, Entry};
pub use error::{AuditError, Fault, FaultKind};
pub use key::{KEY_FILE, PublicKey};
pub use reader::{AuditLine, AuditReader};
pub use trail::{Proof, Trail, TrailConfig, Unwritten};
pub use verify::{Head, Place, Torn, Verified, verify};
