//! The agents that a host knows.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::Database;
use crate::error::StoreError;

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

impl AgentTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// All of them, by name.
    pub async fn all(&self) -> Result<Vec<KnownAgent>, StoreError> {
        sqlx::query("SELECT id, name, home, created_at FROM agents ORDER BY name")
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
