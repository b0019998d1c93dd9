//! The line editor of a conversation: keys, history, completion and messages of several lines. It
//! draws the line that is being edited, and nothing else.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::path::PathBuf;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Behavior, CompletionType, Config, Context, Editor, Helper};

use super::continuation::{ends_in_backslash, goes_on, joined};
use super::history::{MAX_MESSAGE, MOST_MESSAGES};
use super::slash::COMMANDS;
use crate::error::Failure;

/// A terminal on which lines are edited.
pub(super) struct LineEditor {
    editor: Editor<Assistant, FileHistory>,
    history: PathBuf,
}

/// The end of an edited line.
#[derive(Debug)]
pub(super) enum Edited {
    /// A message, of one line or more.
    Message(String),
    /// Ctrl-C on a line with text in it.
    Cleared,
    /// Ctrl-C on an empty line.
    Interrupted,
    /// Ctrl-D on an empty line, or the end of the input.
    End,
}

/// The editor's view of a conversation.
#[derive(Debug, Default)]
struct Assistant {
    /// Sessions that can be completed.
    sessions: Vec<String>,
    /// True if the line that is being edited has text in it.
    is_typed: Cell<bool>,
    /// The texts of the present message that went on with a `\`.
    begun: RefCell<Vec<String>>,
}

impl LineEditor {
    /// Opens the terminal, with the history of this file. A file that cannot be read is an empty
    /// history.
    pub(super) fn open(history: PathBuf) -> Result<Self, Failure> {
        // Editing needs a terminal on both sides; the result may go elsewhere.
        let behavior = if std::io::stdout().is_terminal() {
            Behavior::Stdio
        } else {
            Behavior::PreferTerm
        };
        let config = Config::builder()
            .max_history_size(MOST_MESSAGES)
            .map_err(wrong)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .behavior(behavior)
            .build();
        let mut editor = Editor::with_config(config).map_err(wrong)?;
        editor.set_helper(Some(Assistant::default()));
        let _ = editor.load_history(&history);
        Ok(Self { editor, history })
    }

    /// Reads a message, and keeps it in the history. It waits for keys, so it needs a thread that
    /// may wait.
    pub(super) fn read(&mut self, prompt: &str) -> Result<Edited, Failure> {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.is_typed.set(false);
            assistant.begun.borrow_mut().clear();
        }
        match self.editor.readline(prompt) {
            Ok(text) => {
                let text = self.editor.helper().map_or_else(
                    || text.clone(),
                    |assistant| joined(&text, &assistant.begun.borrow()),
                );
                self.keep(&text);
                Ok(Edited::Message(text))
            }
            Err(ReadlineError::Eof) => Ok(Edited::End),
            Err(ReadlineError::Interrupted) => {
                let typed = self.editor.helper().map(|assistant| &assistant.is_typed);
                Ok(if typed.is_some_and(Cell::get) {
                    Edited::Cleared
                } else {
                    Edited::Interrupted
                })
            }
            Err(error) => Err(wrong(error)),
        }
    }

    /// Offers these sessions to be completed.
    pub(super) fn offer(&mut self, sessions: Vec<String>) {
        if let Some(assistant) = self.editor.helper_mut() {
            assistant.sessions = sessions;
        }
    }

    /// Keeps a message in the history. A disk that is full keeps nobody from talking.
    fn keep(&mut self, message: &str) {
        if message.trim().is_empty() || message.len() > MAX_MESSAGE {
            return;
        }
        let _ = self.editor.add_history_entry(message);
        let _ = self.editor.append_history(&self.history);
    }
}

fn wrong(error: ReadlineError) -> Failure {
    Failure::work(format!("the terminal cannot be read: {error}"))
}

// === impl Assistant ===

impl Helper for Assistant {}

impl Highlighter for Assistant {}

impl Hinter for Assistant {
    type Hint = String;

    /// Shows nothing, and notes whether there is text.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.is_typed.set(!line.is_empty());
        None
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        if !goes_on(text) {
            return Ok(ValidationResult::Valid(None));
        }
        if ends_in_backslash(text) {
            self.begun.borrow_mut().push(text.to_owned());
        }
        Ok(ValidationResult::Incomplete)
    }
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        place: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        const SESSION: &str = "/session ";
        let typed = line.get(..place).unwrap_or_default();
        if let Some(argument) = typed.strip_prefix(SESSION) {
            let words = ["ls", "new"].map(str::to_owned);
            let names = words.into_iter().chain(self.sessions.iter().cloned());
            let names = names.filter(|name| name.starts_with(argument));
            return Ok((SESSION.len(), names.collect()));
        }
        let commands = COMMANDS.iter().map(|command| format!("/{}", command.name));
        let begun = |command: &String| typed.starts_with('/') && command.starts_with(typed);
        Ok((0, commands.filter(begun).collect()))
    }
}
