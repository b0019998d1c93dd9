//! `cofferdam logs`: what an agent did, line by line.

mod lines;

use std::path::Path;
use std::time::{Duration, SystemTime};

use clap::Args;
use serde_json::Value;

use self::lines::Lines;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::past::past;

/// Interval at which new lines are looked for with `-f`: soon enough for a person, and four reads
/// of a file's size a second.
const LOOK: Duration = Duration::from_millis(250);

/// `cofferdam logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The agent: its name, its id, or a beginning of the id
    agent: String,

    /// Go on with new lines as they come, until Ctrl-C
    #[arg(short, long)]
    follow: bool,

    /// Begin with the last N lines
    #[arg(long, value_name = "N")]
    tail: Option<usize>,

    /// Leave out what is older: a duration such as 10m, or a time such as 2026-11-30T11:00:00Z
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<SystemTime>,

    /// Format of the output: text, or a JSON object on each line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(logs: Logs, data: &Path) -> Result<(), Failure> {
    let Logs {
        agent,
        follow,
        tail,
        since,
        format,
    } = logs;
    let file = cofferdam_agent::log_file(data, &agent)
        .await
        .map_err(Failure::usage)?;
    let mut lines = Lines::new(file);
    let mut shown: Vec<_> = lines
        .read()?
        .into_iter()
        .filter(|line| since.is_none_or(|since| is_newer(line, since)))
        .collect();
    if let Some(tail) = tail {
        shown.drain(..shown.len().saturating_sub(tail));
    }
    loop {
        for line in &shown {
            print(line, format)?;
        }
        console::finish()?;
        if !follow || console::is_unread() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
        shown = lines.read()?;
    }
}

fn print(line: &Value, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return console::json(line);
    }
    let field = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut text = format!("{} {:10}", field("time"), field("event"));
    for (name, value) in line.as_object().into_iter().flatten() {
        let value = match value {
            Value::String(text) if text.is_empty() || text.contains([' ', '"']) => {
                // What cannot be shown is escaped with the whole line.
                format!("\"{text}\"")
            }
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        match name.as_str() {
            "time" | "event" => {}
            name => text += &format!(" {name}={value}"),
        }
    }
    console::line(text);
    Ok(())
}

fn is_newer(line: &Value, since: SystemTime) -> bool {
    let time = line.get("time").and_then(Value::as_str);
    let time = time.and_then(|time| humantime::parse_rfc3339_weak(time).ok());
    time.is_none_or(|time| time >= since)
}
