//! `cofferdam prompt`: one answer that fits a JSON Schema.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::chat::whole_input;
use crate::connect::connect_within;
use crate::console;
use crate::error::Failure;

/// The longest schema that is read, in bytes: one more than a host takes, so that the host says so.
const MAX_SCHEMA: u64 = (64 << 10) + 1;

/// The longest time that a host works on an answer: each of three attempts may be asked for in two
/// ways, and each of these has five minutes.
const ANSWER: Duration = Duration::from_secs(31 * 60);

/// `cofferdam prompt`.
#[derive(Debug, Args)]
pub(crate) struct Prompt {
    /// Name or id of the agent
    agent: String,

    /// The prompt; without it, standard input is read
    #[arg(value_name = "PROMPT")]
    prompt: Vec<String>,

    /// A JSON Schema of draft 2020-12 that the answer has to fit
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,

    /// Print the answer over several lines
    #[arg(long)]
    pretty: bool,
}

pub(crate) async fn run(prompt: Prompt, data: &Path) -> Result<(), Failure> {
    let Prompt {
        agent,
        prompt,
        schema,
        pretty,
    } = prompt;
    let schema = read(&schema)?;
    let prompt = match prompt.as_slice() {
        [] => whole_input()?,
        words => words.join(" "),
    };
    let host = connect_within(data, ANSWER).await?;
    let answer = host.prompt_object(&agent, prompt, schema).await?;
    if !pretty {
        console::content(&answer.object);
        return Ok(());
    }
    let object: Value = serde_json::from_str(&answer.object).map_err(Failure::work)?;
    let text = serde_json::to_string_pretty(&object).map_err(Failure::work)?;
    console::content(&text);
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let file = std::fs::File::open(path).map_err(wrong)?;
    if file.metadata().map_err(wrong)?.is_dir() {
        return Err(Failure::usage(format!(
            "{} is a directory: name a file with a JSON Schema",
            path.display()
        )));
    }
    let mut schema = Vec::new();
    file.take(MAX_SCHEMA)
        .read_to_end(&mut schema)
        .map_err(wrong)?;
    Ok(schema)
}
