//! Reasons why there is no answer that fits.

use crate::error::TurnError;

/// An answer that is not returned: the reason, for the model and for the client.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misfit(pub(super) String);

/// A request for an object that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The request has no schema.
    #[error("schema is required: give a JSON Schema of draft 2020-12")]
    NoSchema,
    /// The schema is not JSON.
    #[error("parsing schema: {0}")]
    NotJson(String),
    /// The schema does not say what it describes.
    #[error("schema must declare a top-level type, as in {{\"type\": \"object\"}}")]
    NoType,
    /// The schema, its name or its description is not taken.
    #[error("{0}")]
    Schema(String),
    /// Every attempt of the model was wrong.
    #[error(
        "generate object: none of {attempts} answers of the model fits the schema; of the last: \
         {problem}"
    )]
    Unfit {
        /// Number of attempts.
        attempts: usize,
        /// The problem of the last one.
        problem: String,
    },
    /// The bounds of a turn leave no room for another attempt.
    #[error("generate object: {0}")]
    Exhausted(String),
    /// The model was not asked, or failed.
    #[error("{stage}{0}", stage = stage(.0))]
    Turn(#[from] TurnError),
    /// The host has no thread for the check.
    #[error("the host cannot check a schema: {0}")]
    Host(String),
}

/// The part that older clients know of a sentence about a model that failed.
fn stage(error: &TurnError) -> &'static str {
    match error {
        TurnError::Model(_) => "generate object: ",
        _ => "",
    }
}
