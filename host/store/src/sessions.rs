//! The sessions of agents: listed, named, deleted, summarised, and brought in from elsewhere.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::answers::MAX_MESSAGES;
use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::messages::{Content, Message};
use crate::part::Part;

/// Sessions in one page. With ids of 256 bytes and titles of as many, the longest there are, a page
/// has 600 KiB.
const PAGE: i64 = 1_000;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, as the client chose it.
    pub id: String,
    /// Its title; empty if it was given none.
    pub title: String,
    /// Messages in it.
    pub message_count: i64,
    /// The time at which the last of them was stored, in Unix seconds.
    pub last_active: i64,
    /// No event of it has a number above this one.
    pub events: i64,
}

/// The place at which a reading of sessions goes on.
#[derive(Debug, Clone, Copy)]
pub struct SessionsCursor(i64);

/// A summary that a model reads in place of the messages up to a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The number of the last message that it stands for.
    pub until: i64,
    /// The text; empty where these messages were left out without a summary.
    pub text: String,
    /// Unix seconds.
    pub created_at: i64,
}

/// A session that could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is one of this id.
    #[error("the session exists already: import it under another id, or delete that one first")]
    Taken,
    /// It has more messages than a session may have.
    #[error("the session has more than {MAX_MESSAGES} messages, the most there may be")]
    Full,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The table of sessions. Clones are the same table.
#[derive(Debug, Clone)]
pub struct SessionTable(Database);

