//! Turns as they begin: a prompt is stored, and an answer that has no part yet.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use crate::answer_writer::AnswerWriter;
use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::messages::{MessageState, Role};

/// Messages in one session (one million): a busy integration has some hundred a day.
pub const MAX_MESSAGES: i64 = 1_000_000;

/// Answers to one prompt. People ask again a few times.
pub const MAX_BRANCHES: i64 = 32;

/// A turn whose prompt is stored.
#[derive(Debug)]
pub struct BegunTurn {
    /// The prompt: of a regenerated turn, the one that is answered again.
    pub prompt: String,
    /// The number of the prompt.
    pub prompt_id: i64,
    /// The answer, which has no part yet.
    pub answer: AnswerWriter,
    /// No event of this session has a number above this one.
    pub events: i64,
}

/// The reason why a turn was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The session has as many messages as it may have.
    #[error("the session has {MAX_MESSAGES} messages, the most there may be: start another")]
    Full,
    /// There is no prompt to answer again.
    #[error("the session has no prompt to answer again")]
    NoPrompt,
    /// The prompt has as many answers as it may have.
    #[error("the prompt has {MAX_BRANCHES} answers, the most there may be: send it again")]
    Branches,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The table of turns: their beginnings, and the numbers of their events. Clones are the same
/// table.
#[derive(Debug, Clone)]
pub struct TurnTable(Database);

