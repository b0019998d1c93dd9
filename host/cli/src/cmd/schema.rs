//! `cofferdam schema`: JSON Schemas of the files that people write, for their editors.

mod cases;

use clap::{Args, ValueEnum};
use cofferdam_capability::{Manifest, schema};

use crate::config;
use crate::console;
use crate::error::Failure;

/// `cofferdam schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The file that is to be written
    #[arg(value_enum, value_name = "FILE")]
    file: File,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// capabilities.toml: the powers and limits that a tool asks for
    Manifest,
    /// cofferdam.toml: limits, network and grants of an operator
    Config,
    /// cases/*.json: calls of `tool test`, and how each must end
    Case,
}

pub(crate) fn run(schema: &Schema) -> Result<(), Failure> {
    let schema = match schema.file {
        File::Manifest => schema::of::<Manifest>(),
        File::Config => config::schema(),
        File::Case => cases::schema(),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(Failure::work)?;
    console::content(&text);
    Ok(())
}
