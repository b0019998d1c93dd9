//! Reasons why the database did not do as asked.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full.
    #[error("{path}: the disk is full: free some space and try again", path = path.display())]
    Full {
        /// The database file.
        path: PathBuf,
    },
    /// The file is not a database, or parts of it are missing or overwritten. Nothing is written to
    /// it.
    #[error(
        "{path} is damaged ({problem}): put a backup in its place, or move it and agents/ beside \
         it away to begin anew",
        path = path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The damage.
        problem: String,
    },
    /// Agents lie in the data directory, and the database that knows them does not.
    #[error(
        "{path} {problem}, and {trees} holds {count} agents that it should know: put the database \
         back, with its -wal file if it had one, or move {trees} away to begin anew",
        path = path.display(),
        trees = trees.display()
    )]
    Lost {
        /// The database file.
        path: PathBuf,
        /// The state of the file.
        problem: &'static str,
        /// The directory of the agents' trees.
        trees: PathBuf,
        /// Agents there.
        count: usize,
    },
    /// The file that this host opened is no longer the one of that name: what is stored would be
    /// lost.
    #[error(
        "{path} was removed or replaced while this host ran: nothing can be stored",
        path = path.display()
    )]
    Gone {
        /// The database file.
        path: PathBuf,
    },
    /// The database failed while it was open, or its log was cut short: what is stored could be
    /// lost.
    #[error(
        "{path} {problem} while this host ran: nothing more is stored; start the host again",
        path = path.display()
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        problem: String,
    },
    /// The tables are those of another version.
    #[error(
        "{path} cannot be used by this version: {problem}; use the version that wrote it",
        path = path.display()
    )]
    Version {
        /// The database file.
        path: PathBuf,
        /// The difference.
        problem: String,
    },
    /// Anything else.
    #[error("the database {path} failed: {problem}", path = path.display())]
    Failed {
        /// The database file.
        path: PathBuf,
        /// The error of the database or the system.
        problem: String,
    },
}

/// Result codes of SQLite (`sqlite.org/rescode.html`), of which the low byte is the kind.
mod code {
    /// Reading or writing failed; the rest of the code says where.
    pub(super) const IOERR: u32 = 10;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const NOTADB: u32 = 26;
    /// The index of the write-ahead log could not be made larger, which only a full disk does.
    pub(super) const IOERR_SHMSIZE: u32 = 4_874;
    /// A write that was refused, and is taken back whole: a quota, for instance.
    pub(super) const IOERR_WRITE: u32 = 778;
    /// There was no memory.
    pub(super) const IOERR_NOMEM: u32 = 3_082;
}

impl StoreError {
    pub(crate) fn of_system(path: &Path, source: &std::io::Error) -> Self {
        Self::Failed {
            path: path.to_owned(),
            problem: source.to_string(),
        }
    }

    pub(crate) fn new(path: &Path, source: &sqlx::Error) -> Self {
        let path = path.to_owned();
        match code_of(source).map(|code| (code & 0xff, code)) {
            Some((code::FULL, _) | (_, code::IOERR_SHMSIZE)) => Self::Full { path },
            Some((code::CORRUPT | code::NOTADB, _)) => Self::Damaged {
                path,
                problem: words(source),
            },
            _ => Self::Failed {
                path,
                problem: words(source),
            },
        }
    }

    /// The error for a failure of a database that was whole when it was opened.
    pub(crate) fn while_open(path: &Path, source: &sqlx::Error) -> Self {
        let code = code_of(source);
        match Self::new(path, source) {
            Self::Damaged { path, problem } => Self::Broken {
                path,
                problem: format!("was damaged ({problem})"),
            },
            Self::Failed { path, problem } if code.is_some_and(breaks) => Self::Broken {
                path,
                problem: format!("failed ({problem})"),
            },
            error => error,
        }
    }

    pub(crate) fn of_migration(path: &Path, source: &MigrateError) -> Self {
        match source {
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                Self::new(path, source)
            }
            source => Self::Version {
                path: path.to_owned(),
                problem: source.to_string(),
            },
        }
    }
}

fn code_of(error: &sqlx::Error) -> Option<u32> {
    error
        .as_database_error()
        .and_then(|error| error.code()?.parse().ok())
}

/// Returns true for a failure of the file system after which nothing can be relied on that SQLite
/// says of the file.
fn breaks(code: u32) -> bool {
    code & 0xff == code::IOERR && !matches!(code, code::IOERR_WRITE | code::IOERR_NOMEM)
}

fn words(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