impl TurnTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// Stores a prompt at the end of a session, and the answer that begins. `reserve` numbers of
    /// events are kept for it.
    pub async fn begin(
        &self,
        agent: &str,
        session: &str,
        prompt: &str,
        reserve: i64,
    ) -> Result<BegunTurn, BeginError> {
        let database = &self.0;
        let mut write = database.write(Durability::Power).await?;
        let found =
            sqlx::query("SELECT message_count, events FROM sessions WHERE agent_id = ? AND id = ?")
                .bind(agent)
                .bind(session)
                .try_map(|row: SqliteRow| {
                    Ok(Counters {
                        messages: row.try_get(0)?,
                        events: row.try_get(1)?,
                    })
                })
                .fetch_optional(&mut **write)
                .await
                .map_err(database.failed())?
                .unwrap_or_default();
        if found.messages + 2 > MAX_MESSAGES {
            return Err(BeginError::Full);
        }
        let new = |role, content, state| NewMessage {
            agent,
            session,
            role,
            content,
            state,
        };
        let prompt_id = insert(
            database,
            &mut write,
            new(Role::User, prompt, MessageState::Complete),
        )
        .await?;
        let id = insert(
            database,
            &mut write,
            new(Role::Assistant, "", MessageState::Running),
        )
        .await?;
        sqlx::query(
            "INSERT INTO sessions (agent_id, id, message_count, newest, last_active, events)
             VALUES (?, ?, 2, ?, unixepoch(), ?)
             ON CONFLICT (agent_id, id) DO UPDATE SET message_count = message_count + 2,
                 newest = excluded.newest, last_active = excluded.last_active,
                 events = excluded.events",
        )
        .bind(agent)
        .bind(session)
        .bind(id)
        .bind(found.events + reserve)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        Ok(BegunTurn {
            prompt: prompt.to_owned(),
            prompt_id,
            answer: AnswerWriter::new(database.clone(), id, 0),
            events: found.events,
        })
    }

    /// Begins another answer to the last prompt of a session. The earlier ones stay.
    pub async fn begin_again(
        &self,
        agent: &str,
        session: &str,
        reserve: i64,
    ) -> Result<BegunTurn, BeginError> {
        let database = &self.0;
        let mut write = database.write(Durability::Power).await?;
        let last = sqlx::query(
            "SELECT id, role, active_branch FROM messages
             WHERE agent_id = ? AND session_id = ? ORDER BY id DESC LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .try_map(|row: SqliteRow| {
            Ok(Last {
                id: row.try_get(0)?,
                role: Role::read(row.try_get(1)?)?,
                branch: row.try_get(2)?,
            })
        })
        .fetch_optional(&mut **write)
        .await
        .map_err(database.failed())?;
        let last = last.ok_or(BeginError::NoPrompt)?;
        let (id, branch) = match last.role {
            Role::User => {
                let content = "";
                let state = MessageState::Running;
                let role = Role::Assistant;
                let new = NewMessage {
                    agent,
                    session,
                    role,
                    content,
                    state,
                };
                (insert(database, &mut write, new).await?, 0)
            }
            Role::Assistant if last.branch + 1 >= MAX_BRANCHES => return Err(BeginError::Branches),
            Role::Assistant => (last.id, last.branch + 1),
        };
        let prompt = sqlx::query(
            "SELECT id, content FROM messages
             WHERE agent_id = ? AND session_id = ? AND id < ? AND role = 'user'
             ORDER BY id DESC LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .bind(id)
        .try_map(|row: SqliteRow| {
            Ok(Prompt {
                id: row.try_get(0)?,
                text: row.try_get(1)?,
            })
        })
        .fetch_optional(&mut **write)
        .await
        .map_err(database.failed())?;
        let Prompt {
            id: prompt_id,
            text: prompt,
        } = prompt.ok_or(BeginError::NoPrompt)?;
        sqlx::query(
            "UPDATE messages SET active_branch = ?, state = 'running', stop_reason = '',
                 stop_detail = '', created_at = unixepoch() WHERE id = ?",
        )
        .bind(branch)
        .bind(id)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        let events: i64 = sqlx::query_scalar(
            "UPDATE sessions SET last_active = unixepoch(), newest = max(newest, ?3),
                 message_count = message_count + ?4, events = events + ?5
             WHERE agent_id = ?1 AND id = ?2 RETURNING events",
        )
        .bind(agent)
        .bind(session)
        .bind(id)
        .bind(i64::from(last.role == Role::User))
        .bind(reserve)
        .fetch_one(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        Ok(BegunTurn {
            prompt,
            prompt_id,
            answer: AnswerWriter::new(database.clone(), id, branch),
            events: events - reserve,
        })
    }

    /// Keeps more numbers of events for a session: none above `events` is used.
    pub async fn reserve_events(
        &self,
        agent: &str,
        session: &str,
        events: i64,
    ) -> Result<(), StoreError> {
        let database = &self.0;
        let mut write = database.write(Durability::Process).await?;
        sqlx::query("UPDATE sessions SET events = max(events, ?) WHERE agent_id = ? AND id = ?")
            .bind(events)
            .bind(agent)
            .bind(session)
            .execute(&mut **write)
            .await
            .map_err(database.failed())?;
        write.commit().await
    }
}

/// The numbers of a session.
#[derive(Default)]
struct Counters {
    messages: i64,
    events: i64,
}

/// The last message of a session.
struct Last {
    id: i64,
    role: Role,
    branch: i64,
}

struct Prompt {
    id: i64,
    text: String,
}

/// A message that is about to be stored.
struct NewMessage<'a> {
    agent: &'a str,
    session: &'a str,
    role: Role,
    content: &'a str,
    state: MessageState,
}

async fn insert(
    database: &Database,
    write: &mut Transaction<'_, Sqlite>,
    new: NewMessage<'_>,
) -> Result<i64, StoreError> {
    let NewMessage {
        agent,
        session,
        role,
        content,
        state,
    } = new;
    let inserted = sqlx::query(
        "INSERT INTO messages (agent_id, session_id, role, content, bytes, state, created_at)
         VALUES (?1, ?2, ?3, ?4, octet_length(?4), ?5, unixepoch())",
    )
    .bind(agent)
    .bind(session)
    .bind(role.as_str())
    .bind(content)
    .bind(state.as_str())
    .execute(&mut **write)
    .await
    .map_err(database.failed())?;
    Ok(inserted.last_insert_rowid())
}
