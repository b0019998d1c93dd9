//! `cofferdam chat`: one prompt, or a conversation on a terminal.

mod asker;
mod continuation;
mod conversation;
mod cost;
mod editor;
mod existing;
mod history;
mod printer;
mod question;
mod running;
mod slash;

use std::io::{IsTerminal, Read};
use std::path::Path;

use clap::Args;

use self::asker::Asker;
pub(crate) use self::history::forget as forget_history;
use crate::connect::connect;
use crate::console::Format;
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Name or id of the agent
    pub(crate) agent: String,

    /// The prompt; without it, standard input is read: a whole prompt from a pipe, a conversation
    /// on a terminal
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Vec<String>,

    /// Go on with this session, one of `cofferdam sessions ls` [default: a new one]
    #[arg(long, short, value_name = "ID")]
    pub(crate) session: Option<String>,

    /// Begin the session that --session names, if there is none of this id
    #[arg(long)]
    pub(crate) new: bool,

    /// Let the turn go on when this command ends before it; `cofferdam sessions follow` tells more
    /// of it, and `cofferdam sessions cancel` ends it
    #[arg(long)]
    pub(crate) detach: bool,

    /// Format of the output: json gives one event on each line
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
        new,
        detach,
        format,
    } = chat;
    if session.as_deref() == Some("") {
        return Err(Failure::usage(
            "--session is empty: name a session, or leave it out for a new one",
        ));
    }
    if let (Some(session), false) = (&session, new) {
        let client = connect(data).await?;
        existing::check(&client, &agent, session, "`--new` begins it").await?;
    }
    let asker = Asker {
        agent,
        session: session.unwrap_or_else(conversation::new_session),
        detach,
        format,
        data: data.to_owned(),
    };
    if prompt.is_empty() && std::io::stdin().is_terminal() {
        return conversation::converse(asker).await;
    }
    let prompt = match prompt.as_slice() {
        [] => whole_input()?,
        words => words.join(" "),
    };
    asker.ask(prompt).await?.failure.map_or(Ok(()), Err)
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
