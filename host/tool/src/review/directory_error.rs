//! The problem with the reviews of a data directory.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cofferdam_capability::SystemError;

use super::statement::DecisionError;
use super::trust::TrustError;

/// The problem with the reviews of a data directory, in words for the operator. Paths are those of
/// this machine; [`ReviewDirectoryError::for_callers`] has none.
#[derive(Debug, thiserror::Error)]
pub enum ReviewDirectoryError {
    /// A file or directory cannot be read or written.
    #[error("{}: {}", .path.display(), SystemError(.source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The same below the data directory.
        name: String,
        /// The problem.
        source: io::Error,
    },
    /// The file of keys is damaged.
    #[error("{}: {source}", .path.display())]
    Trust {
        /// The file.
        path: PathBuf,
        /// The same below the data directory.
        name: String,
        /// The problem.
        source: TrustError,
    },
    /// There are decisions, and no file of keys.
    #[error(
        "{} is gone, and decisions are here that it is needed for: put it back, trust their \
         reviewers anew with `cofferdam review key trust`, or remove them", .path.display()
    )]
    KeysGone {
        /// The file.
        path: PathBuf,
        /// The same below the data directory.
        name: String,
    },
    /// The file of a decision is damaged.
    #[error("{} is damaged: {problem}; put it back, or remove it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The same below the data directory.
        name: String,
        /// The problem.
        problem: String,
    },
    /// More decisions than are kept.
    #[error(
        "this host keeps {0} decisions, and that is the most: remove those of components that are \
         not here with `cofferdam review rm`"
    )]
    Full(usize),
    /// Another process writes here for longer than anyone should.
    #[error(
        "another process has kept {} locked for {} s: end it, or try again", .path.display(),
        .waited.as_secs()
    )]
    Busy {
        /// The file that is locked.
        path: PathBuf,
        /// The time that was waited.
        waited: Duration,
    },
    /// The beginning of an id that is too short to be one.
    #[error("{written:?} is too short for an id: write at least {least} characters of it")]
    Short {
        /// The text that was written.
        written: String,
        /// The fewest characters.
        least: usize,
    },
    /// The beginning of more than one id.
    #[error("{0:?} begins more than one id: write more of it")]
    Ambiguous(String),
    /// An id that no decision has.
    #[error("there is no decision {0:?}")]
    Unknown(String),
    /// A decision that is too large, or none.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

impl ReviewDirectoryError {
    /// The same for clients and models, who are not told where on this machine it lies.
    pub fn for_callers(&self) -> String {
        match self {
            Self::Io { name, source, .. } => format!("{name}: {}", SystemError(source)),
            Self::Trust { name, source, .. } => format!("{name}: {source}"),
            Self::KeysGone { name, .. } => {
                format!("{name} is gone, and decisions are here that it is needed for")
            }
            Self::Damaged { name, problem, .. } => {
                format!("{name} is damaged: {problem}; put it back, or remove it")
            }
            Self::Busy { waited, .. } => format!(
                "another process has kept the reviews of this host locked for {} s; try again",
                waited.as_secs()
            ),
            Self::Full(_)
            | Self::Short { .. }
            | Self::Ambiguous(_)
            | Self::Unknown(_)
            | Self::Decision(_) => self.to_string(),
        }
    }
}
