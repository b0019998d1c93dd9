//! Formats of a review.

use clap::ValueEnum;

/// The format in which a review is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReviewFormat {
    /// Text for people.
    #[default]
    Text,
    /// JSON for machines.
    Json,
    /// Markdown, for a comment of a CI job.
    Markdown,
}
