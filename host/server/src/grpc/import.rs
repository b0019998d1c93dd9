//! A session that comes from elsewhere, piece by piece.

use std::fmt;

use cofferdam_proto::host::import_session_request::Item;
use cofferdam_proto::host::{ImportSessionRequest, ImportedMessage, ImportedSession};
use cofferdam_store::{Content, MAX_BRANCHES, Message, MessageState, Part};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use tonic::{Status, Streaming};

/// The largest session that is taken, in bytes (64 MiB): it is in memory until it is whole, and
/// then stored at once.
const MAX_BYTES: usize = 64 << 20;

/// The longest session id and the longest title, in bytes; also the longest name and id of a call.
const MAX_NAME: usize = 256;

/// The longest reason for which an answer ended, in bytes. Our own are one sentence.
const MAX_DETAIL: usize = 1 << 10;

/// Bytes that each message is counted for beside its content, and each of its parts.
const ITEM: usize = 256;

/// Parts of one answer: the most that a turn of a thousand steps has with its calls.
const MAX_PARTS: usize = 10_000;

/// A session that has come whole.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) session: String,
    pub(super) title: String,
    pub(super) messages: Vec<Message>,
}

/// A session on its way.
#[derive(Default)]
struct Incoming {
    imported: Imported,
    /// The content of the message that is being read.
    content: String,
    /// Earlier answers to the prompt before.
    branches: Vec<Vec<Part>>,
    bytes: usize,
}

/// The parts of one answer, of which no more are read than there may be.
struct Parts(Vec<Part>);

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX_PARTS} parts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parts, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = list.next_element()? {
                    if parts.len() == MAX_PARTS {
                        return Err(A::Error::invalid_length(MAX_PARTS + 1, &self));
                    }
                    parts.push(part);
                }
                Ok(Parts(parts))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}

/// Reads a session to its end.
pub(super) async fn read(mut pieces: Streaming<ImportSessionRequest>) -> Result<Imported, Status> {
    let first = pieces.message().await?.and_then(|piece| piece.item);
    let Some(Item::Session(ImportedSession { session_id, title })) = first else {
        return Err(Status::invalid_argument(
            "the first message names no session: send `session` first",
        ));
    };
    check_title(&title)?;
    if session_id.len() > MAX_NAME {
        return Err(Status::invalid_argument(format!(
            "the session id has {} bytes: at most {MAX_NAME} are taken",
            session_id.len()
        )));
    }
    let mut incoming = Incoming::default();
    incoming.imported.session = session_id;
    incoming.imported.title = title;
    while let Some(piece) = pieces.message().await? {
        match piece.item {
            Some(Item::Message(message)) => incoming.add(message)?,
            _ => {
                return Err(Status::invalid_argument(
                    "only messages may follow the first one",
                ));
            }
        }
    }
    incoming.end()
}

/// Refuses a title that is none.
pub(super) fn check_title(title: &str) -> Result<(), Status> {
    if title.len() > MAX_NAME {
        return Err(Status::invalid_argument(format!(
            "the title has {} bytes: at most {MAX_NAME} are taken",
            title.len()
        )));
    }
    Ok(())
}

/// Refuses a call whose id or name is longer than those of calls are.
fn check_names(part: &Part) -> Result<(), String> {
    let Part::Tool { tool_id, name, .. } = part else {
        return Ok(());
    };
    if tool_id.len() > MAX_NAME || name.len() > MAX_NAME {
        return Err(format!(
            "a call has a name or an id of more than {MAX_NAME} bytes"
        ));
    }
    Ok(())
}

impl Incoming {
    fn add(&mut self, piece: ImportedMessage) -> Result<(), Status> {
        self.count(piece.content.len())?;
        self.content.push_str(&piece.content);
        if !piece.last {
            return Ok(());
        }
        self.count(ITEM)?;
        let content = std::mem::take(&mut self.content);
        let number = self.imported.messages.len() + 1;
        let wrong =
            |problem: String| Status::invalid_argument(format!("message {number}: {problem}"));
        if piece.stop_reason.len() + piece.stop_detail.len() > MAX_DETAIL {
            return Err(wrong(format!(
                "stop_reason and stop_detail have more than {MAX_DETAIL} bytes together"
            )));
        }
        let content = match piece.role.as_str() {
            "user" => {
                self.finish_branches().map_err(wrong)?;
                Content::Prompt(content)
            }
            "assistant" => {
                let Parts(parts) = serde_json::from_str(&content)
                    .map_err(|error| wrong(format!("the content is no list of parts: {error}")))?;
                self.count(parts.len().saturating_mul(ITEM))?;
                parts.iter().try_for_each(check_names).map_err(wrong)?;
                if piece.earlier {
                    // With the one that counts.
                    if self.branches.len() as i64 + 1 >= MAX_BRANCHES {
                        return Err(wrong(format!(
                            "the prompt has more than {MAX_BRANCHES} answers, the most there may be"
                        )));
                    }
                    self.branches.push(parts);
                    return Ok(());
                }
                Content::Answer(parts)
            }
            other => {
                let problem = format!("`{other}` is no role: write `user` or `assistant`");
                return Err(wrong(problem));
            }
        };
        let state = match piece.state.as_str() {
            "complete" | "" => MessageState::Complete,
            // A turn that ran when the session was exported does not run here.
            "interrupted" | "running" => MessageState::Interrupted,
            other => {
                let problem = format!("`{other}` is no state: write `complete` or `interrupted`");
                return Err(wrong(problem));
            }
        };
        self.imported.messages.push(Message {
            id: 0,
            branches: match &content {
                Content::Prompt(_) => Vec::new(),
                Content::Answer(_) => std::mem::take(&mut self.branches),
            },
            content,
            created_at: piece.created_at,
            state,
            stop_reason: piece.stop_reason,
            stop_detail: piece.stop_detail,
        });
        Ok(())
    }

    /// Counts bytes of the session, and refuses more than are taken.
    fn count(&mut self, bytes: usize) -> Result<(), Status> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            return Err(Status::resource_exhausted(format!(
                "the session has more than {MAX_BYTES} bytes, the most that is taken"
            )));
        }
        Ok(())
    }

    /// Refuses earlier answers that no answer follows.
    fn finish_branches(&self) -> Result<(), String> {
        if self.branches.is_empty() {
            return Ok(());
        }
        Err("earlier answers have to be followed by the one that counts".to_owned())
    }

    fn end(self) -> Result<Imported, Status> {
        self.finish_branches().map_err(Status::invalid_argument)?;
        if !self.content.is_empty() {
            return Err(Status::invalid_argument("the last message has no end"));
        }
        if self.imported.messages.is_empty() {
            return Err(Status::invalid_argument("the session has no message"));
        }
        Ok(self.imported)
    }
}
