//! The report on one tool.

use cofferdam_capability::{Digest, LowerLimit};
use serde::Serialize;

use super::check::Checked;
use super::suggestion::Suggestion;

/// Everything about one tool.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// Its name, else the path that it was built from.
    pub tool: String,
    /// Its version, as its manifest has it.
    pub version: String,
    /// Its summary, as its manifest has it.
    pub summary: String,
    /// The path that it was built from.
    pub path: String,
    /// The digest of its component.
    pub digest: Digest,
    /// The size of its component, in bytes.
    pub size: usize,
    /// The author's cases, then the hostile inputs.
    pub cases: Vec<Checked>,
    /// Limits that its calls suggest.
    pub suggestion: Suggestion,
    /// Limits that the manifest asks for above the defaults. The cases had them; other callers get
    /// them from their operator alone.
    pub raised: Vec<LowerLimit>,
    /// Sentences about rows that are declared and no case uses.
    pub unused: Vec<String>,
}

impl Tested {
    /// The number of calls that did not end as expected.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed).count()
    }

    /// The results of the author's cases.
    pub fn golden(&self) -> impl Iterator<Item = &Checked> {
        self.cases.iter().filter(|case| !case.hostile)
    }
}
