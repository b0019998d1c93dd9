//! Standard input of a command.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Standard input of a command.
#[derive(Debug, Clone)]
pub enum Stdin {
    /// All of it.
    Bytes(Vec<u8>),
    /// Input that is read when the command asks for it.
    Asked(Arc<dyn StdinSource>),
}

/// Input that is read piece by piece, when somebody asks for the next one.
///
/// Calls share a source, and each of them reads it from its beginning.
pub trait StdinSource: fmt::Debug + Send + Sync {
    /// Polls for the bytes that begin at `offset`, of which at most `most` are returned; none at
    /// the end. Nothing is read before somebody polls for it.
    ///
    /// # Errors
    ///
    /// If the source cannot be read.
    fn poll(
        &self,
        offset: usize,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Vec<u8>>>;
}

impl Stdin {
    /// Bytes that are known before the call; none for a source.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Asked(_) => 0,
        }
    }

    /// Returns true if there is no input.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes.is_empty())
    }
}

impl Default for Stdin {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl From<Vec<u8>> for Stdin {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
