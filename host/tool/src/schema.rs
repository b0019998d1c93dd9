//! JSON Schemas of tools: a bounded dialect of draft 2020-12, read once when a tool is loaded.
//!
//! Guests write these schemas, so both reading and checking are bounded. [`read`] refuses what has no bound, and says
//! where; [`spread`] bounds how many nodes apply to one value of an input; [`pattern`] compiles patterns into automata
//! that never go back. [`check`] counts the steps of each check and stops at a bound, whatever the schema and the input
//! are together. A library does not stop, and collects what is wrong in every branch; this is why the check is our own.
//!
//! Absent on purpose: dynamic references, `$id` and `$anchor` below the top, `unevaluated*` (a schema that needs them can
//! be written without), references out of the document, and assertions by `format`, which the draft leaves out as well.

mod check;
mod node;
mod number;
mod pattern;
mod read;
mod spread;

use serde_json::Value;

use check::Checker;
use node::{Id, Node};
use pattern::Pattern;

/// A schema that inputs are checked against.
#[derive(Debug)]
pub(crate) struct Schema {
    nodes: Vec<Node>,
    root: Id,
    /// The nodes that references lead to.
    targets: Vec<Id>,
    patterns: Vec<Pattern>,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    ///
    /// One sentence that says where the schema is refused and what would be right.
    pub(crate) fn new(written: &Value) -> Result<Self, String> {
        let schema = read::read(written)?;
        spread::check(&schema)?;
        Ok(schema)
    }

    /// Checks `input` against the schema.
    ///
    /// # Errors
    ///
    /// One sentence, of bounded length, that says where the input does not fit, or that checking it takes too long.
    pub(crate) fn check(&self, input: &Value) -> Result<(), String> {
        Checker::new(self).run(input)
    }

    fn node(&self, id: Id) -> &Node {
        self.nodes.get(id.0).unwrap_or(&Node::Never)
    }

    fn target(&self, reference: usize) -> Id {
        self.targets.get(reference).copied().unwrap_or(self.root)
    }
}

/// A place in a schema or an input as the beginning of a sentence.
fn at(pointer: &str) -> String {
    if pointer.is_empty() { "at the top".to_owned() } else { format!("at {pointer}") }
}

/// A key as it stands in a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The most bytes of a guest's or a caller's value that a sentence shows.
const MAX_SHOWN: usize = 80;

/// `value` as JSON, cut where it is long: no more of it is written than is shown.
fn shown(value: &Value) -> String {
    let mut shown = Shown(Vec::new());
    match serde_json::to_writer(&mut shown, value) {
        Ok(()) => String::from_utf8_lossy(&shown.0).into_owned(),
        Err(_) => format!("{}…", String::from_utf8_lossy(&shown.0).trim_end_matches('\u{fffd}')),
    }
}

/// A buffer that fails when it is full.
struct Shown(Vec<u8>);

impl std::io::Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let room = MAX_SHOWN.saturating_sub(self.0.len());
        self.0.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room { Err(std::io::ErrorKind::WriteZero.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
