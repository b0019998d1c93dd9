//! Answers that are JSON of a given form.

use std::sync::Arc;

use serde_json::Value;

/// The form of an answer, as a model is told of it. Nothing here checks the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSchema {
    /// The name of the form: letters, digits, `-` and `_`; empty for none.
    pub name: String,
    /// Its meaning, for the model; may be empty.
    pub description: String,
    /// A JSON Schema.
    pub schema: Arc<Value>,
}
