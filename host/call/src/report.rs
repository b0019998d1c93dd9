//! The result of a call.

use crate::output::Output;
use crate::receipt::Receipt;

/// The result of a call. There is one for every call, also for a refused one.
#[derive(Debug)]
pub struct Report {
    /// Standard output of a command, or the result of a typed call as JSON text.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// The outcome and the resources used.
    pub receipt: Receipt,
}

impl Report {
    /// A call that ended before the tool said anything.
    pub fn silent(receipt: Receipt) -> Self {
        Self {
            stdout: Output::default(),
            stderr: Output::default(),
            receipt,
        }
    }
}
