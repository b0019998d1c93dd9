//! Turns that wait for a person, as a host finds them that starts.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::answer_writer::{AnswerWriter, CallPlace};
use crate::answers::BegunTurn;
use crate::database::Database;
use crate::error::StoreError;
use crate::part::Part;

/// The table of turns that wait. Clones are the same table.
#[derive(Debug, Clone)]
pub struct WaitingTable(Database);

/// A turn that goes on.
#[derive(Debug)]
pub struct ResumedTurn {
    /// The turn, whose answer has the parts below already.
    pub begun: BegunTurn,
    /// The parts of the answer.
    pub parts: Vec<Part>,
    /// The calls among them that wait.
    pub calls: Vec<WaitingCall>,
}

/// A call that waits for a person.
#[derive(Debug, Clone)]
pub struct WaitingCall {
    /// The id of the question.
    pub approval: String,
    /// Its place in the answer.
    pub place: CallPlace,
    /// The call, as the model numbers it.
    pub tool_id: String,
    /// The tool.
    pub tool: String,
}

impl WaitingTable {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }

    /// The sessions of an agent in which a turn waits, the oldest first.
    pub async fn sessions(&self, agent: &str) -> Result<Vec<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT session_id FROM messages WHERE agent_id = ? AND state = 'running' ORDER BY id",
        )
        .bind(agent)
        .fetch_all(self.0.pool())
        .await
        .map_err(self.0.failed())
    }

    /// The turn of a session that waits, if there still is one.
    pub async fn resume(
        &self,
        agent: &str,
        session: &str,
    ) -> Result<Option<ResumedTurn>, StoreError> {
        let wrong = |error| self.0.failed()(error);
        let found = sqlx::query(
            "SELECT id, active_branch,
                 (SELECT id FROM messages AS prompts WHERE agent_id = ?1 AND session_id = ?2
                     AND role = 'user' AND prompts.id < messages.id ORDER BY id DESC LIMIT 1)
                     AS prompt_id,
                 (SELECT events FROM sessions WHERE agent_id = ?1 AND id = ?2) AS events
             FROM messages WHERE agent_id = ?1 AND session_id = ?2 AND state = 'running'
             ORDER BY id DESC LIMIT 1",
        )
        .bind(agent)
        .bind(session)
        .try_map(|row: SqliteRow| {
            Ok(Found {
                id: row.try_get("id")?,
                branch: row.try_get("active_branch")?,
                prompt_id: row.try_get("prompt_id")?,
                events: row.try_get("events")?,
            })
        })
        .fetch_optional(self.0.pool())
        .await
        .map_err(wrong)?;
        let Some(found) = found else {
            return Ok(None);
        };
        let prompt: String = sqlx::query_scalar("SELECT content FROM messages WHERE id = ?")
            .bind(found.prompt_id)
            .fetch_one(self.0.pool())
            .await
            .map_err(wrong)?;
        let rows = sqlx::query(
            "SELECT parts.*, approvals.id AS approval FROM parts
             LEFT JOIN approvals ON approvals.message_id = parts.message_id
                 AND approvals.branch = parts.branch AND approvals.place = parts.place
                 AND parts.state = 'input-available'
             WHERE parts.message_id = ? AND parts.branch = ? ORDER BY parts.place, parts.piece",
        )
        .bind(found.id)
        .bind(found.branch)
        .fetch_all(self.0.pool())
        .await
        .map_err(wrong)?;
        let mut read = Read::default();
        for row in &rows {
            read.add(row).map_err(wrong)?;
        }
        let Read {
            parts,
            calls,
            place,
            step,
        } = read;
        let answer = AnswerWriter::again(self.0.clone(), found.id, found.branch, place, step);
        Ok(Some(ResumedTurn {
            begun: BegunTurn {
                prompt,
                prompt_id: found.prompt_id,
                answer,
                events: found.events,
            },
            parts,
            calls,
        }))
    }
}

struct Found {
    id: i64,
    branch: i64,
    prompt_id: i64,
    events: i64,
}

/// The rows of an answer.
#[derive(Default)]
struct Read {
    parts: Vec<Part>,
    calls: Vec<WaitingCall>,
    /// The place after the last one.
    place: i64,
    step: u32,
}

impl Read {
    fn add(&mut self, row: &SqliteRow) -> Result<(), sqlx::Error> {
        Part::add(row, &mut self.parts)?;
        let place: i64 = row.try_get("place")?;
        self.place = place + 1;
        self.step = row.try_get("step")?;
        if let Some(approval) = row.try_get("approval")? {
            self.calls.push(WaitingCall {
                approval,
                place: CallPlace::at(place),
                tool_id: row.try_get("tool_id")?,
                tool: row.try_get("name")?,
            });
        }
        Ok(())
    }
}
