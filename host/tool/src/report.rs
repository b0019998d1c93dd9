//! What came of a call.

use cofferdam_sandbox::{Output, Receipt};

/// What came of a call. There is one for every call, also for a refused one.
#[derive(Debug)]
pub struct Report {
    /// Standard output of a command, or the result of a typed call as JSON text.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// How it ended and what it used.
    pub receipt: Receipt,
}

impl From<cofferdam_sandbox::Report> for Report {
    fn from(report: cofferdam_sandbox::Report) -> Self {
        let cofferdam_sandbox::Report { stdout, stderr, receipt, tools: _ } = report;
        Self { stdout, stderr, receipt }
    }
}
