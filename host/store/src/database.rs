//! The open database, as the tables use it.

use std::sync::Arc;

use sqlx::sqlite::SqlitePool;

use crate::error::StoreError;
use crate::file::Files;

/// The open file, as the tables use it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) pool: SqlitePool,
    pub(crate) files: Arc<Files>,
}

impl Database {
    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.files.check()
    }

    /// For `map_err`.
    pub(crate) fn failed(&self) -> impl FnOnce(sqlx::Error) -> StoreError {
        |error| self.files.failed(error)
    }
}
