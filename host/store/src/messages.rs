//! Messages of the sessions of agents: every message is stored as soon as it exists, and read back
//! in amounts that a client can take.

use std::fmt::{self, Display, Formatter};

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::Database;
use crate::error::StoreError;

/// Sessions in one page. With ids of 256 bytes, the longest there are, a page has 300 KiB.
const PAGE: i64 = 1_000;

/// The table of messages. Clones are the same table.
#[derive(Debug, Clone)]
pub struct MessageTable(Database);

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, in the order in which messages were stored.
    pub id: i64,
    /// Its author.
    pub role: Role,
    /// The prompt, or the parts of an answer as JSON.
    pub content: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Earlier answers of a regenerated turn.
    pub branches_json: String,
    /// The answer among them that counts.
    pub active_branch: i64,
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A client: the content is a prompt.
    User,
    /// The agent: the content is a list of parts, as JSON.
    Assistant,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, as the client chose it.
    pub id: String,
    /// Messages in it.
    pub message_count: i64,
    /// The time at which the last of them was stored, in Unix seconds.
    pub last_active: i64,
}

/// The place at which a reading of sessions goes on.
#[derive(Debug, Clone, Copy)]
pub struct SessionsCursor(i64);

/// The size of a stored message.
struct Size {
    id: i64,
    bytes: i64,
}

