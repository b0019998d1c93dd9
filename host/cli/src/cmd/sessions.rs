//! `cofferdam sessions`: what was said.

mod transfer;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cofferdam_capability::ForeignText;
use cofferdam_server::{
    ApprovalClient, ApprovalEntry, Client, Message, MessagePage, SessionEntry, cancel_turns,
    follow_session,
};
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
        /// Messages before the one of this number alone, as `--format json` tells it
        #[arg(
            long,
            default_value_t = 0,
            hide_default_value = true,
            value_name = "ID"
        )]
        before: i64,
        #[command(flatten)]
        listing: Listing,
    },
    /// Give a session a title, which `sessions ls` shows.
    Rename {
        /// Id of the session
        session: String,
        /// The title; an empty one takes it away
        title: String,
        /// Name or id of the agent; may be left out when there is only one
        #[arg(long)]
        agent: Option<String>,
    },
    /// Print a session as JSON lines, for `sessions import`.
    Export {
        #[command(flatten)]
        session: SessionOf,
    },
    /// Store a session that `sessions export` has printed.
    Import {
        /// The file
        file: PathBuf,
        /// Name or id of the agent; may be left out when there is only one
        #[arg(long)]
        agent: Option<String>,
        /// Another id than the one in the file
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// Tell the events of a session as they happen, one JSON object on each line.
    Follow {
        #[command(flatten)]
        session: SessionOf,
        /// Go on after the event of this number; where some are not kept any more, the session
        /// comes as it is
        #[arg(
            long,
            default_value_t = 0,
            hide_default_value = true,
            value_name = "NUMBER"
        )]
        after: i64,
        /// End when no turn runs
        #[arg(long)]
        until_idle: bool,
    },
    /// Cancel the turn of a session that runs, and those that wait.
    Cancel {
        #[command(flatten)]
        session: SessionOf,
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
            before,
            listing,
        } => {
            let Named { agent, session } = session.read()?;
            let page = MessagePage {
                limit,
                before,
                with_earlier: false,
            };
            show(session, agent.as_deref(), page, listing.format, data).await
        }
        Sessions::Rename {
            session,
            title,
            agent,
        } => {
            let client = connect(data).await?;
            let renamed = client.rename_session(agent.as_deref(), session, title);
            Ok(renamed.await?)
        }
        Sessions::Export { session } => {
            let Named { agent, session } = session.read()?;
            transfer::export(&session, agent.as_deref(), data).await
        }
        Sessions::Import {
            file,
            agent,
            session,
        } => transfer::import(&file, agent.as_deref(), session, data).await,
        Sessions::Follow {
            session,
            after,
            until_idle,
        } => {
            let Named { agent, session } = session.read()?;
            let client = connect(data).await?;
            let followed = follow_session(&client, agent.as_deref(), session, after, until_idle);
            let mut events = followed.await?;
            while let Some(event) = events.next().await? {
                console::json(&event)?;
            }
            Ok(())
        }
        Sessions::Cancel { session } => {
            let Named { agent, session } = session.read()?;
            let client = connect(data).await?;
            let found = cancel_turns(&client, agent.as_deref(), session.clone());
            if found.await? {
                return Ok(());
            }
            Err(Failure::work(format!("session `{session}` has no turn")))
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
    print_list(sessions);
    Ok(())
}

/// Prints sessions as a table.
pub(super) fn print_list(sessions: Vec<SessionEntry>) {
    let rows = sessions.into_iter().map(|session| {
        vec![
            session.id,
            session.title,
            session.message_count.to_string(),
            console::when(session.last_active),
        ]
    });
    console::table(
        &["session", "title", "messages", "last active"],
        rows.collect(),
    );
}

async fn show(
    session: String,
    agent: Option<&str>,
    page: MessagePage,
    format: Format,
    data: &Path,
) -> Result<(), Failure> {
    let host = connect(data).await?;
    let mut messages = host.messages(agent, &session, page).await?;
    let mut waiting = Waiting::new(&host, agent, &session);
    let mut empty = true;
    let mut array = console::JsonArray::default();
    while let Some(message) = messages.next().await? {
        empty = false;
        match format {
            Format::Json => array.item(&structured(message))?,
            Format::Table => print(&message, &mut waiting).await,
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
    json!({
        "id": message.id,
        "role": message.role,
        "content": content,
        "created_at": message.created_at,
        "state": message.state,
        "stop_reason": message.stop_reason,
        "stop_detail": message.stop_detail,
    })
}

/// The questions of a session that wait for a person, read when a call that runs is met.
struct Waiting<'a> {
    host: ApprovalClient,
    agent: Option<&'a str>,
    session: &'a str,
    questions: Option<Vec<ApprovalEntry>>,
}

impl<'a> Waiting<'a> {
    fn new(host: &Client, agent: Option<&'a str>, session: &'a str) -> Self {
        Self {
            host: ApprovalClient::new(host),
            agent,
            session,
            questions: None,
        }
    }

    /// The id of the question about a call of this tool with this input, if there is one.
    async fn question(&mut self, tool: &str, input: &str) -> Option<String> {
        if self.questions.is_none() {
            let agent = self.agent.map(str::to_owned);
            // Only the operator may know them; others read the session all the same.
            self.questions = Some(self.host.list(agent, false).await.unwrap_or_default());
        }
        let input: Option<Value> = serde_json::from_str(input).ok();
        let is_asked = |question: &&ApprovalEntry| {
            question.session == self.session
                && question.tool == tool
                && serde_json::from_str(&question.arguments).ok() == input
        };
        let questions = self.questions.iter().flatten();
        { questions }.find(is_asked).map(|asked| asked.id.clone())
    }
}

/// A message as a person reads it: the parts of an answer one after the other.
async fn print(message: &Message, waiting: &mut Waiting<'_>) {
    console::spans(&[(
        Style::Dim,
        &format!("{} · {}", message.role, console::when(message.created_at)),
    )]);
    let Some(parts) = parts(message) else {
        return words(&message.content, Fence::model);
    };
    print_parts(&parts, waiting).await;
    if let Some(note) = note(message) {
        console::spans(&[(Style::Dim, &note)]);
    }
}

/// The sentence about an answer that did not come to its end.
fn note(message: &Message) -> Option<String> {
    let detail = ForeignText::line(&message.stop_detail);
    match message.state.as_str() {
        "running" => Some("· the turn runs".to_owned()),
        "interrupted" => Some(format!("· interrupted: {detail}")),
        _ if message.stop_detail.is_empty() => None,
        _ => Some(format!("· {}: {detail}", message.stop_reason)),
    }
}

async fn print_parts(parts: &[Value], waiting: &mut Waiting<'_>) {
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
        match text("state").as_str() {
            "interrupted" => {
                console::spans(&[(Style::Dim, "· the call was interrupted")]);
                continue;
            }
            "input-available" => {
                let question = waiting.question(&text("name"), &text("input")).await;
                let note = match question {
                    Some(id) => format!("· waits for an approval: `cofferdam approvals show {id}`"),
                    None => "· the call runs".to_owned(),
                };
                console::spans(&[(Style::Dim, &note)]);
                continue;
            }
            _ => {}
        }
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
