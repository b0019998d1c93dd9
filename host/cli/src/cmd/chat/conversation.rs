//! A conversation on a terminal: messages, commands, and turns one after the other.

use std::time::Duration;

use cofferdam_capability::ForeignText;
use cofferdam_server::{SessionEntry, cancel_turns, compact_session, list_tools};
use futures_util::FutureExt;

use super::asker::Asker;
use super::cost::Cost;
use super::editor::{Edited, LineEditor};
use super::slash::{self, COMMANDS, KEYS, Slash};
use super::{existing, history};
use crate::connect::{connect, connect_within};
use crate::console;
use crate::error::Failure;
use crate::signals;

/// Sessions that can be completed: the newest ones.
const MOST_OFFERED: usize = 100;

/// The longest time for which a summary is waited for: a model may take five minutes for it.
const SUMMARY: Duration = Duration::from_secs(6 * 60);

/// The words after Ctrl-C on an empty line.
const ONCE_MORE: &str = "Ctrl-C once more, or Ctrl-D, ends the chat";

/// A conversation under way.
struct Conversation {
    asker: Asker,
    cost: Cost,
    /// Sessions that can be completed.
    sessions: Vec<String>,
}

/// Talks until the user ends it. A failed turn does not.
pub(super) async fn converse(asker: Asker) -> Result<(), Failure> {
    let client = connect(&asker.data).await?;
    let agent = client.agent(Some(&asker.agent)).await?;
    let mut editor = LineEditor::open(history::file(&asker.data, &agent.id)?)?;
    let session = &asker.session;
    console::note(&format!(
        "session {session} — /help lists the commands, Ctrl-D ends it"
    ));
    let prompt = format!("{}> ", agent.name);
    let mut conversation = Conversation {
        asker: Asker {
            agent: agent.name,
            ..asker
        },
        cost: Cost::default(),
        sessions: Vec::new(),
    };
    let mut was_interrupted = false;
    let mut interrupts = signals::interrupt()?;
    loop {
        // Those of the turn before are told already.
        while interrupts.recv().now_or_never().is_some() {}
        let mut reading = Box::pin(keys(editor, prompt.clone()));
        let Keys { back, edited } = loop {
            tokio::select! {
                read = &mut reading => break read?,
                // Ctrl-C is a key while a line is edited, and a signal before it is.
                _ = interrupts.recv() => {
                    was_interrupted = true;
                    console::note(ONCE_MORE);
                }
            }
        };
        editor = back;
        match edited? {
            Edited::End => return Ok(()),
            Edited::Interrupted if was_interrupted => return Ok(()),
            Edited::Interrupted => {
                was_interrupted = true;
                console::note(ONCE_MORE);
                continue;
            }
            Edited::Cleared => {}
            Edited::Message(message) => {
                if conversation.take(message).await {
                    return Ok(());
                }
                editor.offer(conversation.sessions.clone());
            }
        }
        was_interrupted = false;
    }
}

/// An editor that has read a line.
struct Keys {
    back: LineEditor,
    edited: Result<Edited, Failure>,
}

/// Reads a line on a thread that may wait for keys.
async fn keys(mut editor: LineEditor, prompt: String) -> Result<Keys, Failure> {
    let read = move || {
        let edited = editor.read(&prompt);
        Keys {
            back: editor,
            edited,
        }
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(Failure::work)
}

impl Conversation {
    /// Takes a message or a command. Returns true if it ends the conversation.
    async fn take(&mut self, message: String) -> bool {
        let done = match slash::read(&message) {
            slash::Line::Prompt if message.trim().is_empty() => Ok(()),
            slash::Line::Prompt => self.ask(message).await,
            slash::Line::Mistake(sentence) => Err(Failure::usage(sentence)),
            slash::Line::Command(Slash::Quit) => return true,
            slash::Line::Command(command) => self.command(command).await,
        };
        if let Err(failure) = done {
            console::report(&failure);
        }
        false
    }

    async fn ask(&mut self, prompt: String) -> Result<(), Failure> {
        let turned = self.asker.ask(prompt).await?;
        if let Some(usage) = turned.usage {
            self.cost.add(usage);
        }
        turned.failure.map_or(Ok(()), Err)
    }

    async fn command(&mut self, command: Slash) -> Result<(), Failure> {
        match command {
            Slash::Session => console::line(format!("session {}", self.asker.session)),
            Slash::Sessions => self.list_sessions().await?,
            Slash::Switch(session) => {
                let client = connect(&self.asker.data).await?;
                let new = "`/session new` begins one";
                existing::check(&client, &self.asker.agent, &session, new).await?;
                self.switch(session);
            }
            Slash::NewSession => self.switch(new_session()),
            Slash::Tools => self.list_tools().await?,
            Slash::Cost => self.cost.lines().iter().for_each(console::line),
            Slash::Cancel => self.cancel().await?,
            Slash::Compact => self.compact().await?,
            Slash::Help => help(),
            // The conversation is over before.
            Slash::Quit => {}
        }
        Ok(())
    }

    fn switch(&mut self, session: String) {
        console::line(format!("session {session}"));
        self.asker.session = session;
    }

    async fn list_sessions(&mut self) -> Result<(), Failure> {
        let client = connect(&self.asker.data).await?;
        let sessions = client.sessions(Some(&self.asker.agent)).await?;
        let plain =
            |session: &&SessionEntry| ForeignText::line(&session.id).to_string() == session.id;
        let offered = sessions.iter().filter(plain).take(MOST_OFFERED);
        self.sessions = offered.map(|session| session.id.clone()).collect();
        if sessions.is_empty() {
            console::line("no session yet");
            return Ok(());
        }
        crate::cmd::sessions::print_list(sessions);
        Ok(())
    }

    async fn list_tools(&self) -> Result<(), Failure> {
        let client = connect(&self.asker.data).await?;
        let tools = list_tools(&client, &self.asker.agent).await?;
        if tools.is_empty() {
            console::line("the agent has no tools");
            return Ok(());
        }
        let rows = tools.into_iter().map(|tool| {
            let summary = tool
                .description
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            vec![tool.name, summary]
        });
        console::table(&["tool", "does"], rows.collect());
        Ok(())
    }

    async fn cancel(&self) -> Result<(), Failure> {
        let Asker { agent, session, .. } = &self.asker;
        let client = connect(&self.asker.data).await?;
        if cancel_turns(&client, Some(agent), session.clone()).await? {
            console::line("cancelled");
        } else {
            console::line("no turn of this session runs");
        }
        Ok(())
    }

    async fn compact(&self) -> Result<(), Failure> {
        let Asker { agent, session, .. } = &self.asker;
        let client = connect_within(&self.asker.data, SUMMARY).await?;
        match compact_session(&client, Some(agent), session.clone()).await? {
            0 => console::line("the session is too short for a summary"),
            messages => console::line(format!(
                "a summary stands for {messages} messages from now on; `/session` and \
                 `cofferdam sessions show` have them all the same"
            )),
        }
        Ok(())
    }
}

/// The id of a session that nobody has named.
pub(super) fn new_session() -> String {
    format!("cli:chat:{}", uuid::Uuid::new_v4())
}

fn help() {
    let rows = COMMANDS.iter().map(|command| {
        let written = format!("/{} {}", command.name, command.arguments);
        vec![written.trim_end().to_owned(), command.effect.to_owned()]
    });
    console::table(&["command", "does"], rows.collect());
    KEYS.iter().for_each(console::line);
}
