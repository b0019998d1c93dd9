//! Messages of the sessions of agents, read back in amounts that a reader can take.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::Database;
use crate::error::StoreError;
use crate::part::{Part, to_json};

/// Messages in one page. Their numbers and sizes alone take a few dozen KiB.
const PAGE: i64 = 1_000;

/// The columns of a message.
const COLUMNS: &str = "id, role, content, created_at, active_branch, state, stop_reason, \
                       stop_detail, bytes";

/// The table of messages. Clones are the same table.
#[derive(Debug, Clone)]
pub struct MessageTable(Database);

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number, in the order in which messages were stored.
    pub id: i64,
    /// The prompt or the answer.
    pub content: Content,
    /// Unix seconds.
    pub created_at: i64,
    /// Complete or not.
    pub state: MessageState,
    /// The name of the reason why an answer ended; empty for a prompt.
    pub stop_reason: String,
    /// The sentence about that reason; may be empty.
    pub stop_detail: String,
    /// Earlier answers to the same prompt, oldest first.
    pub branches: Vec<Vec<Part>>,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A client's prompt.
    Prompt(String),
    /// An agent's answer.
    Answer(Vec<Part>),
}

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A client: the content is a prompt.
    User,
    /// The agent: the content is a list of parts, as JSON.
    Assistant,
}

/// The state of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// The turn runs, and the answer grows.
    Running,
    /// It is whole.
    #[default]
    Complete,
    /// The turn ended before its answer was whole.
    Interrupted,
}

/// A place in a session at which a page begins, and its size.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// Messages before the one with this number alone; [`i64::MAX`] for the newest ones.
    pub before: i64,
    /// Messages after the one with this number alone; 0 for all of them.
    pub after: i64,
    /// At most so many messages; 0 stands for 1,000, which is also the most.
    pub limit: i64,
    /// At most so many bytes of their text together.
    pub bytes: usize,
}

/// A message without its parts.
struct Head {
    role: Role,
    prompt: String,
    active_branch: i64,
    bytes: i64,
    message: Message,
}

/// The size of a stored message.
struct Size {
    id: i64,
    bytes: i64,
}

impl MessageTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// The newest messages of a session that a page has room for, oldest first. A message that is
    /// longer than a page alone is replaced by a sentence about its size, which `note` makes.
    pub async fn page(
        &self,
        agent: &str,
        session: &str,
        page: PageRequest,
        note: impl Fn(usize) -> String,
    ) -> Result<Vec<Message>, StoreError> {
        let PageRequest {
            before,
            after,
            limit,
            bytes,
        } = page;
        let sizes = sqlx::query(
            "SELECT id, bytes FROM messages
             WHERE agent_id = ? AND session_id = ? AND id < ? AND id > ? ORDER BY id DESC LIMIT ?",
        )
        .bind(agent)
        .bind(session)
        .bind(before)
        .bind(after)
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
            let Some(row) = self.row(agent, session, id).await? else {
                continue;
            };
            let message = match self.bounded(row, bytes).await? {
                Ok(message) => message,
                Err(long) => long.replaced(&note),
            };
            let Some(left) = room.checked_sub(message.size()) else {
                break;
            };
            room = left;
            messages.push(message);
        }
        messages.reverse();
        Ok(messages)
    }

    /// Reads the parts of a message, if it is no longer than `most` bytes.
    async fn bounded(&self, row: Head, most: usize) -> Result<Result<Message, Head>, StoreError> {
        if usize::try_from(row.bytes).unwrap_or(usize::MAX) > most {
            return Ok(Err(row));
        }
        let bytes = row.bytes;
        let message = self.filled(row).await?;
        // JSON is longer than the text in it.
        if message.size() > most {
            let prompt = String::new();
            let role = message.role();
            return Ok(Err(Head {
                role,
                prompt,
                active_branch: 0,
                bytes,
                message,
            }));
        }
        Ok(Ok(message))
    }

    /// The number after which the newest `limit` messages of a session before `before` come; 0
    /// stands for all of them.
    pub async fn before_newest(
        &self,
        agent: &str,
        session: &str,
        before: i64,
        limit: u32,
    ) -> Result<i64, StoreError> {
        if limit == 0 {
            return Ok(0);
        }
        let first: Option<i64> = sqlx::query_scalar(
            "SELECT min(id) FROM (
                 SELECT id FROM messages WHERE agent_id = ? AND session_id = ? AND id < ?
                 ORDER BY id DESC LIMIT ?
             )",
        )
        .bind(agent)
        .bind(session)
        .bind(before)
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
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM messages WHERE agent_id = ? AND session_id = ? AND id > ?
             ORDER BY id LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .bind(after)
        .fetch_optional(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        let Some(next) = next else {
            return Ok(None);
        };
        match self.row(agent, session, next).await? {
            Some(row) => self.filled(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn row(&self, agent: &str, session: &str, id: i64) -> Result<Option<Head>, StoreError> {
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM messages WHERE agent_id = ? AND session_id = ? AND id = ?"
        )))
        .bind(agent)
        .bind(session)
        .bind(id)
        .try_map(Head::read)
        .fetch_optional(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// Reads the parts of a message.
    async fn filled(&self, row: Head) -> Result<Message, StoreError> {
        let Head {
            role,
            prompt,
            active_branch,
            bytes: _,
            mut message,
        } = row;
        if role == Role::User {
            message.content = Content::Prompt(prompt);
            return Ok(message);
        }
        let rows = sqlx::query(
            "SELECT branch, piece, kind, step, text, tool_id, name, input, repaired, state, failed,
                 duration_ms
             FROM parts WHERE message_id = ? ORDER BY branch, place, piece",
        )
        .bind(message.id)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())?;
        let count = usize::try_from(active_branch).unwrap_or_default() + 1;
        let mut branches = vec![Vec::new(); count];
        for row in rows {
            let read = || {
                let branch: i64 = row.try_get("branch")?;
                Ok(usize::try_from(branch).unwrap_or_default())
            };
            let branch = read().map_err(self.0.failed())?;
            if let Some(parts) = branches.get_mut(branch) {
                Part::add(&row, parts).map_err(self.0.failed())?;
            }
        }
        message.content = Content::Answer(branches.pop().unwrap_or_default());
        message.branches = branches;
        Ok(message)
    }
}

