//! Notes of agents: short texts by key, which outlive sessions.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::{Database, Durability};
use crate::error::StoreError;

/// The table of notes. Clones are the same table.
#[derive(Debug, Clone)]
pub struct NoteTable(Database);

/// One note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The key, unlike that of any other note of the agent.
    pub key: String,
    /// The text.
    pub content: String,
    /// True if it is pinned.
    pub in_context: bool,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
}

/// A note that was stored, or the reason why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Kept {
        /// The note.
        note: Note,
        /// True if it replaced one of its key.
        overwrote: bool,
    },
    /// The agent has as many notes as it may have.
    Full,
}

impl NoteTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// The notes of an agent, by key; with `pinned` those alone that are pinned.
    pub async fn list(&self, agent: &str, pinned: bool) -> Result<Vec<Note>, StoreError> {
        sqlx::query(
            "SELECT * FROM notes WHERE agent_id = ? AND (in_context = 1 OR NOT ?) ORDER BY key",
        )
        .bind(agent)
        .bind(pinned)
        .try_map(Note::read)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// The note of this key, if there is one.
    pub async fn get(&self, agent: &str, key: &str) -> Result<Option<Note>, StoreError> {
        sqlx::query("SELECT * FROM notes WHERE agent_id = ? AND key = ?")
            .bind(agent)
            .bind(key)
            .try_map(Note::read)
            .fetch_optional(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// Stores a note in place of one of its key, if there are fewer than `most` others. It is
    /// pinned where `pin` says so, and else as it was.
    pub async fn save(
        &self,
        agent: &str,
        key: &str,
        content: &str,
        pin: Option<bool>,
        most: i64,
    ) -> Result<Saved, StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        let wrong = |error| self.0.failed()(error);
        let before: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM notes WHERE agent_id = ? AND key = ?")
                .bind(agent)
                .bind(key)
                .fetch_optional(&mut **write)
                .await
                .map_err(wrong)?;
        // One statement counts and stores; the transaction has begun as a writer, so nobody takes
        // the last place in between.
        let note = sqlx::query(
            "INSERT INTO notes (agent_id, key, content, in_context, created_at, updated_at)
             SELECT ?1, ?2, ?3, coalesce(?4, 0), unixepoch(), unixepoch()
             WHERE (SELECT count(*) FROM notes WHERE agent_id = ?1 AND key <> ?2) < ?5
             ON CONFLICT (agent_id, key) DO UPDATE SET content = excluded.content,
                 in_context = coalesce(?4, in_context), updated_at = excluded.updated_at
             RETURNING *",
        )
        .bind(agent)
        .bind(key)
        .bind(content)
        .bind(pin)
        .bind(most)
        .try_map(Note::read)
        .fetch_optional(&mut **write)
        .await
        .map_err(wrong)?;
        write.commit().await?;
        Ok(note.map_or(Saved::Full, |note| Saved::Kept {
            note,
            overwrote: before.is_some(),
        }))
    }

    /// Pins a note or unpins it, and returns it, if there is one of this key.
    pub async fn pin(
        &self,
        agent: &str,
        key: &str,
        pinned: bool,
    ) -> Result<Option<Note>, StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        let note = sqlx::query(
            "UPDATE notes SET in_context = ? WHERE agent_id = ? AND key = ? RETURNING *",
        )
        .bind(pinned)
        .bind(agent)
        .bind(key)
        .try_map(Note::read)
        .fetch_optional(&mut **write)
        .await
        .map_err(self.0.failed())?;
        write.commit().await?;
        Ok(note)
    }

    /// Deletes a note, and returns true if there was one.
    pub async fn delete(&self, agent: &str, key: &str) -> Result<bool, StoreError> {
        let mut write = self.0.write(Durability::Power).await?;
        let deleted = sqlx::query("DELETE FROM notes WHERE agent_id = ? AND key = ?")
            .bind(agent)
            .bind(key)
            .execute(&mut **write)
            .await
            .map_err(self.0.failed())?;
        write.commit().await?;
        Ok(deleted.rows_affected() > 0)
    }
}

impl Note {
    fn read(row: SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            key: row.try_get("key")?,
            content: row.try_get("content")?,
            in_context: row.try_get("in_context")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}
