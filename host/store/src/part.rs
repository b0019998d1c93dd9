//! The parts of an answer, as they are stored and as clients read them.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// One part of an answer. The names and values in JSON are those of the openotters runtime, so that
/// its clients read them; `step`, `repaired` and `failed` are ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Part {
    /// Text of the model.
    Text {
        /// The text.
        text: String,
        /// The step of the turn, counted from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        step: u32,
    },
    /// A call of a tool.
    Tool {
        /// The call, as the model numbers it.
        tool_id: String,
        /// The tool.
        name: String,
        /// Its input as the model wrote it, as JSON text.
        input: String,
        /// The input that the tool got, as JSON text; empty if the model's was right.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        repaired: String,
        /// Its answer; empty if it has none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        output: String,
        /// The state of the call.
        state: ToolState,
        /// True if the tool did not do its work.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        failed: bool,
        /// Milliseconds.
        #[serde(default, skip_serializing_if = "is_zero")]
        duration_ms: i64,
        /// The step of the turn, counted from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        step: u32,
    },
}

/// The state of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolState {
    /// The tool runs.
    InputAvailable,
    /// The tool has answered.
    OutputAvailable,
    /// The turn ended before the tool had answered.
    Interrupted,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

impl Part {
    /// The step of the turn, counted from 0.
    pub fn step(&self) -> u32 {
        match self {
            Self::Text { step, .. } | Self::Tool { step, .. } => *step,
        }
    }

    /// Adds a row to the parts before it: a further piece of a text becomes a part of that text.
    pub(crate) fn add(row: &SqliteRow, parts: &mut Vec<Self>) -> Result<(), sqlx::Error> {
        let piece: i64 = row.try_get("piece")?;
        let text: String = row.try_get("text")?;
        let step: u32 = row.try_get("step")?;
        let kind: &str = row.try_get("kind")?;
        if kind == "text" {
            match parts.last_mut() {
                Some(Self::Text { text: before, .. }) if piece > 0 => before.push_str(&text),
                _ => parts.push(Self::Text { text, step }),
            }
            return Ok(());
        }
        parts.push(Self::Tool {
            tool_id: row.try_get("tool_id")?,
            name: row.try_get("name")?,
            input: row.try_get("input")?,
            repaired: row.try_get("repaired")?,
            output: text,
            state: ToolState::read(row.try_get("state")?)?,
            failed: row.try_get("failed")?,
            duration_ms: row.try_get("duration_ms")?,
            step,
        });
        Ok(())
    }
}

impl ToolState {
    /// The state as it is stored, and as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InputAvailable => "input-available",
            Self::OutputAvailable => "output-available",
            Self::Interrupted => "interrupted",
        }
    }

    fn read(stored: &str) -> Result<Self, sqlx::Error> {
        match stored {
            "input-available" => Ok(Self::InputAvailable),
            "output-available" => Ok(Self::OutputAvailable),
            "interrupted" => Ok(Self::Interrupted),
            // The table allows no other.
            other => Err(sqlx::Error::Decode(
                format!("a call of a tool has the state {other:?}").into(),
            )),
        }
    }
}

/// Parts as clients read them: a JSON array.
pub fn to_json(parts: &[Part]) -> String {
    // Text, numbers and names of variants always serialize.
    serde_json::to_string(parts).unwrap_or_else(|_| "[]".to_owned())
}
