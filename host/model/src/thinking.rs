//! Thoughts of a model that its provider wants to read again.

use serde_json::Value;

/// The thoughts of one turn of a model, signed or sealed by its provider.
///
/// Some providers refuse the results of tools without the thoughts that led to the calls, so they
/// go back with the turn as long as its tools run. They mean nothing to another provider and are
/// for no reader, so nobody stores them. The default is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinking {
    /// Thoughts before the words and calls of the turn.
    pub(crate) thoughts: Vec<Thought>,
    /// Signatures of each call, in the order of the calls; empty where no call has one.
    pub(crate) signatures: Vec<Vec<String>>,
}

/// A part of the thoughts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Thought {
    /// Words.
    Text(String),
    /// The signature of the words that come next, or of the part of the answer that does.
    Signature(String),
    /// A block that only its provider reads.
    Block(Value),
}
