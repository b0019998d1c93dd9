//! `cofferdam chat`: one prompt, or a conversation line by line.

use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

use clap::Args;
use cofferdam_server::{ChatEvent, NewTurn, start_turn};

use crate::connect::connect;
use crate::console::{self, Format, Style};
use crate::error::Failure;
use crate::fence::Fence;

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

    /// Let the turn go on when this command ends before it; `cofferdam sessions follow` tells more
    /// of it, and `cofferdam sessions cancel` ends it
    #[arg(long)]
    pub(crate) detach: bool,

    /// Format of the output: json gives one event on each line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// The session that prompts go to, and the tie to their turns.
#[derive(Debug)]
struct Asker {
    agent: String,
    session: String,
    detach: bool,
}

/// The longest prompt that is read from standard input, in bytes (1 MiB): what a host takes.
const MAX_PROMPT: u64 = 1 << 20;

pub(crate) async fn run(chat: Chat, data: &Path) -> Result<(), Failure> {
    let Chat {
        agent,
        prompt,
        session,
        detach,
        format,
    } = chat;
    if session.as_deref() == Some("") {
        return Err(Failure::usage(
            "--session is empty: name a session, or leave it out for a new one",
        ));
    }
    let session = session.unwrap_or_else(|| format!("cli:chat:{}", uuid::Uuid::new_v4()));
    let asker = Asker {
        agent,
        session,
        detach,
    };
    if !prompt.is_empty() {
        return turn(&asker, prompt.join(" "), format, data).await;
    }
    if std::io::stdin().is_terminal() {
        return converse(&asker, format, data).await;
    }
    turn(&asker, whole_input()?, format, data).await
}

/// A prompt from a pipe or a file.
pub(super) fn whole_input() -> Result<String, Failure> {
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

async fn converse(asker: &Asker, format: Format, data: &Path) -> Result<(), Failure> {
    let Asker { agent, session, .. } = asker;
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
        if let Err(failure) = turn(asker, prompt, format, data).await {
            console::report(&failure);
        }
    }
}

async fn turn(asker: &Asker, prompt: String, format: Format, data: &Path) -> Result<(), Failure> {
    let Asker {
        agent,
        session,
        detach,
    } = asker;
    let turn = NewTurn {
        session: session.clone(),
        prompt: Some(prompt),
        detach: *detach,
    };
    let mut events = start_turn(&connect(data).await?, agent, turn).await?;
    let mut printer = Printer::new(session);
    let mut ended = None;
    while let Some(event) = events.next().await? {
        match (format, event.kind.as_str()) {
            // Who asked knows the prompt.
            (_, "turn.start") => {}
            (Format::Json, _) => console::json(&event)?,
            (Format::Table, _) => printer.print(&event),
        }
        ended = Some(event);
    }
    early(ended.as_ref())
}

/// The failure of a turn that did not come to its end, by its last event.
fn early(ended: Option<&ChatEvent>) -> Result<(), Failure> {
    match ended {
        Some(end) if !end.stop_detail.is_empty() => Err(Failure::work(end.stop_detail.clone())),
        _ => Ok(()),
    }
}

/// Lines of a tool's answer that a terminal shows: most of a screen.
const SHOWN_LINES: usize = 24;

/// Prints a turn as it happens. On a terminal everything that a model or a tool says is marked, so
/// that only the host's own words begin at the left edge; a pipe gets it as it is.
#[derive(Debug)]
struct Printer<'a> {
    session: &'a str,
    /// True if text stands on the line that is being written.
    in_line: bool,
    /// The columns of the terminal, and the words of the model on it.
    terminal: Option<(usize, Fence)>,
}

impl<'a> Printer<'a> {
    fn new(session: &'a str) -> Self {
        let fenced = |columns| (columns, Fence::model(columns));
        Self {
            session,
            in_line: false,
            terminal: console::terminal().map(fenced),
        }
    }

    fn print(&mut self, event: &ChatEvent) {
        match event.kind.as_str() {
            "step.start" if event.step > 0 => {
                self.end_line();
                console::spans(&[(Style::Dim, &format!("· step {}", event.step))]);
            }
            "text.delta" => self.text(&event.content),
            "tool.call" => {
                self.end_line();
                console::call(&event.tool, &event.content);
            }
            "approval.requested" => {
                self.end_line();
                console::note(&format!(
                    "`{}` waits for an approval: `cofferdam approvals approve {}` or `… deny …`",
                    event.tool, event.approval
                ));
            }
            "tool.result" => {
                self.end_line();
                self.result(event);
            }
            "step.finish" | "message.create" | "turn.interrupted" => self.end_line(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match &mut self.terminal {
            Some((_, fence)) => console::fenced(&fence.text(text)),
            None => {
                console::piece(text);
                self.in_line = !text.ends_with('\n');
            }
        }
    }

    /// The answer of a tool: as much as a terminal shows, or all of it in a pipe.
    fn result(&self, event: &ChatEvent) {
        let content = event.content.trim_end();
        let took = format!("({} ms)", event.duration_ms);
        let Some((columns, _)) = self.terminal else {
            console::piece(&format!("← {content} "));
            return console::spans(&[(Style::Dim, &took)]);
        };
        console::spans(&[
            (Style::Plain, &format!("← {} ", event.tool)),
            (Style::Dim, &took),
        ]);
        let mut fence = Fence::guest(columns);
        let shown = fence.text(content) + fence.end();
        let lines = shown.lines().count();
        for line in shown.lines().take(SHOWN_LINES) {
            console::fenced(&format!("{line}\n"));
        }
        if let Some(more @ 1..) = lines.checked_sub(SHOWN_LINES) {
            console::line(format!(
                "… {more} more lines: `cofferdam sessions show {}` has them",
                self.session
            ));
        }
    }

    fn end_line(&mut self) {
        if let Some((_, fence)) = &mut self.terminal {
            console::fenced(fence.end());
        }
        if std::mem::take(&mut self.in_line) {
            console::piece("\n");
        }
    }
}
