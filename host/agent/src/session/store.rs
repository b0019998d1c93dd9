//! The tables.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::error::StoreError;
use super::file::{self, Files, Trees};

/// Connections to the database file. Writers take turns anyway; readers need a few beside them.
const CONNECTIONS: u32 = 4;

/// How long a statement waits for another writer.
const BUSY: Duration = Duration::from_secs(10);

/// Agents and their messages on disk.
#[derive(Debug, Clone)]
pub struct SessionStore {
    pool: SqlitePool,
    files: Arc<Files>,
}

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MessageRow {
    /// Its number, in the order in which messages were stored.
    pub id: i64,
    /// `user` or `assistant`.
    pub role: String,
    /// The prompt, or the parts of an answer as JSON.
    pub content: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Earlier answers of a regenerated turn.
    pub branches_json: String,
    /// Which of them counts.
    pub active_branch: i64,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionRow {
    /// Its id, as the client chose it.
    pub id: String,
    /// How many messages it has.
    pub message_count: i64,
    /// When the last of them was stored, in Unix seconds.
    pub last_active: i64,
}

/// One known agent.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct AgentRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) home: String,
    pub(crate) created_at: i64,
}

impl SessionStore {
    /// Opens the database file, creating it or bringing it to this version. One that is damaged, or does not know the
    /// agents whose `trees` are there, is refused and left as it is.
    pub(crate) async fn open(file: &Path, trees: &Trees) -> Result<Self, StoreError> {
        file::check(file, trees)?;
        let wrong = |error| StoreError::new(file, error);
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A committed message survives the loss of power, not only of the process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(wrong)?;
        check_content(&pool, file).await?;
        if agents_known(&pool).await.map_err(wrong)? == 0 {
            file::refuse_lost(file, "knows no agent", trees)?;
        }
        sqlx::migrate!().run(&pool).await.map_err(|error| StoreError::of_migration(file, error))?;
        // All of them are opened now, one after the other, and stay on this file: one that is opened later is opened by its
        // name, which may lead to the file of another host by then.
        let mut opened = Vec::new();
        for _ in 0..CONNECTIONS {
            opened.push(pool.acquire().await.map_err(wrong)?);
        }
        drop(opened);
        Ok(Self { pool, files: Arc::new(Files::of(file)?) })
    }

    /// Refuses when the files that were opened are no longer those of their names, or are not whole
    /// any more: nothing that is stored would be kept.
    pub fn check(&self) -> Result<(), StoreError> {
        self.files.check()
    }

    /// For `map_err`.
    pub(super) fn wrong(&self) -> impl FnOnce(sqlx::Error) -> StoreError {
        |error| self.files.failed(error)
    }

    /// Closes the database, so that its log is merged into the file. A log that is not whole is
    /// not: the file stays as it is.
    pub async fn close(&self) {
        if self.files.is_whole() {
            self.pool.close().await;
        } else {
            // The last connection would merge it when it is dropped.
            std::mem::forget(self.pool.clone());
        }
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn agents(&self) -> Result<Vec<AgentRow>, StoreError> {
        sqlx::query_as("SELECT id, name, home, created_at FROM agents ORDER BY name")
            .fetch_all(&self.pool)
            .await
            .map_err(self.wrong())
    }

    pub(crate) async fn agent(&self, name: &str) -> Result<Option<AgentRow>, StoreError> {
        sqlx::query_as("SELECT id, name, home, created_at FROM agents WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.wrong())
    }

    /// Stores an agent, or a new home of one that is known.
    pub(crate) async fn put_agent(&self, agent: &AgentRow) -> Result<(), StoreError> {
        self.check()?;
        sqlx::query(
            "INSERT INTO agents (id, name, home, created_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET home = excluded.home",
        )
        .bind(&agent.id)
        .bind(&agent.name)
        .bind(&agent.home)
        .bind(agent.created_at)
        .execute(&self.pool)
        .await
        .map_err(self.wrong())?;
        self.check()
    }

    pub(crate) async fn append(
        &self,
        agent: &str,
        session: &str,
        role: &str,
        content: &str,
    ) -> Result<i64, StoreError> {
        // Also before: a log that was cut short has its length again after the next write, with a
        // hole in it.
        self.check()?;
        let insert = sqlx::query(
            "INSERT INTO messages (agent_id, session_id, role, content, created_at) VALUES (?, ?, ?, ?, unixepoch())",
        );
        let insert = insert.bind(agent).bind(session).bind(role).bind(content);
        let row = insert.execute(&self.pool).await.map_err(self.wrong())?;
        self.check()?;
        Ok(row.last_insert_rowid())
    }

    pub(crate) async fn update(&self, id: i64, content: &str) -> Result<(), StoreError> {
        self.check()?;
        let update = sqlx::query("UPDATE messages SET content = ? WHERE id = ?").bind(content).bind(id);
        update.execute(&self.pool).await.map_err(self.wrong())?;
        self.check()
    }

    pub(crate) async fn count(&self, agent: &str, session: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT count(*) FROM messages WHERE agent_id = ? AND session_id = ?")
            .bind(agent)
            .bind(session)
            .fetch_one(&self.pool)
            .await
            .map_err(self.wrong())
    }

    /// The newest `limit` messages of a session, oldest first, for a model.
    pub(crate) async fn messages(&self, agent: &str, session: &str, limit: i64) -> Result<Vec<MessageRow>, StoreError> {
        sqlx::query_as(
            "SELECT * FROM (
                 SELECT id, role, content, created_at, branches_json, active_branch FROM messages
                 WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT ?
             ) ORDER BY id",
        )
        .bind(agent)
        .bind(session)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(self.wrong())
    }

    /// Deletes a session and tells whether there was one.
    pub async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, StoreError> {
        self.check()?;
        let delete = sqlx::query("DELETE FROM messages WHERE agent_id = ? AND session_id = ?");
        let done = delete.bind(agent).bind(session).execute(&self.pool).await.map_err(self.wrong())?;
        self.check()?;
        Ok(done.rows_affected() > 0)
    }
}

/// Looks for damage that a query would meet later. Reading a database of this size takes a second at most; a larger one is
/// refused where a query meets the damage.
async fn check_content(pool: &SqlitePool, file: &Path) -> Result<(), StoreError> {
    /// The largest database that is read as a whole, in bytes.
    const MOST: u64 = 256 << 20;
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > MOST) {
        return Ok(());
    }
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(pool).await;
    match found.map_err(|error| StoreError::new(file, error))?.as_str() {
        "ok" => Ok(()),
        problem => {
            let problem = problem.lines().last().unwrap_or(problem).to_owned();
            Err(StoreError::Damaged { path: file.to_owned(), problem })
        }
    }
}

/// The number of agents in a database of any age, also one without tables.
async fn agents_known(pool: &SqlitePool) -> Result<i64, sqlx::Error> {
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'agents'";
    if sqlx::query_scalar::<_, i64>(tables).fetch_one(pool).await? == 0 {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(pool).await
}
