//! The ledger of tool calls, on the audit trail.

use std::pin::Pin;
use std::sync::Arc;

use cofferdam_call::{ApprovalAnswer, Record};
use cofferdam_store::{Trail, Unwritten};
use cofferdam_tool::{Ledger, Recording, Unrecorded};

/// A ledger that writes to an audit trail.
#[derive(Debug)]
struct AuditLedger(Trail);

/// The ledger that keeps its records in this trail.
pub fn ledger(trail: Trail) -> Arc<dyn Ledger> {
    Arc::new(AuditLedger(trail))
}

impl Ledger for AuditLedger {
    fn ready(&self) -> Recording<'_> {
        Box::pin(async { self.0.ready().await.map_err(unrecorded) })
    }

    fn record(&self, record: Record) -> Recording<'_> {
        Box::pin(async { self.0.record(record).await.map_err(unrecorded) })
    }

    fn answer(&self, answer: ApprovalAnswer) -> Recording<'_> {
        Box::pin(async { self.0.answer(answer).await.map_err(unrecorded) })
    }

    fn finish(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.0.finish())
    }
}

fn unrecorded(unwritten: Unwritten) -> Unrecorded {
    Unrecorded(unwritten.to_string())
}
