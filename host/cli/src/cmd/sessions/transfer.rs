//! Sessions as JSON lines: the first one names the session, each other one is a message.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use cofferdam_server::{Message, MessagePage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connect::{connect, connect_within};
use crate::console;
use crate::error::Failure;

/// The format, as the first line names it.
const FORMAT: &str = "cofferdam.session.v1";

/// The largest file that is read, in bytes (128 MiB): JSON of as much as a host takes.
const MAX_FILE: u64 = 128 << 20;

/// The longest time in which a host stores a session. A hundred thousand messages take seconds.
const STORED: Duration = Duration::from_secs(300);

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: String,
    session: String,
    #[serde(default)]
    title: String,
}

/// A message as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    role: String,
    /// The text of a prompt, or the parts of an answer.
    content: Value,
    created_at: i64,
    #[serde(default)]
    state: String,
    #[serde(default)]
    stop_reason: String,
    #[serde(default)]
    stop_detail: String,
    /// True for an answer that the next line replaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    earlier: bool,
}

/// Prints a session.
pub(super) async fn export(session: &str, agent: Option<&str>, data: &Path) -> Result<(), Failure> {
    let client = connect(data).await?;
    let sessions = client.sessions(agent).await?;
    let Some(found) = sessions.into_iter().find(|known| known.id == session) else {
        return Err(Failure::usage(format!("there is no session `{session}`"))
            .hint("`cofferdam sessions ls` lists them"));
    };
    console::json(&Head {
        format: FORMAT.to_owned(),
        session: found.id,
        title: found.title,
    })?;
    let page = MessagePage {
        with_earlier: true,
        ..MessagePage::default()
    };
    let mut messages = client.messages(agent, session, page).await?;
    while let Some(message) = messages.next().await? {
        let content = match message.role.as_str() {
            "assistant" => serde_json::from_str(&message.content).unwrap_or(Value::Null),
            _ => Value::String(message.content),
        };
        console::json(&Line {
            role: message.role,
            content,
            created_at: message.created_at,
            state: message.state,
            stop_reason: message.stop_reason,
            stop_detail: message.stop_detail,
            earlier: message.earlier,
        })?;
    }
    Ok(())
}

/// Stores a session.
pub(super) async fn import(
    file: &Path,
    agent: Option<&str>,
    session: Option<String>,
    data: &Path,
) -> Result<(), Failure> {
    let opened = std::fs::File::open(file)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    let reader = BufReader::new(opened.take(MAX_FILE + 1));
    let mut head = None;
    let mut messages = Vec::new();
    let mut bytes = 0;
    for (line, number) in reader.lines().zip(1_usize..) {
        let wrong =
            |problem: String| Failure::usage(format!("{}:{number}: {problem}", file.display()));
        let line = line.map_err(|error| wrong(error.to_string()))?;
        bytes += line.len() as u64 + 1;
        if bytes > MAX_FILE {
            return Err(wrong(format!("the file has more than {MAX_FILE} bytes")));
        }
        if head.is_none() {
            head = Some(first(&line).map_err(wrong)?);
            continue;
        }
        messages.push(message(&line).map_err(wrong)?);
    }
    let Some(Head {
        session: id, title, ..
    }) = head
    else {
        return Err(Failure::usage(format!(
            "{}: the file is empty",
            file.display()
        )));
    };
    let session = session.unwrap_or(id);
    let client = connect_within(data, STORED).await?;
    let count = client.import_session(agent, title, session.clone(), messages);
    let count = count.await?;
    console::note(&format!("session {session} has {count} messages"));
    Ok(())
}

fn first(line: &str) -> Result<Head, String> {
    let head: Head = serde_json::from_str(line)
        .map_err(|error| format!("the first line does not name a session: {error}"))?;
    if head.format != FORMAT {
        return Err(format!(
            "the format is `{}`: this version reads `{FORMAT}`",
            head.format
        ));
    }
    Ok(head)
}

fn message(line: &str) -> Result<Message, String> {
    let Line {
        role,
        content,
        created_at,
        state,
        stop_reason,
        stop_detail,
        earlier,
    } = serde_json::from_str(line).map_err(|error| format!("this is no message: {error}"))?;
    Ok(Message {
        role,
        content: match content {
            Value::String(text) => text,
            parts => parts.to_string(),
        },
        created_at,
        state,
        stop_reason,
        stop_detail,
        id: 0,
        earlier,
    })
}
