//! The ledger of a host, on the audit trail.

use std::pin::Pin;

use cofferdam_call::{ApprovalAnswer, Record};
use cofferdam_store::{Trail, Unwritten};
use cofferdam_tool::{Ledger, Recording, Unrecorded};

/// As the host's own, which lies in a crate that this one does not know.
#[derive(Debug)]
pub(crate) struct TrailLedger(pub(crate) Trail);

impl Ledger for TrailLedger {
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
