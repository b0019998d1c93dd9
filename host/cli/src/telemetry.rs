//! Spans of a command that serves others, for the collector that its configuration names.

use std::time::Duration;

use cofferdam_server::{OtlpUrl, Spans};

use crate::error::Failure;

/// The longest time that a command which ends waits for its last spans to be exported. A collector
/// takes them within milliseconds.
const FLUSH: Duration = Duration::from_secs(5);

/// The same for a command whose client waits for its end, and kills it after a second.
const FLUSH_AT_ONCE: Duration = Duration::from_millis(200);

/// Export of the spans of one command.
#[derive(Debug)]
pub(crate) struct Export {
    spans: Spans,
    flush: Duration,
}

impl Export {
    /// Waits for the last spans of a host.
    pub(crate) fn of_host(spans: Spans) -> Self {
        let flush = FLUSH;
        Self { spans, flush }
    }

    /// Keeps nobody waiting for the last spans.
    pub(crate) fn at_once(spans: Spans) -> Self {
        let flush = FLUSH_AT_ONCE;
        Self { spans, flush }
    }

    /// Exports spans while `work` goes on, if there is a `collector`.
    pub(crate) async fn during(
        self,
        collector: Option<OtlpUrl>,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let exporting = collector.map(|collector| self.spans.export(&collector));
        let exporting = exporting.transpose().map_err(Failure::work)?;
        let done = work.await;
        if let Some(exporting) = exporting {
            exporting.finish(self.flush).await;
        }
        done
    }
}
