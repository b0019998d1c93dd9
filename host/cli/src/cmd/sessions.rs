//! `cofferdam sessions`: what was said.

use std::path::Path;

use clap::{Args, Subcommand};
use cofferdam_server::Message;
use serde_json::{Value, json};

use crate::args::Listing;
use crate::connect::connect;
use crate::console::{self, Format, Style};
use crate::error::Failure;
use crate::fence::Fence;

#[derive(Debug, Subcommand)]
pub(crate) enum Sessions {
    /// List the sessions of an agent, the most recently used first.
    Ls {
        /// Name or id of the agent; may be left out when there is only one
        agent: Option<String>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show what was said in a session.
    Show {
        #[command(flatten)]
        session: SessionOf,
        /// At most so many messages, the newest ones
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// Delete a session with everything said in it.
    Rm {
        #[command(flatten)]
        session: SessionOf,
    },
}

/// A session, named as in `sessions ls AGENT`, after its agent.
#[derive(Debug, Args)]
pub(crate) struct SessionOf {
    /// The agent, which may be left out when there is only one, and the id of the session
    #[arg(value_names = ["AGENT", "SESSION"], num_args = 1..=2, required = true)]
    named: Vec<String>,
    /// The agent, where it does not stand before the session
    #[arg(long)]
    agent: Option<String>,
}

/// A session and its agent, if one is named.
struct Named {
    agent: Option<String>,
    session: String,
}

impl SessionOf {
    fn read(self) -> Result<Named, Failure> {
        let Self { mut named, agent } = self;
        let session = named.pop().unwrap_or_default();
        match (named.pop(), agent) {
            (Some(first), Some(agent)) => Err(Failure::usage(format!(
                "the agent is named twice, as `{first}` and with --agent {agent}: leave one out"
            ))),
            (first, agent) => Ok(Named {
                agent: first.or(agent),
                session,
            }),
        }
    }
}

pub(crate) async fn run(sessions: Sessions, data: &Path) -> Result<(), Failure> {
    match sessions {
        Sessions::Ls { agent, listing } => list(agent.as_deref(), listing.format, data).await,
        Sessions::Show {
            session,
            limit,
            listing,
        } => {
            let Named { agent, session } = session.read()?;
            show(session, agent.as_deref(), limit, listing.format, data).await
        }
        Sessions::Rm { session } => {
            let Named { agent, session } = session.read()?;
            remove(session, agent.as_deref(), data).await
        }
    }
}

async fn list(agent: Option<&str>, format: Format, data: &Path) -> Result<(), Failure> {
    let sessions = connect(data).await?.sessions(agent).await?;
    if format == Format::Json {
        return console::json(&sessions);
    }
    let rows = sessions.into_iter().map(|session| {
        vec![
            session.id,
            session.message_count.to_string(),
            console::when(session.last_active),
        ]
    });
    console::table(&["session", "messages", "last active"], rows.collect());
    Ok(())
}

async fn show(
    session: String,
    agent: Option<&str>,
    limit: u32,
    format: Format,
    data: &Path,
) -> Result<(), Failure> {
    let mut messages = connect(data)
        .await?
        .messages(agent, &session, limit)
        .await?;
    let mut empty = true;
    let mut array = console::JsonArray::default();
    while let Some(message) = messages.next().await? {
        empty = false;
        match format {
            Format::Json => array.item(&structured(message))?,
            Format::Table => print(&message),
        }
    }
    if !empty && format == Format::Json {
        array.end();
    }
    if empty {
        return Err(Failure::usage(format!("there is no session `{session}`"))
            .hint("`cofferdam sessions ls` lists them"));
    }
    Ok(())
}

async fn remove(session: String, agent: Option<&str>, data: &Path) -> Result<(), Failure> {
    Ok(connect(data).await?.delete_session(agent, session).await?)
}

/// The parts of an answer; nothing for a prompt.
fn parts(message: &Message) -> Option<Vec<Value>> {
    let parts = serde_json::from_str(&message.content).ok();
    parts.filter(|_| message.role == "assistant")
}

/// A message for machines: its content is an array of parts, also where it is one text.
fn structured(message: Message) -> Value {
    let mut content = parts(&message)
        .unwrap_or_else(|| vec![json!({ "kind": "text", "text": &message.content })]);
    for input in content.iter_mut().filter_map(|part| part.get_mut("input")) {
        if let Some(read) = input
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
        {
            *input = read;
        }
    }
    json!({ "role": message.role, "content": content, "created_at": message.created_at })
}

/// A message as a person reads it: the parts of an answer one after the other.
fn print(message: &Message) {
    console::spans(&[(
        Style::Dim,
        &format!("{} · {}", message.role, console::when(message.created_at)),
    )]);
    let Some(parts) = parts(message) else {
        return words(&message.content, Fence::model);
    };
    for part in parts {
        let text = |key: &str| {
            part.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if text("kind") != "tool" {
            words(text("text").trim_end(), Fence::model);
            continue;
        }
        console::call(&text("name"), &text("input"));
        let output = text("output");
        if console::terminal().is_some() {
            console::line(format!("← {}", text("name")));
            words(output.trim_end(), Fence::guest);
        } else {
            console::content(&format!("← {}", output.trim_end()));
        }
    }
}

/// Lines that are not the host's: as they are in a pipe, and marked on a terminal.
fn words(text: &str, fence: fn(usize) -> Fence) {
    match console::terminal() {
        Some(columns) => {
            let mut fence = fence(columns);
            console::fenced(&(fence.text(text) + fence.end()));
        }
        None => console::content(text),
    }
}
