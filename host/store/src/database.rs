//! The open database, as the tables use it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, Transaction};
use tokio::sync::{Mutex, MutexGuard};

use crate::error::StoreError;
use crate::file::Files;

/// The open file, as the tables use it.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) pool: SqlitePool,
    /// The connection for what need not survive the loss of power.
    pub(crate) pieces: SqlitePool,
    pub(crate) files: Arc<Files>,
    /// Held by the one that writes: SQLite has one writer, and makes others sleep and try again.
    pub(crate) writing: Arc<Mutex<()>>,
}

/// The loss that a write survives once it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The loss of power. A commit waits for the disk.
    Power,
    /// The end of the process, also by `kill -9`. A commit waits for nothing.
    Process,
}

/// A transaction of the one that writes. Dropped without a commit, it has changed nothing.
pub(crate) struct Write<'a> {
    database: &'a Database,
    transaction: Transaction<'static, Sqlite>,
    _turn: MutexGuard<'a, ()>,
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

    /// Takes deleted text out of the files of the database: pages that it was on are overwritten
    /// already, and the log still has them as they were.
    pub(crate) async fn forget(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        for statement in [
            format!("PRAGMA incremental_vacuum({GIVEN_BACK})"),
            // Waits for readers, and cuts the log.
            "PRAGMA wal_checkpoint(TRUNCATE)".to_owned(),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .fetch_all(&self.pool)
                .await
                .map_err(self.failed())?;
        }
        self.check()
    }

    /// Begins to write, when the writers before are done.
    pub(crate) async fn write(&self, durability: Durability) -> Result<Write<'_>, StoreError> {
        let turn = self.writing.lock().await;
        // Also before: a log that was cut short has its length again after the next write, with a
        // hole in it.
        self.check()?;
        let pool = match durability {
            Durability::Power => &self.pool,
            Durability::Process => &self.pieces,
        };
        // At once, because a transaction that reads first may find that another has written since.
        let transaction = pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(self.failed())?;
        Ok(Write {
            database: self,
            transaction,
            _turn: turn,
        })
    }
}

/// Room that is given back to the system after a deletion, in pages of the database (64 MiB of
/// pages of 4 KiB): more is given back after the next one.
const GIVEN_BACK: u32 = 16_384;

// === impl Write ===

impl Write<'_> {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let Self {
            database,
            transaction,
            _turn: turn,
        } = self;
        transaction.commit().await.map_err(database.failed())?;
        drop(turn);
        database.check()
    }
}

impl Deref for Write<'_> {
    type Target = Transaction<'static, Sqlite>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}
