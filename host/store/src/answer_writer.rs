//! Answers as they are written, part by part. What a turn adds is a row; nothing that is there is
//! written again.

use sqlx::{Sqlite, Transaction};

use crate::database::{Database, Durability};
use crate::error::StoreError;
use crate::messages::MessageState;
use crate::part::ToolState;

/// The end of an answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerEnd<'a> {
    /// Complete or interrupted.
    pub state: MessageState,
    /// The name of the reason.
    pub stop_reason: &'a str,
    /// The sentence about it; may be empty.
    pub stop_detail: &'a str,
    /// The number of the last event of its session.
    pub events: i64,
}

/// A call of a tool that begins.
#[derive(Debug, Clone, Copy)]
pub struct BegunCall<'a> {
    /// The call, as the model numbers it.
    pub tool_id: &'a str,
    /// The tool.
    pub name: &'a str,
    /// Its input as the model wrote it.
    pub input: &'a str,
    /// The input that the tool gets; empty if it is the same.
    pub repaired: &'a str,
}

/// An answer that is being written.
#[derive(Debug)]
pub struct AnswerWriter {
    database: Database,
    id: i64,
    branch: i64,
    /// The step that the model is in.
    step: u32,
    /// The place of the next part.
    place: i64,
    /// Pieces of the text that is being written, which is the part before `place`; 0 if none is.
    pieces: i64,
}

/// The place of a call in its answer.
#[derive(Debug, Clone, Copy)]
pub struct CallPlace(i64);

impl CallPlace {
    pub(crate) fn at(number: i64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> i64 {
        self.0
    }
}

// === impl AnswerWriter ===

impl AnswerWriter {
    pub(crate) fn new(database: Database, id: i64, branch: i64) -> Self {
        Self {
            database,
            id,
            branch,
            step: 0,
            place: 0,
            pieces: 0,
        }
    }

    /// An answer that goes on at this place, in this step.
    pub(crate) fn again(database: Database, id: i64, branch: i64, place: i64, step: u32) -> Self {
        Self {
            step,
            place,
            ..Self::new(database, id, branch)
        }
    }

    /// The number of the message.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The number of this answer among those to its prompt, counted from 0.
    pub fn branch(&self) -> i64 {
        self.branch
    }

    /// Begins a step: text that comes from now on is a part of its own.
    pub async fn begin_step(&mut self, step: u32) -> Result<(), StoreError> {
        self.step = step;
        if self.pieces == 0 {
            return Ok(());
        }
        let database = self.database.clone();
        let mut write = database.write(Durability::Process).await?;
        self.join(&mut write).await?;
        write.commit().await?;
        self.pieces = 0;
        Ok(())
    }

    /// Stores a piece of text.
    pub async fn text(&mut self, text: &str) -> Result<(), StoreError> {
        let database = self.database.clone();
        let mut write = database.write(Durability::Process).await?;
        let place = match self.pieces {
            0 => self.place,
            _ => self.place - 1,
        };
        sqlx::query(
            "INSERT INTO parts (message_id, branch, place, piece, kind, text, step)
             VALUES (?, ?, ?, ?, 'text', ?, ?)",
        )
        .bind(self.id)
        .bind(self.branch)
        .bind(place)
        .bind(self.pieces)
        .bind(text)
        .bind(self.step)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        self.place = place + 1;
        self.pieces += 1;
        Ok(())
    }

    /// Stores a call of a tool before it runs, so that a host that dies meanwhile leaves it behind.
    pub async fn call(&mut self, call: BegunCall<'_>) -> Result<CallPlace, StoreError> {
        let BegunCall {
            tool_id,
            name,
            input,
            repaired,
        } = call;
        let database = self.database.clone();
        let mut write = database.write(Durability::Power).await?;
        self.join(&mut write).await?;
        sqlx::query(
            "INSERT INTO parts (message_id, branch, place, piece, kind, tool_id, name, input,
                 repaired, state, step)
             VALUES (?, ?, ?, 0, 'tool', ?, ?, ?, ?, 'input-available', ?)",
        )
        .bind(self.id)
        .bind(self.branch)
        .bind(self.place)
        .bind(tool_id)
        .bind(name)
        .bind(input)
        .bind(repaired)
        .bind(self.step)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        self.pieces = 0;
        self.place += 1;
        Ok(CallPlace(self.place - 1))
    }

    /// Stores the answer of a tool.
    pub async fn result(
        &self,
        call: CallPlace,
        output: &str,
        failed: bool,
        duration_ms: i64,
    ) -> Result<(), StoreError> {
        let mut write = self.database.write(Durability::Power).await?;
        sqlx::query(
            "UPDATE parts SET text = ?, state = ?, failed = ?, duration_ms = ?
             WHERE message_id = ? AND branch = ? AND place = ? AND piece = 0",
        )
        .bind(output)
        .bind(ToolState::OutputAvailable.as_str())
        .bind(failed)
        .bind(duration_ms)
        .bind(self.id)
        .bind(self.branch)
        .bind(call.0)
        .execute(&mut **write)
        .await
        .map_err(self.database.failed())?;
        write.commit().await
    }

    /// Stores the end of the answer.
    pub async fn end(&mut self, end: AnswerEnd<'_>) -> Result<(), StoreError> {
        let AnswerEnd {
            state,
            stop_reason,
            stop_detail,
            events,
        } = end;
        let database = self.database.clone();
        let mut write = database.write(Durability::Power).await?;
        self.join(&mut write).await?;
        sqlx::query(INTERRUPT_CALLS)
            .bind(self.id)
            .execute(&mut **write)
            .await
            .map_err(database.failed())?;
        sqlx::query(concat!(
            "UPDATE messages SET state = ?2, stop_reason = ?3, stop_detail = ?4, bytes = ",
            "(SELECT coalesce(sum(octet_length(text) + octet_length(input)), 0) FROM parts ",
            "WHERE message_id = ?1) WHERE id = ?1"
        ))
        .bind(self.id)
        .bind(state.as_str())
        .bind(stop_reason)
        .bind(stop_detail)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        sqlx::query(
            "UPDATE sessions SET last_active = unixepoch(), events = ?2
             WHERE (agent_id, id) = (SELECT agent_id, session_id FROM messages WHERE id = ?1)",
        )
        .bind(self.id)
        .bind(events)
        .execute(&mut **write)
        .await
        .map_err(database.failed())?;
        write.commit().await?;
        self.pieces = 0;
        Ok(())
    }

    /// Joins the pieces of the text that is being written.
    async fn join(&self, write: &mut Transaction<'_, Sqlite>) -> Result<(), StoreError> {
        if self.pieces < 2 {
            return Ok(());
        }
        let joined = "UPDATE parts SET text = (SELECT group_concat(text, '' ORDER BY piece)
                 FROM parts WHERE message_id = ?1 AND branch = ?2 AND place = ?3)
             WHERE message_id = ?1 AND branch = ?2 AND place = ?3 AND piece = 0";
        let others = "DELETE FROM parts
             WHERE message_id = ?1 AND branch = ?2 AND place = ?3 AND piece > 0";
        for statement in [joined, others] {
            sqlx::query(statement)
                .bind(self.id)
                .bind(self.branch)
                .bind(self.place - 1)
                .execute(&mut **write)
                .await
                .map_err(self.database.failed())?;
        }
        Ok(())
    }
}

/// Marks the calls of a message that were not answered.
const INTERRUPT_CALLS: &str = "UPDATE parts SET state = 'interrupted'
     WHERE message_id = ? AND state = 'input-available'";
