//! `cofferdam chat`: one prompt, or a conversation line by line.

use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

use clap::Args;
use cofferdam_server::ChatEvent;

use crate::connect::connect;
use crate::console::{self, Format, Style};
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Name or id of the agent
    pub(crate) agent: String,

    /// What to say; without it, standard input is read: a whole prompt from a pipe, line by line on
    /// a terminal
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Vec<String>,

    /// Go on with this session [default: a new one]
    #[arg(long, short, value_name = "ID")]
    pub(crate) session: Option<String>,

    /// How to print: json gives one event on each line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// The longest prompt that is read from standard input, in bytes (1 MiB): what a host takes.
const MAX_PROMPT: u64 = 1 << 20;

pub(crate) async fn run(chat: Chat, data: &Path) -> Result<(), Failure> {
    let Chat {
        agent,
        prompt,
        session,
        format,
    } = chat;
    let session = session.unwrap_or_else(|| format!("cli:chat:{}", uuid::Uuid::new_v4()));
    if !prompt.is_empty() {
        return turn(&agent, &session, prompt.join(" "), format, data).await;
    }
    if std::io::stdin().is_terminal() {
        return converse(&agent, &session, format, data).await;
    }
    turn(&agent, &session, whole_input()?, format, data).await
}

/// A prompt from a pipe or a file.
fn whole_input() -> Result<String, Failure> {
    let mut prompt = Vec::new();
    let wrong = |error: std::io::Error| Failure::work(format!("standard input: {error}"));
    std::io::stdin()
        .take(MAX_PROMPT + 1)
        .read_to_end(&mut prompt)
        .map_err(wrong)?;
    if prompt.len() as u64 > MAX_PROMPT {
        let advice = "put long text into a file in /workspace";
        return Err(Failure::usage(format!(
            "the prompt has more than {MAX_PROMPT} bytes, the most there may be: {advice}"
        )));
    }
    String::from_utf8(prompt).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Failure::usage(format!(
            "the prompt is not valid UTF-8 at byte {place}: write it in UTF-8"
        ))
    })
}

async fn converse(agent: &str, session: &str, format: Format, data: &Path) -> Result<(), Failure> {
    console::note(&format!(
        "session {session} — an empty line or Ctrl-D ends it"
    ));
    loop {
        console::piece(&format!("{agent}> "));
        let mut prompt = String::new();
        let mut input = std::io::stdin().lock().take(MAX_PROMPT);
        input
            .read_line(&mut prompt)
            .map_err(|error| Failure::work(format!("standard input: {error}")))?;
        if prompt.trim().is_empty() {
            return Ok(());
        }
        // A failed turn does not end the conversation.
        if let Err(failure) = turn(agent, session, prompt, format, data).await {
            console::report(&failure);
        }
    }
}

async fn turn(
    agent: &str,
    session: &str,
    prompt: String,
    format: Format,
    data: &Path,
) -> Result<(), Failure> {
    let mut events = connect(data).await?.chat(agent, session, prompt).await?;
    let mut printer = Printer::default();
    while let Some(event) = events.next().await? {
        match format {
            Format::Json => console::json(&event)?,
            Format::Table => printer.print(&event),
        }
    }
    Ok(())
}

/// Prints a turn as it happens.
#[derive(Debug, Default)]
struct Printer {
    /// True if text stands on the line that is being written.
    in_line: bool,
}

impl Printer {
    fn print(&mut self, event: &ChatEvent) {
        match event.kind.as_str() {
            "step.start" if event.step > 0 => {
                self.end_line();
                console::spans(&[(Style::Dim, &format!("· step {}", event.step + 1))]);
            }
            "text.delta" => {
                console::piece(&event.content);
                self.in_line = !event.content.ends_with('\n');
            }
            "tool.call" => {
                self.end_line();
                console::content(&format!("→ {} {}", event.tool, event.content));
            }
            "tool.result" => {
                self.end_line();
                console::piece(&format!("← {} ", event.content.trim_end()));
                console::spans(&[(Style::Dim, &format!("({} ms)", event.duration_ms))]);
            }
            "step.finish" | "message.create" => self.end_line(),
            _ => {}
        }
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.in_line) {
            console::piece("\n");
        }
    }
}
