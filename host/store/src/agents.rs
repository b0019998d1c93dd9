//! The agents that a host knows.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use crate::database::Database;
use crate::error::StoreError;
use crate::file;

const ALL: &str = "SELECT id, name, home, created_at FROM agents ORDER BY name";

/// The table of agents. Clones are the same table.
#[derive(Debug, Clone)]
pub struct AgentTable(Database);

/// An agent that was made on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// The id, a UUID, which never changes.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The directory of its Agentfile.
    pub home: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// Reads the agents that a database knows, whether a host has it open or not; nothing is written. A
/// database that is not there knows none.
pub async fn known_agents(file: &Path) -> Result<Vec<KnownAgent>, StoreError> {
    if !file::is_there(file)? {
        return Ok(Vec::new());
    }
    let wrong = |error: sqlx::Error| StoreError::new(file, &error);
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(wrong)?;
    let read = sqlx::query(ALL)
        .try_map(KnownAgent::read)
        .fetch_all(&mut connection)
        .await;
    connection.close().await.map_err(wrong)?;
    read.map_err(wrong)
}

impl AgentTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// All of them, by name.
    pub async fn all(&self) -> Result<Vec<KnownAgent>, StoreError> {
        sqlx::query(ALL)
            .try_map(KnownAgent::read)
            .fetch_all(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// The agent of this name.
    pub async fn named(&self, name: &str) -> Result<Option<KnownAgent>, StoreError> {
        sqlx::query("SELECT id, name, home, created_at FROM agents WHERE name = ?")
            .bind(name)
            .try_map(KnownAgent::read)
            .fetch_optional(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// Stores an agent, or a new home of one that is known.
    pub async fn put(&self, agent: &KnownAgent) -> Result<(), StoreError> {
        self.0.check()?;
        sqlx::query(
            "INSERT INTO agents (id, name, home, created_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET home = excluded.home",
        )
        .bind(&agent.id)
        .bind(&agent.name)
        .bind(&agent.home)
        .bind(agent.created_at)
        .execute(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        self.0.check()
    }
}

impl KnownAgent {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            home: row.try_get("home")?,
            created_at: row.try_get("created_at")?,
        })
    }
}
