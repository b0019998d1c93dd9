//! `script/<file>`: replays a transcript of model turns, one JSON object a line.
//!
//! ```json
//! {"text": "I will count the lines."}
//! {"tool_calls": [{"name": "wc", "arguments": {"args": ["-l", "notes.txt"]}}]}
//! ```
//!
//! Which turn comes next follows from the conversation alone, so a script survives restarts and
//! serves any number of sessions at once.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::error::Error;
use crate::message::{Message, Request, ToolCall, Turn};
use crate::model::{MAX_TOOL_CALLS, Model, say};
use crate::usage::Usage;

/// The largest script. It is read whole and kept for as long as its agent lives; a megabyte is
/// thousands of turns.
const MAX_SCRIPT_BYTES: u64 = 1024 * 1024;

/// A transcript, read and checked whole.
pub(crate) struct Script {
    file: String,
    turns: Vec<Turn>,
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Call>,
    #[serde(default)]
    usage: Tokens,
}

/// Tokens as they are written: a script can say what a turn is to have taken.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tokens {
    input: u64,
    output: u64,
    cached: u64,
}

/// A tool call as it is written; without an id it gets one that follows from its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    id: Option<String>,
    name: String,
    arguments: Map<String, Value>,
}

impl Script {
    pub(crate) fn open(file: &str, scripts: &Path) -> Result<Self, Error> {
        let refused = |problem: String| Error::ScriptFile {
            file: file.into(),
            problem,
        };
        let turns = parse(&read(file, scripts).map_err(refused)?).map_err(|(line, problem)| {
            Error::Script {
                file: file.into(),
                line,
                problem,
            }
        })?;
        if turns.is_empty() {
            Err(refused("holds no turn".into()))
        } else {
            Ok(Self {
                file: file.into(),
                turns,
            })
        }
    }
}

#[async_trait]
impl Model for Script {
    async fn turn(&self, request: Request, text: mpsc::Sender<String>) -> Result<Turn, Error> {
        let spoken = request
            .messages
            .iter()
            .filter(|message| matches!(message, Message::Assistant { .. }))
            .count();
        let ended = || Error::ScriptEnded {
            file: self.file.clone(),
            turns: self.turns.len(),
        };
        let turn = self.turns.get(spoken).ok_or_else(ended)?;
        say(&turn.text, &text).await;
        Ok(turn.clone())
    }
}

/// The whole file, or what is wrong with it.
fn read(file: &str, scripts: &Path) -> Result<String, String> {
    // The name comes from an Agentfile, whose author may read no file of the host but the scripts.
    if !Path::new(file)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err("is not a relative path inside the scripts directory".into());
    }
    let missing = |problem: std::io::Error| format!("cannot be read: {}", problem.kind());
    let scripts = scripts.canonicalize().map_err(missing)?;
    let path = scripts.join(file).canonicalize().map_err(missing)?;
    if !path.starts_with(&scripts) {
        return Err("leads out of the scripts directory".into());
    }
    // Opening a named pipe would wait for its writer.
    if !path.metadata().map_err(missing)?.is_file() {
        return Err("is not a file".into());
    }
    let mut text = Vec::new();
    // One byte more than allowed shows that there is more, also when the file grows meanwhile.
    File::open(path)
        .and_then(|file| file.take(MAX_SCRIPT_BYTES + 1).read_to_end(&mut text))
        .map_err(missing)?;
    if text.len() as u64 > MAX_SCRIPT_BYTES {
        return Err(format!("is larger than {MAX_SCRIPT_BYTES} bytes"));
    }
    String::from_utf8(text).map_err(|_| "is not UTF-8 text".into())
}

/// The turns, or the number of the first bad line and what is wrong with it.
fn parse(text: &str) -> Result<Vec<Turn>, (usize, String)> {
    let mut turns = Vec::new();
    let mut ids = HashSet::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let turn = parse_line(line, turns.len() + 1).map_err(|problem| (number, problem))?;
        if let Some(call) = turn
            .tool_calls
            .iter()
            .find(|call| !ids.insert(call.id.clone()))
        {
            return Err((number, format!("the id {:?} is used twice", call.id)));
        }
        turns.push(turn);
    }
    Ok(turns)
}

fn parse_line(line: &str, turn: usize) -> Result<Turn, String> {
    let Line {
        text,
        tool_calls,
        usage,
    } = serde_json::from_str(line).map_err(explain)?;
    if text.is_none() && tool_calls.is_empty() {
        return Err("neither text nor tool_calls".into());
    }
    if tool_calls.len() > MAX_TOOL_CALLS {
        return Err(format!("more than {MAX_TOOL_CALLS} tool calls"));
    }
    let call = |(
        Call {
            id,
            name,
            arguments,
        },
        place,
    ): (Call, usize)| ToolCall {
        id: id.unwrap_or_else(|| format!("call-{turn}-{place}")),
        name,
        arguments: Value::Object(arguments),
    };
    Ok(Turn {
        text: text.unwrap_or_default(),
        tool_calls: tool_calls.into_iter().zip(1..).map(call).collect(),
        usage: Usage {
            input: usage.input,
            output: usage.output,
            cached: usage.cached,
            ..Usage::default()
        },
        ..Turn::default()
    })
}

/// The parser sees one line at a time and calls each of them line 1, so only its column is
/// repeated.
fn explain(problem: serde_json::Error) -> String {
    let place = format!(" at line {} column {}", problem.line(), problem.column());
    let text = problem.to_string();
    format!(
        "{}, at column {}",
        text.strip_suffix(&place).unwrap_or(&text),
        problem.column()
    )
}
