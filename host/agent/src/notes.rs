//! The notes of one agent, within its quota.

use cofferdam_image::agentfile::{Agentfile, ConfigValue};
use cofferdam_store::{Note, NoteTable, Saved, StoreError};

use crate::deployment::DeploymentError;

/// Bytes of one note, unless the agent is given more or less (`notes-max-bytes-per` of the
/// openotters runtime).
const BYTES: i64 = 4_096;

/// The most that an agent can be given: four pages of text.
const MOST_BYTES: i64 = 16 << 10;

/// Notes of an agent, unless it is given more or less (`notes-max-count` of the openotters
/// runtime).
const COUNT: i64 = 64;

/// The most that an agent can be given: all of them, of the largest size, fit into one answer of
/// gRPC (2 MiB).
const MOST_COUNT: i64 = 128;

/// Characters of a note in a list.
const PREVIEW: usize = 80;

/// The longest key, in bytes.
const MAX_KEY: usize = 64;

/// The room that the notes of an agent have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteQuota {
    /// The most bytes of one note.
    pub bytes: i64,
    /// The most notes.
    pub count: i64,
}

/// The place of pinned notes in the prompt (`notes-prompt-section` of the openotters runtime).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotesSection {
    /// They are not in it.
    Off,
    /// Before the documents.
    Above,
    /// After them.
    Below,
}

/// The settings of an agent for its notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoteSettings {
    pub(crate) quota: NoteQuota,
    pub(crate) section: NotesSection,
}

/// The notes of one agent.
#[derive(Debug, Clone)]
pub struct Notes {
    table: NoteTable,
    agent: String,
    quota: NoteQuota,
}

/// A note that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedNote {
    /// The note.
    pub note: Note,
    /// True if it replaced one of its key.
    pub overwrote: bool,
}

/// A request about notes that comes to nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// The key cannot be one.
    #[error(
        "a note's key is 1 to {MAX_KEY} of a-z, 0-9, `_` and `-`, the first a letter or a digit; \
         `{0}` is not"
    )]
    Key(String),
    /// The text is longer than a note may be.
    #[error("the note has {size} bytes, and at most {most} are kept: shorten it, or split it")]
    TooLong {
        /// Its size in bytes.
        size: usize,
        /// The most bytes.
        most: i64,
    },
    /// There are as many notes as there may be.
    #[error("there are {most} notes, the most there may be: delete one first")]
    Full {
        /// The most notes.
        most: i64,
    },
    /// No note has the key.
    #[error("there is no note `{0}`")]
    Unknown(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NoteSettings {
    /// The settings that an Agentfile gives.
    pub(crate) fn of(agentfile: &Agentfile) -> Result<Self, DeploymentError> {
        Ok(Self {
            quota: NoteQuota {
                bytes: number(agentfile, "notes-max-bytes-per", BYTES, MOST_BYTES)?,
                count: number(agentfile, "notes-max-count", COUNT, MOST_COUNT)?,
            },
            section: section(agentfile)?,
        })
    }
}

/// The value of a setting.
fn value<'a>(agentfile: &'a Agentfile, key: &str) -> Option<&'a ConfigValue> {
    let mut configs = agentfile.configs.iter();
    configs.find(|config| config.key == key)?.value.as_ref()
}

fn number(
    agentfile: &Agentfile,
    key: &str,
    default: i64,
    most: i64,
) -> Result<i64, DeploymentError> {
    let Some(value) = value(agentfile, key) else {
        return Ok(default);
    };
    // `etc/agent.yaml` has every value as a text.
    let number = value.to_string().parse().ok();
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            DeploymentError(format!(
                "CONFIG {key} = {value}: expected a whole number from 1 to {most}"
            ))
        })
}

fn section(agentfile: &Agentfile) -> Result<NotesSection, DeploymentError> {
    const KEY: &str = "notes-prompt-section";
    let Some(value) = value(agentfile, KEY) else {
        return Ok(NotesSection::Off);
    };
    match value.to_string().as_str() {
        "off" => Ok(NotesSection::Off),
        "above" => Ok(NotesSection::Above),
        "below" => Ok(NotesSection::Below),
        other => Err(DeploymentError(format!(
            "CONFIG {KEY} = {other}: expected off, above or below"
        ))),
    }
}

impl Notes {
    /// The notes of the agent of this id.
    pub(crate) fn new(table: NoteTable, agent: &str, quota: NoteQuota) -> Self {
        Self {
            table,
            agent: agent.to_owned(),
            quota,
        }
    }

    /// All of them, by key; with `pinned` those alone that are pinned.
    pub async fn list(&self, pinned: bool) -> Result<Vec<Note>, NoteError> {
        Ok(self.table.list(&self.agent, pinned).await?)
    }

    /// The note of this key.
    pub async fn get(&self, key: &str) -> Result<Note, NoteError> {
        let found = self.table.get(&self.agent, key).await?;
        found.ok_or_else(|| unknown(key))
    }

    /// Saves a note in place of one of its key. It is pinned where `pin` says so, and else as it
    /// was. `asked` is a quota of the caller, which may be narrower.
    pub async fn save(
        &self,
        key: &str,
        content: &str,
        pin: Option<bool>,
        asked: Option<NoteQuota>,
    ) -> Result<SavedNote, NoteError> {
        check_key(key)?;
        let asked = asked.unwrap_or(self.quota);
        let most = self.quota.bytes.min(asked.bytes);
        if i64::try_from(content.len()).map_or(true, |size| size > most) {
            let size = content.len();
            return Err(NoteError::TooLong { size, most });
        }
        let most = self.quota.count.min(asked.count);
        match self
            .table
            .save(&self.agent, key, content, pin, most)
            .await?
        {
            Saved::Kept { note, overwrote } => Ok(SavedNote { note, overwrote }),
            Saved::Full => Err(NoteError::Full { most }),
        }
    }

    /// Pins a note, or unpins it.
    pub async fn pin(&self, key: &str, pinned: bool) -> Result<Note, NoteError> {
        let found = self.table.pin(&self.agent, key, pinned).await?;
        found.ok_or_else(|| unknown(key))
    }

    /// Deletes a note, and returns true if there was one.
    pub async fn delete(&self, key: &str) -> Result<bool, NoteError> {
        Ok(self.table.delete(&self.agent, key).await?)
    }

    /// The pinned notes as a document of the prompt; empty without any.
    pub(crate) async fn section(&self) -> Result<String, StoreError> {
        let pinned = self.table.list(&self.agent, true).await?;
        if pinned.is_empty() {
            return Ok(String::new());
        }
        let note = |note: &Note| format!("### {}\n\n{}", note.key, note.content.trim_end());
        let notes: Vec<_> = pinned.iter().map(note).collect();
        Ok(format!("## NOTES\n\n{}", notes.join("\n\n")))
    }
}

/// The beginning of a note, on one line.
pub fn preview(content: &str) -> String {
    let one_line = content.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(PREVIEW) {
        None => one_line,
        Some((end, _)) => format!("{}…", one_line.get(..end).unwrap_or_default()),
    }
}

fn check_key(key: &str) -> Result<(), NoteError> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let begins = key.starts_with(is_plain);
    let fits = |c: char| is_plain(c) || matches!(c, '_' | '-');
    if begins && key.len() <= MAX_KEY && key.chars().all(fits) {
        return Ok(());
    }
    Err(NoteError::Key(shown(key)))
}

fn unknown(key: &str) -> NoteError {
    NoteError::Unknown(shown(key))
}

/// A key for a sentence, cut where it is longer than one can be.
fn shown(key: &str) -> String {
    key.chars().take(MAX_KEY).collect()
}
