//! The tables.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::error::AgentError;

/// Connections to the database file. Writers take turns anyway; readers need a few beside them.
const CONNECTIONS: u32 = 4;

/// How long a statement waits for another writer.
const BUSY: Duration = Duration::from_secs(10);

/// Agents and their messages on disk.
#[derive(Debug, Clone)]
pub struct SessionStore {
    pool: SqlitePool,
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
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AgentRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) home: String,
    pub(crate) created_at: i64,
}

impl SessionStore {
    /// Opens the database file, creating it or bringing it to this version.
    pub async fn open(file: &Path) -> Result<Self, AgentError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A committed message survives the loss of power, not only of the process.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        sqlx::migrate!().run(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes the database, so that its log is merged into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) async fn agents(&self) -> Result<Vec<AgentRow>, sqlx::Error> {
        sqlx::query_as("SELECT id, name, home, created_at FROM agents ORDER BY name").fetch_all(&self.pool).await
    }

    pub(crate) async fn agent(&self, name: &str) -> Result<Option<AgentRow>, sqlx::Error> {
        sqlx::query_as("SELECT id, name, home, created_at FROM agents WHERE name = ?")
            .bind(name)
            .fetch_optional(&self.pool)
            .await
    }

    /// Stores an agent, or a new home of one that is known.
    pub(crate) async fn put_agent(&self, agent: &AgentRow) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO agents (id, name, home, created_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET home = excluded.home",
        )
        .bind(&agent.id)
        .bind(&agent.name)
        .bind(&agent.home)
        .bind(agent.created_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(crate) async fn append(
        &self,
        agent: &str,
        session: &str,
        role: &str,
        content: &str,
    ) -> Result<i64, sqlx::Error> {
        let insert = sqlx::query(
            "INSERT INTO messages (agent_id, session_id, role, content, created_at) VALUES (?, ?, ?, ?, unixepoch())",
        );
        let row = insert.bind(agent).bind(session).bind(role).bind(content).execute(&self.pool).await?;
        Ok(row.last_insert_rowid())
    }

    pub(crate) async fn update(&self, id: i64, content: &str) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE messages SET content = ? WHERE id = ?").bind(content).bind(id).execute(&self.pool).await?;
        Ok(())
    }

    pub(crate) async fn count(&self, agent: &str, session: &str) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("SELECT count(*) FROM messages WHERE agent_id = ? AND session_id = ?")
            .bind(agent)
            .bind(session)
            .fetch_one(&self.pool)
            .await
    }

    /// The newest `limit` messages of a session, oldest first, for a model.
    pub(crate) async fn messages(
        &self,
        agent: &str,
        session: &str,
        limit: i64,
    ) -> Result<Vec<MessageRow>, sqlx::Error> {
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
    }

    /// Deletes a session and tells whether there was one.
    pub async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, sqlx::Error> {
        let delete = sqlx::query("DELETE FROM messages WHERE agent_id = ? AND session_id = ?");
        let done = delete.bind(agent).bind(session).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }
}
