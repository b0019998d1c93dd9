//! The functions that every model has.

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::error::Error;
use crate::message::{Request, Turn};
use crate::sampling::Sampling;

/// The most text of one turn, and the most JSON of its tool calls. Today's longest answers have
/// 64,000 tokens, about a quarter of this, and a tool may print no more either.
pub(crate) const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// The most tool calls of one turn. Models ask for a handful; each call costs a sandbox, so a
/// runaway turn ends here.
pub(crate) const MAX_TOOL_CALLS: usize = 32;

/// In how many pieces a text that is known from the start is streamed: enough for a consumer to see
/// that it streams.
const PIECES: usize = 4;

/// Something that answers a conversation, one turn at a time. It keeps nothing between turns.
#[async_trait]
pub trait Model: Send + Sync {
    /// One turn.
    ///
    /// Text is sent to `text` as it arrives and is also whole in the [`Turn`]. The channel is
    /// bounded: waiting for it is the back-pressure. A closed channel means that nobody listens any
    /// more, which is not an error. Dropping the future ends the turn and its connection.
    async fn turn(&self, request: Request, text: mpsc::Sender<String>) -> Result<Turn, Error>;

    /// Refuses settings that its provider cannot be asked for.
    fn accept(&self, sampling: &Sampling) -> Result<(), Error> {
        // A model that chooses nothing takes any.
        let _ = sampling;
        Ok(())
    }
}

/// Streams a text that is known from the start, in a few pieces that end at word boundaries.
pub(crate) async fn say(text: &str, listener: &mpsc::Sender<String>) {
    let enough = text.len().div_ceil(PIECES);
    let mut piece = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        piece.push_str(word);
        if piece.len() >= enough {
            // A closed channel is not an error: see `Model::turn`.
            listener.send(std::mem::take(&mut piece)).await.ok();
        }
    }
    if !piece.is_empty() {
        listener.send(piece).await.ok();
    }
}
