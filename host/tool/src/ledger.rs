//! The ledger: it keeps the record of every call. This crate decides what is recorded and when;
//! `agent` implements it on the audit trail of `store`.

use std::fmt;
use std::pin::Pin;

use cofferdam_call::{ApprovalAnswer, Record};

/// An entry on its way to the disk.
pub type Recording<'a> = Pin<Box<dyn Future<Output = Result<(), Unrecorded>> + Send + 'a>>;

/// Keeps records so that they outlive a loss of power.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// Returns when a record can be kept, as far as this is known before. No call runs without it.
    ///
    /// # Errors
    ///
    /// With the reason why nothing is recorded.
    fn ready(&self) -> Recording<'_>;

    /// Keeps a record. It outlives a loss of power when this returns.
    ///
    /// # Errors
    ///
    /// With the reason why it was not recorded. The call is then told as failed.
    fn record(&self, record: Record) -> Recording<'_>;

    /// Keeps a person's answer to a call that waits, like a record.
    ///
    /// # Errors
    ///
    /// With the reason why it was not recorded. The person is then told so.
    fn answer(&self, answer: ApprovalAnswer) -> Recording<'_>;

    /// Proves the records so far, for a process that ends.
    fn finish(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The reason why a call was not recorded, in one sentence for its caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unrecorded(pub String);