impl MessageTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// Stores a message at the end of a session, and returns its number.
    pub async fn append(
        &self,
        agent: &str,
        session: &str,
        role: Role,
        content: &str,
    ) -> Result<i64, StoreError> {
        // Also before: a log that was cut short has its length again after the next write, with a
        // hole in it.
        self.0.check()?;
        let insert = sqlx::query(
            "INSERT INTO messages (agent_id, session_id, role, content, created_at)
             VALUES (?, ?, ?, ?, unixepoch())",
        );
        let insert = insert
            .bind(agent)
            .bind(session)
            .bind(role.as_str())
            .bind(content);
        let row = insert
            .execute(self.0.pool())
            .await
            .map_err(self.0.failed())?;
        self.0.check()?;
        Ok(row.last_insert_rowid())
    }

    /// Replaces the content of a message.
    pub async fn update(&self, id: i64, content: &str) -> Result<(), StoreError> {
        self.0.check()?;
        let update = sqlx::query("UPDATE messages SET content = ? WHERE id = ?")
            .bind(content)
            .bind(id);
        update
            .execute(self.0.pool())
            .await
            .map_err(self.0.failed())?;
        self.0.check()
    }

    /// The number of messages of a session.
    pub async fn count(&self, agent: &str, session: &str) -> Result<i64, StoreError> {
        sqlx::query_scalar("SELECT count(*) FROM messages WHERE agent_id = ? AND session_id = ?")
            .bind(agent)
            .bind(session)
            .fetch_one(self.0.pool())
            .await
            .map_err(self.0.failed())
    }

    /// The newest `limit` messages of a session, oldest first, for a model.
    pub async fn newest(
        &self,
        agent: &str,
        session: &str,
        limit: i64,
    ) -> Result<Vec<Message>, StoreError> {
        sqlx::query(
            "SELECT * FROM (
                 SELECT id, role, content, created_at, branches_json, active_branch FROM messages
                 WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT ?
             ) ORDER BY id",
        )
        .bind(agent)
        .bind(session)
        .bind(limit)
        .try_map(Message::read)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// The newest messages of a session, oldest first: at most `limit` (0 stands for 1,000), and as
    /// many as have `bytes` bytes together. The content of a message that is longer than that alone
    /// is replaced by what `note` says about its size.
    pub async fn newest_within(
        &self,
        agent: &str,
        session: &str,
        limit: i64,
        bytes: usize,
        note: impl Fn(&Message) -> String,
    ) -> Result<Vec<Message>, StoreError> {
        let sizes = sqlx::query(
            "SELECT id, length(CAST(content AS BLOB)) + length(CAST(branches_json AS BLOB)) AS bytes
             FROM messages WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT ?",
        )
        .bind(agent)
        .bind(session)
        .bind(if limit <= 0 { PAGE } else { limit.min(PAGE) })
        .try_map(|row: SqliteRow| {
            Ok(Size {
                id: row.try_get("id")?,
                bytes: row.try_get("bytes")?,
            })
        })
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        let mut room = bytes;
        let mut messages = Vec::new();
        for Size { id, bytes: size } in sizes {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size <= bytes && size > room {
                break;
            }
            // Deleted meanwhile, if there is none.
            let Some(mut message) = self
                .next(agent, session, id - 1)
                .await?
                .filter(|message| message.id == id)
            else {
                continue;
            };
            if message.content.len() + message.branches_json.len() > bytes {
                message.content = note(&message);
                message.branches_json = String::new();
            }
            let Some(left) = room.checked_sub(message.content.len() + message.branches_json.len())
            else {
                break;
            };
            room = left;
            messages.push(message);
        }
        messages.reverse();
        Ok(messages)
    }

    /// The number after which the newest `limit` messages of a session come; 0 stands for all of
    /// them.
    pub async fn before_newest(
        &self,
        agent: &str,
        session: &str,
        limit: u32,
    ) -> Result<i64, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT min(id) FROM (
                 SELECT id FROM messages WHERE agent_id = ? AND session_id = ?
                 ORDER BY id DESC LIMIT ?
             )",
        )
        .bind(agent)
        .bind(session)
        .bind(limit)
        .fetch_one(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        Ok(first.map_or(0, |first| first - 1))
    }

    /// The first message of a session after the one with this number.
    pub async fn next(
        &self,
        agent: &str,
        session: &str,
        after: i64,
    ) -> Result<Option<Message>, StoreError> {
        sqlx::query(
            "SELECT id, role, content, created_at, branches_json, active_branch FROM messages
             WHERE agent_id = ? AND session_id = ? AND id > ? ORDER BY id LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .bind(after)
        .try_map(Message::read)
        .fetch_optional(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// A page of the sessions of an agent, the most recently used first, and the place at which the
    /// next page begins.
    pub async fn sessions(
        &self,
        agent: &str,
        cursor: SessionsCursor,
    ) -> Result<(Vec<Session>, Option<SessionsCursor>), StoreError> {
        let placed = sqlx::query(
            "SELECT session_id AS id, count(*) AS message_count, max(created_at) AS last_active,
                 max(id) AS newest
             FROM messages WHERE agent_id = ?
             GROUP BY session_id HAVING max(id) < ? ORDER BY max(id) DESC LIMIT ?",
        )
        .bind(agent)
        .bind(cursor.0)
        .bind(PAGE)
        .try_map(|row: SqliteRow| Ok((SessionsCursor(row.try_get("newest")?), Session::read(row)?)))
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        let is_full = i64::try_from(placed.len()) == Ok(PAGE);
        let next = placed.last().filter(|_| is_full).map(|(cursor, _)| *cursor);
        Ok((
            placed.into_iter().map(|(_, session)| session).collect(),
            next,
        ))
    }

    /// Deletes a session and tells whether there was one.
    pub async fn delete_session(&self, agent: &str, session: &str) -> Result<bool, StoreError> {
        self.0.check()?;
        let delete = sqlx::query("DELETE FROM messages WHERE agent_id = ? AND session_id = ?");
        let done = delete
            .bind(agent)
            .bind(session)
            .execute(self.0.pool())
            .await
            .map_err(self.0.failed())?;
        self.0.check()?;
        Ok(done.rows_affected() > 0)
    }
}

impl Message {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            role: Role::read(row.try_get("role")?)?,
            content: row.try_get("content")?,
            created_at: row.try_get("created_at")?,
            branches_json: row.try_get("branches_json")?,
            active_branch: row.try_get("active_branch")?,
        })
    }
}

impl Session {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            message_count: row.try_get("message_count")?,
            last_active: row.try_get("last_active")?,
        })
    }
}

impl Role {
    /// As it is stored, and as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "user" => Ok(Self::User),
            "assistant" => Ok(Self::Assistant),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("a message has the role {other:?}").into(),
            )),
        }
    }
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SessionsCursor {
    /// The most recently used session.
    pub const FIRST: Self = Self(i64::MAX);
}