// === impl Message ===

impl Message {
    /// Its author.
    pub fn role(&self) -> Role {
        match self.content {
            Content::Prompt(_) => Role::User,
            Content::Answer(_) => Role::Assistant,
        }
    }

    /// The content as clients read it: a prompt as it is, an answer as a JSON array of its parts.
    pub fn text(&self) -> String {
        match &self.content {
            Content::Prompt(prompt) => prompt.clone(),
            Content::Answer(parts) => to_json(parts),
        }
    }

    /// Earlier answers as clients read them: a JSON array of the texts of these messages; empty if
    /// there are none.
    pub fn branches_json(&self) -> String {
        if self.branches.is_empty() {
            return String::new();
        }
        let texts: Vec<_> = self.branches.iter().map(|parts| to_json(parts)).collect();
        serde_json::to_string(&texts).unwrap_or_default()
    }

    /// The number of the answer that counts among those to its prompt, counted from 0.
    pub fn active_branch(&self) -> usize {
        self.branches.len()
    }

    fn size(&self) -> usize {
        self.text().len() + self.branches_json().len()
    }
}

// === impl Head ===

impl Head {
    fn read(row: SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            role: Role::read(row.try_get("role")?)?,
            prompt: row.try_get("content")?,
            active_branch: row.try_get("active_branch")?,
            bytes: row.try_get("bytes")?,
            message: Message {
                id: row.try_get("id")?,
                content: Content::Prompt(String::new()),
                created_at: row.try_get("created_at")?,
                state: MessageState::read(row.try_get("state")?)?,
                stop_reason: row.try_get("stop_reason")?,
                stop_detail: row.try_get("stop_detail")?,
                branches: Vec::new(),
            },
        })
    }

    /// The message with a sentence in place of its content.
    fn replaced(self, note: impl Fn(usize) -> String) -> Message {
        let Self {
            role,
            bytes,
            mut message,
            ..
        } = self;
        let text = note(usize::try_from(bytes).unwrap_or_default());
        message.content = match role {
            Role::User => Content::Prompt(text),
            Role::Assistant => Content::Answer(vec![Part::Text { text, step: 0 }]),
        };
        message.branches = Vec::new();
        message
    }
}

// === impl Role ===

impl Role {
    /// As it is stored, and as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    pub(crate) fn read(stored: &str) -> Result<Self, sqlx::Error> {
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

// === impl MessageState ===

impl MessageState {
    /// As it is stored, and as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }

    fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "running" => Ok(Self::Running),
            "complete" => Ok(Self::Complete),
            "interrupted" => Ok(Self::Interrupted),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("a message has the state {other:?}").into(),
            )),
        }
    }
}
