//! The agents that a host knows.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::file;
use crate::state::{Desired, State};

/// Columns by name: `*` stands for those of the moment at which a connection has looked.
const ALL: &str = "SELECT id, name, home, created_at, desired, status, failure_reason, failure, \
                   image, image_digest, deployment FROM agents ORDER BY name";

/// The table of agents. Clones are the same table.
#[derive(Debug, Clone)]
pub struct AgentTable(Database);

/// An agent of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// The id, a UUID, which never changes.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The directory of its Agentfile; empty for an agent that was made from an image.
    pub home: String,
    /// Unix seconds.
    pub created_at: i64,
    /// The operator's wish.
    pub desired: Desired,
    /// The state that was announced last, but for turns: an agent that works is stored as ready.
    pub state: State,
    /// The sentence about its failure; empty unless it has failed.
    pub failure: String,
    /// The reference of its image; empty for an agent that was made from a file.
    pub image: String,
    /// The digest of its image; empty for an agent that was made from a file.
    pub image_digest: String,
    /// The operator's choices beyond the image, as JSON.
    pub deployment: String,
}

/// The name and the tree of an agent, in a database of any version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentHome {
    /// The id, a UUID, which never changes.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The directory of its Agentfile; empty for an agent that was made from an image.
    pub home: String,
    /// The operator's choices beyond the image, as JSON.
    pub deployment: String,
}

/// Reads the agents that a database knows, whether a host has it open or not; nothing is written. A
/// database that is not there knows none, and one of an older version is read as it is.
pub async fn known_agents(file: &Path) -> Result<Vec<AgentHome>, StoreError> {
    if !file::is_there(file)? {
        return Ok(Vec::new());
    }
    let wrong = |error: sqlx::Error| StoreError::new(file, &error);
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options)
        .await
        .map_err(wrong)?;
    let read = homes(&mut connection).await;
    connection.close().await.map_err(wrong)?;
    read.map_err(wrong)
}

/// Reads the agents of a database of any version, as it is at one moment: a host that starts may
/// bring it to another one meanwhile.
async fn homes(connection: &mut SqliteConnection) -> Result<Vec<AgentHome>, sqlx::Error> {
    let mut moment = connection.begin().await?;
    // The first look is the moment.
    sqlx::query("SELECT count(*) FROM sqlite_master")
        .execute(&mut *moment)
        .await?;
    sqlx::query("SELECT * FROM agents ORDER BY name")
        .try_map(AgentHome::read)
        .fetch_all(&mut *moment)
        .await
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

    /// Stores an agent, or what has changed of one that is known: everything but its id, its name
    /// and the time at which it was made.
    pub async fn put(&self, agent: &KnownAgent) -> Result<(), StoreError> {
        let KnownAgent {
            id,
            name,
            home,
            created_at,
            desired,
            state,
            failure,
            image,
            image_digest,
            deployment,
        } = agent;
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query(
            "INSERT INTO agents (id, name, home, created_at, desired, status, failure_reason,
                 failure, image, image_digest, deployment)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET home = excluded.home, desired = excluded.desired,
                 status = excluded.status, failure_reason = excluded.failure_reason,
                 failure = excluded.failure, image = excluded.image,
                 image_digest = excluded.image_digest, deployment = excluded.deployment",
        )
        .bind(id)
        .bind(name)
        .bind(home)
        .bind(created_at)
        .bind(desired.as_str())
        .bind(state.as_str())
        .bind(state.failure_reason())
        .bind(failure)
        .bind(image)
        .bind(image_digest)
        .bind(deployment)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await
    }

    /// Stores a transition of the agent `id`, and what the operator wants of it from now on.
    /// `failure` is the sentence about a failure, or empty.
    pub async fn set_state(
        &self,
        id: &str,
        desired: Desired,
        state: State,
        failure: &str,
    ) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query(
            "UPDATE agents SET desired = ?, status = ?, failure_reason = ?, failure = ?
             WHERE id = ?",
        )
        .bind(desired.as_str())
        .bind(state.as_str())
        .bind(state.failure_reason())
        .bind(failure)
        .bind(id)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await
    }

    /// Removes an agent with everything said in its sessions.
    pub async fn remove(&self, id: &str) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query("DELETE FROM agents WHERE id = ?")
            .bind(id)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        write.commit().await?;
        self.0.forget().await
    }
}

impl KnownAgent {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            home: row.try_get("home")?,
            created_at: row.try_get("created_at")?,
            desired: Desired::read(row.try_get("desired")?)?,
            state: State::read(row.try_get("status")?, row.try_get("failure_reason")?)?,
            failure: row.try_get("failure")?,
            image: row.try_get("image")?,
            image_digest: row.try_get("image_digest")?,
            deployment: row.try_get("deployment")?,
        })
    }
}

impl AgentHome {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            home: row.try_get("home")?,
            // Older versions have none.
            deployment: row
                .try_get("deployment")
                .unwrap_or_else(|_| "{}".to_owned()),
        })
    }
}

impl From<&KnownAgent> for AgentHome {
    fn from(agent: &KnownAgent) -> Self {
        Self {
            id: agent.id.clone(),
            name: agent.name.clone(),
            home: agent.home.clone(),
            deployment: agent.deployment.clone(),
        }
    }
}
