//! JSON Schemas of tools: a bounded dialect of draft 2020-12, read once when a tool is loaded.
//!
//! Guests write these schemas, so both reading and checking are bounded. [`read`] refuses what has
//! no bound, and says where; [`spread`] bounds how many nodes apply to one value of an input;
//! [`pattern`] compiles patterns into automata that never go back. [`check`] counts its steps and
//! stops at a bound, whatever the schema and the input are together. A library does not stop, and
//! collects what is wrong in every branch; this is why the check is our own.
//!
//! Absent on purpose: dynamic references, `$id` and `$anchor` below the top, `unevaluated*` (a
//! schema that needs them can be written without), references out of the document, and assertions
//! by `format`, which the draft leaves out as well.

mod absent;
mod check;
mod dialect;
mod equality;
mod error;
mod meter;
mod node;
mod number;
mod pattern;
mod read;
mod sentence;
mod spread;
mod states;
mod unfit;
mod words;
mod written;

use cofferdam_sandbox::Allowance;
use serde_json::Value;

use check::Checker;
pub(crate) use error::SchemaError;
use node::Nodes;
pub(crate) use pattern::PatternSum;
pub(crate) use unfit::Unfit;
pub(crate) use words::check as check_words;

/// A schema that inputs are checked against.
#[derive(Debug)]
pub(crate) struct Schema(Nodes);

impl Schema {
    /// Reads a schema that has its component for itself.
    ///
    /// # Errors
    ///
    /// One sentence that says where the schema is refused and what would be right.
    pub(crate) fn new(written: &Value) -> Result<Self, SchemaError> {
        Self::beside(written, &mut PatternSum::default())
    }

    /// Reads a schema of a component whose other schemas have these patterns.
    fn beside(written: &Value, patterns: &mut PatternSum) -> Result<Self, SchemaError> {
        let nodes = read::read(written, patterns)?;
        spread::check(&nodes)?;
        Ok(Self(nodes))
    }

    /// Reads the input schema of a tool, which the sentence names. `patterns` are those of the
    /// component's other tools.
    pub(crate) fn of_tool(
        name: &str,
        written: &Value,
        patterns: &mut PatternSum,
    ) -> Result<Self, SchemaError> {
        Self::beside(written, patterns).map_err(|problem| {
            SchemaError::new(format!(
                "the input schema of `{name}` is not JSON Schema as this host takes it, {problem}"
            ))
        })
    }

    /// Checks `input` against the schema, within the allowance of its call.
    pub(crate) fn check(&self, input: &Value, allowance: &Allowance) -> Result<(), Unfit> {
        Checker::new(&self.0, allowance).run(input)
    }

    /// Takes every `null` out of an input that stands for a value which may be left out. Returns
    /// true if there was one.
    pub(crate) fn leave_out_nulls(&self, input: &mut Value, allowance: &Allowance) -> bool {
        absent::leave_out(&self.0, input, allowance)
    }
}

#[cfg(test)]
mod tests;
