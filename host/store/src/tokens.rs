//! Tokens of clients and of agents, and the keys that sign those of agents.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::{Database, Durability};
use crate::error::StoreError;

/// The table of tokens. Clones are the same table.
#[derive(Debug, Clone)]
pub struct TokenTable(Database);

/// A token. No column holds the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The id, a UUID.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The proof that a request must bring.
    pub proof: TokenProof,
    /// The agent that it is of or bound to; none for every agent.
    pub agent_id: Option<String>,
    /// The scopes of a client's token.
    pub scopes: Vec<String>,
    /// Ids of agents that the holder of an agent's token may talk to.
    pub links: Vec<String>,
    /// The capabilities of an agent's token.
    pub capabilities: Vec<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub expires_at: i64,
    /// Unix seconds; none for one that was not revoked.
    pub revoked_at: Option<i64>,
}

/// The proof that a request must bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenProof {
    /// A client's token, of which this is the digest.
    Digest(String),
    /// A signature of the key with this id.
    Signature {
        /// The id of the key.
        key_id: String,
    },
}

/// A key that signs the tokens of agents. Nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The id, a UUID.
    pub id: String,
    /// The bytes of the key.
    pub key: Vec<u8>,
    /// Unix seconds.
    pub created_at: i64,
}

impl TokenTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// All of them, by name.
    pub async fn all(&self) -> Result<Vec<StoredToken>, StoreError> {
        sqlx::query("SELECT * FROM tokens ORDER BY name")
            .try_map(StoredToken::read)
            .fetch_all(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// Stores a new token in the place of one of its name.
    pub async fn put(&self, token: &StoredToken) -> Result<(), StoreError> {
        let StoredToken {
            id,
            name,
            proof,
            agent_id,
            scopes,
            links,
            capabilities,
            created_at,
            expires_at,
            revoked_at,
        } = token;
        let digest = match proof {
            TokenProof::Digest(digest) => digest.as_str(),
            TokenProof::Signature { .. } => "",
        };
        let key_id = match proof {
            TokenProof::Digest(_) => None,
            TokenProof::Signature { key_id } => Some(key_id),
        };
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query(
            "INSERT OR REPLACE INTO tokens (id, name, digest, key_id, agent_id, scopes, links,
                 capabilities, created_at, expires_at, revoked_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(name)
        .bind(digest)
        .bind(key_id)
        .bind(agent_id)
        .bind(scopes.join(" "))
        .bind(links.join(" "))
        .bind(capabilities.join(" "))
        .bind(created_at)
        .bind(expires_at)
        .bind(revoked_at)
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await
    }

    /// Stores that a token was revoked.
    pub async fn revoke(&self, id: &str, revoked_at: i64) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(revoked_at)
            .bind(id)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        write.commit().await
    }

    /// Removes the tokens that expired or were revoked before `time`, in Unix seconds, and the keys
    /// but the newest that have signed none of the others.
    pub async fn forget(&self, time: i64) -> Result<(), StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query("DELETE FROM tokens WHERE expires_at < ? OR revoked_at < ?")
            .bind(time)
            .bind(time)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        sqlx::query(
            "DELETE FROM signing_keys
             WHERE id NOT IN (SELECT key_id FROM tokens WHERE key_id IS NOT NULL)
                 AND rowid <> (SELECT max(rowid) FROM signing_keys)",
        )
        .execute(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await
    }

    /// The keys that sign or have signed tokens of agents, oldest first. The last one signs.
    pub async fn keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        sqlx::query("SELECT * FROM signing_keys ORDER BY rowid")
            .try_map(SigningKey::read)
            .fetch_all(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// Stores a key, which signs from now on.
    pub async fn add_key(&self, key: &SigningKey) -> Result<(), StoreError> {
        let SigningKey {
            id,
            key,
            created_at,
        } = key;
        let mut write = self.0.write(Durability::Power).await?;
        sqlx::query("INSERT INTO signing_keys (id, key, created_at) VALUES (?, ?, ?)")
            .bind(id)
            .bind(key)
            .bind(created_at)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        write.commit().await
    }
}

impl StoredToken {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        let key_id: Option<String> = row.try_get("key_id")?;
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            proof: match key_id {
                Some(key_id) => TokenProof::Signature { key_id },
                None => TokenProof::Digest(row.try_get("digest")?),
            },
            agent_id: row.try_get("agent_id")?,
            scopes: words(row.try_get("scopes")?),
            links: words(row.try_get("links")?),
            capabilities: words(row.try_get("capabilities")?),
            created_at: row.try_get("created_at")?,
            expires_at: row.try_get("expires_at")?,
            revoked_at: row.try_get("revoked_at")?,
        })
    }
}

impl SigningKey {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            key: row.try_get("key")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The words of a column that holds a list.
fn words(text: String) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}
