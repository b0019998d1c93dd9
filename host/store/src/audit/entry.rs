//! The lines of a trail: a JSON object each, in canonical form.

use std::time::SystemTime;

use cofferdam_call::{ApprovalAnswer, Record};
use cofferdam_capability::Digest;
use serde::{Deserialize, Serialize};

use super::key::{AuditKey, PublicKey};

/// Bytes before a checkpoint in what is signed, so that a signature means nothing elsewhere.
const CONTEXT: &[u8] = b"cofferdam audit checkpoint 1\n";

/// A line of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number. The first line of a trail has 1, and each the next one.
    pub seq: u64,
    /// The time at which it was written, in UTC (RFC 3339).
    pub time: String,
    /// SHA-256 of the line before, without its line break; for the first line, of nothing.
    pub prev: Digest,
    /// The subject of the line.
    #[serde(flatten)]
    pub body: Body,
}

/// The subject of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Body {
    /// A call.
    Call(Box<Record>),
    /// A person's answer to a call that waits.
    Answer(Box<ApprovalAnswer>),
    /// All lines before this one are as they were written.
    Checkpoint(Checkpoint),
}

/// A line that proves the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The first line that is kept.
    pub begins: Begins,
    /// The fingerprint of the key that has signed it.
    pub key: Digest,
    /// The signature over the line with this text empty, in hexadecimal digits.
    pub signature: String,
}

/// The first line that is kept, since segments before it were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begins {
    /// Its number.
    pub seq: u64,
    /// The digest of the line before it.
    pub prev: Digest,
}

impl Begins {
    /// The beginning of a trail of which nothing was dropped.
    pub(super) fn new() -> Self {
        Self {
            seq: 1,
            prev: Digest::of(&[]),
        }
    }
}

impl Entry {
    /// An entry that is written now.
    pub(super) fn now(seq: u64, prev: Digest, body: Body) -> Self {
        Self {
            seq,
            time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            prev,
            body,
        }
    }

    /// Reads a line without its line break.
    pub(super) fn read(line: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(line)
    }

    /// The line in canonical form, without its line break.
    pub(super) fn line(&self) -> serde_json::Result<Vec<u8>> {
        serde_json_canonicalizer::to_vec(self)
    }

    /// The checkpoint, if it is one.
    pub(super) fn checkpoint(&self) -> Option<&Checkpoint> {
        match &self.body {
            Body::Checkpoint(checkpoint) => Some(checkpoint),
            Body::Call(_) | Body::Answer(_) => None,
        }
    }

    /// The line in canonical form, signed with the key if it is a checkpoint.
    pub(super) fn signed_line(&self, key: &AuditKey) -> serde_json::Result<Vec<u8>> {
        if self.checkpoint().is_none() {
            return self.line();
        }
        let signature = key.sign(&self.message()?);
        let mut signed = self.clone();
        if let Body::Checkpoint(checkpoint) = &mut signed.body {
            checkpoint.signature = signature;
        }
        signed.line()
    }

    /// Returns true if `line` is this checkpoint byte for byte, and the key has signed it.
    pub(super) fn is_signed(&self, line: &[u8], key: &PublicKey) -> bool {
        self.checkpoint().is_some_and(|checkpoint| {
            checkpoint.key == key.fingerprint()
                && self.line().is_ok_and(|canonical| canonical == line)
                && self
                    .message()
                    .is_ok_and(|message| key.has_signed(&message, &checkpoint.signature))
        })
    }

    /// The bytes that are signed.
    fn message(&self) -> serde_json::Result<Vec<u8>> {
        let mut unsigned = self.clone();
        if let Body::Checkpoint(checkpoint) = &mut unsigned.body {
            checkpoint.signature.clear();
        }
        let mut message = CONTEXT.to_vec();
        message.extend(unsigned.line()?);
        Ok(message)
    }
}