impl SessionTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// A page of the sessions of an agent, the most recently used first, and the place at which the
    /// next page begins.
    pub async fn page(
        &self,
        agent: &str,
        cursor: SessionsCursor,
    ) -> Result<(Vec<Session>, Option<SessionsCursor>), StoreError> {
        let database = &self.0;
        let placed = sqlx::query(
            "SELECT id, title, message_count, last_active, events, newest FROM sessions
             WHERE agent_id = ? AND newest < ? ORDER BY newest DESC LIMIT ?",
        )
        .bind(agent)
        .bind(cursor.0)
        .bind(PAGE)
        .try_map(|row: SqliteRow| Ok((SessionsCursor(row.try_get("newest")?), Session::read(row)?)))
        .fetch_all(database.pool())
        .await
        .map_err(database.failed())?;
        let is_full = i64::try_from(placed.len()) == Ok(PAGE);
        let next = placed.last().filter(|_| is_full).map(|(cursor, _)| *cursor);
        Ok((
            placed.into_iter().map(|(_, session)| session).collect(),
            next,
        ))
    }

    /// One session.
    pub async fn get(&self, agent: &str, session: &str) -> Result<Option<Session>, StoreError> {
        let database = &self.0;
        sqlx::query(
            "SELECT id, title, message_count, last_active, events FROM sessions
             WHERE agent_id = ? AND id = ?",
        )
        .bind(agent)
        .bind(session)
        .try_map(Session::read)
        .fetch_optional(database.pool())
        .await
        .map_err(database.failed())
    }

    /// Gives a session a title, and returns true if there is such a session.
    pub async fn rename(
        &self,
        agent: &str,
        session: &str,
        title: &str,
    ) -> Result<bool, StoreError> {
        let database = &self.0;
        let mut write = database.write(Durability::Power).await?;
        let done = sqlx::query("UPDATE sessions SET title = ? WHERE agent_id = ? AND id = ?")
            .bind(title)
            .bind(agent)
            .bind(session)
            .execute(&mut **write)
            .await
            .map_err(database.failed())?;
        write.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Deletes a session, and returns true if there was one. Its text is gone from the files of the
    /// database then.
    pub async fn delete(&self, agent: &str, session: &str) -> Result<bool, StoreError> {
        let database = &self.0;
        let mut write = database.write(Durability::Power).await?;
        for statement in [
            // Those too that belong to no message: an approval for the session ends with it.
            "DELETE FROM approvals WHERE agent_id = ? AND session = ?",
            "DELETE FROM messages WHERE agent_id = ? AND session_id = ?",
            "DELETE FROM sessions WHERE agent_id = ? AND id = ?",
        ] {
            sqlx::query(statement)
                .bind(agent)
                .bind(session)
                .execute(&mut **write)
                .await
                .map_err(database.failed())?;
        }
        let found: i64 = sqlx::query_scalar("SELECT changes()")
            .fetch_one(&mut **write)
            .await
            .map_err(database.failed())?;
        write.commit().await?;
        if found > 0 {
            self.0.forget().await?;
        }
        Ok(found > 0)
    }

    /// The newest summary of a session.
    pub async fn summary(&self, agent: &str, session: &str) -> Result<Option<Summary>, StoreError> {
        let database = &self.0;
        sqlx::query(
            "SELECT until, text, created_at FROM summaries
             WHERE agent_id = ? AND session_id = ? ORDER BY until DESC LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .try_map(Summary::read)
        .fetch_optional(database.pool())
        .await
        .map_err(database.failed())
    }

    /// Stores a summary of a session. Earlier ones stay.
    pub async fn summarise(
        &self,
        agent: &str,
        session: &str,
        until: i64,
        text: &str,
    ) -> Result<(), StoreError> {
        let database = &self.0;
        let mut write = database.write(Durability::Power).await?;
        sqlx::query(
            "INSERT OR REPLACE INTO summaries (agent_id, session_id, until, text, created_at)
             VALUES (?, ?, ?, ?, unixepoch())",
        )
        .bind(agent)
        .bind(session)
        .bind(until)
        .bind(text)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await
    }

    /// Stores a session that comes from elsewhere, whole or not at all. The numbers of its messages
    /// are new ones.
    pub async fn import(
        &self,
        agent: &str,
        session: &str,
        title: &str,
        messages: &[Message],
    ) -> Result<(), ImportError> {
        let database = &self.0;
        let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
        if count > MAX_MESSAGES {
            return Err(ImportError::Full);
        }
        let mut write = database.write(Durability::Power).await?;
        let made = sqlx::query(
            "INSERT OR IGNORE INTO sessions (agent_id, id, title, newest, last_active, events)
             VALUES (?, ?, ?, 0, unixepoch(), 1)",
        )
        .bind(agent)
        .bind(session)
        .bind(title)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        if made.rows_affected() == 0 {
            return Err(ImportError::Taken);
        }
        let mut newest = 0;
        for message in messages {
            let (prompt, branches): (_, Vec<&Vec<Part>>) = match &message.content {
                Content::Prompt(prompt) => (prompt.as_str(), Vec::new()),
                Content::Answer(parts) => ("", message.branches.iter().chain([parts]).collect()),
            };
            newest = sqlx::query(
                "INSERT INTO messages (agent_id, session_id, role, content, created_at,
                     active_branch, state, stop_reason, stop_detail, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, octet_length(?4))",
            )
            .bind(agent)
            .bind(session)
            .bind(message.role().as_str())
            .bind(prompt)
            .bind(message.created_at)
            .bind(i64::try_from(message.branches.len()).unwrap_or(i64::MAX))
            .bind(message.state.as_str())
            .bind(&message.stop_reason)
            .bind(&message.stop_detail)
            .execute(&mut **write)
            .await
            .map_err(database.failed())?
            .last_insert_rowid();
            for (parts, branch) in branches.into_iter().zip(0_i64..) {
                for (part, place) in parts.iter().zip(0_i64..) {
                    part_row(part)
                        .bind(newest)
                        .bind(branch)
                        .bind(place)
                        .execute(&mut **write)
                        .await
                        .map_err(database.failed())?;
                }
            }
            sqlx::query(
                "UPDATE messages SET bytes = (
                     SELECT coalesce(sum(octet_length(text) + octet_length(input)
                         + octet_length(repaired)), 0)
                     FROM parts WHERE message_id = ?1
                 ) WHERE id = ?1 AND role = 'assistant'",
            )
            .bind(newest)
            .execute(&mut **write)
            .await
            .map_err(database.failed())?;
        }
        sqlx::query(
            "UPDATE sessions SET message_count = ?, newest = ? WHERE agent_id = ? AND id = ?",
        )
        .bind(count)
        .bind(newest)
        .bind(agent)
        .bind(session)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        Ok(())
    }
}

type Insert<'a> = sqlx::query::Query<'a, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// The statement that stores a part, without its message, branch and place.
fn part_row(part: &Part) -> Insert<'_> {
    let insert = sqlx::query(
        "INSERT INTO parts (kind, text, step, tool_id, name, input, repaired, state, failed,
             duration_ms, message_id, branch, place, piece)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    );
    match part {
        Part::Text { text, step } => {
            let insert = insert.bind("text").bind(text).bind(*step);
            let insert = insert.bind("").bind("").bind("").bind("").bind("");
            insert.bind(false).bind(0_i64)
        }
        Part::Tool {
            tool_id,
            name,
            input,
            repaired,
            output,
            state,
            failed,
            duration_ms,
            step,
        } => {
            let insert = insert.bind("tool").bind(output).bind(*step);
            let insert = insert.bind(tool_id).bind(name).bind(input).bind(repaired);
            insert.bind(state.as_str()).bind(*failed).bind(*duration_ms)
        }
    }
}

impl Session {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            title: row.try_get("title")?,
            message_count: row.try_get("message_count")?,
            last_active: row.try_get("last_active")?,
            events: row.try_get("events")?,
        })
    }
}

impl Summary {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            until: row.try_get("until")?,
            text: row.try_get("text")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

impl SessionsCursor {
    /// The most recently used session.
    pub const FIRST: Self = Self(i64::MAX);
}
