//! Errors of making and trying tools.

/// An error of the caller's own, which comes back as it is.
pub type CallerError = Box<dyn std::error::Error + Send + Sync>;

/// A tool could not be made, tried or described.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The author's files or arguments are wrong. The sentence names the place and what would be
    /// right.
    #[error("{0}")]
    Usage(String),
    /// The work failed, although the author's files and arguments are right.
    #[error("{0}")]
    Work(String),
    /// A program of a toolchain was started and has failed.
    #[error("{sentence}")]
    Toolchain {
        /// The program, and the project that it could not build.
        sentence: String,
        /// Its own lines about it, at most 32 KiB.
        words: String,
    },
    /// The caller could not make the sandbox that it was asked for.
    #[error(transparent)]
    Sandbox(CallerError),
}

impl Error {
    /// For `map_err`: the author's files or arguments are wrong.
    pub(crate) fn usage(problem: impl ToString) -> Self {
        Self::Usage(problem.to_string())
    }

    /// For `map_err`: the work failed.
    pub(crate) fn work(problem: impl ToString) -> Self {
        Self::Work(problem.to_string())
    }
}
