//! A failure of a row, in one sentence.

/// The reason why a row failed or could not be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub(crate) String);

impl Problem {
    /// A problem that `result` has, at `what`.
    pub(crate) fn at<T, E: std::fmt::Display>(
        what: impl std::fmt::Display,
        result: Result<T, E>,
    ) -> Result<T, Self> {
        result.map_err(|error| Self(format!("{what}: {error}")))
    }

    /// `sentence` unless `holds`.
    pub(crate) fn unless(holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self(sentence())) }
    }
}
