//! The commands of a conversation: lines that begin with `/` and are not for the model.

use crate::nearest::nearest;

/// The commands with their arguments, and what each does.
pub(super) const COMMANDS: [SlashHelp; 7] = [
    row(
        "session",
        "[ls|NAME|new]",
        "show, list, take up or begin a session",
    ),
    row("tools", "", "list the tools of the agent"),
    row(
        "cost",
        "",
        "show tokens, calls, fuel and seconds of this chat",
    ),
    row(
        "cancel",
        "",
        "cancel a turn of this session that runs elsewhere, or was left",
    ),
    row(
        "compact",
        "",
        "let a summary stand for the older messages of this session",
    ),
    row("help", "", "show this list"),
    row("quit", "", "end the chat, as Ctrl-D does"),
];

/// Further lines of `/help`.
pub(super) const KEYS: [&str; 5] = [
    "Ctrl-C cancels a turn that runs; at the prompt it clears the line, and ends the chat on an \
     empty one, twice",
    "a line that ends in \\ goes on below, and so does text in an open ``` fence, which three \
     empty lines close",
    "a pasted text is one message; arrows edit it, Ctrl-R searches the history",
    "a message that begins with a space is not kept in the history, and is no command",
    "Tab completes commands and sessions",
];

/// A command in the help.
#[derive(Debug)]
pub(super) struct SlashHelp {
    /// The name, without its slash.
    pub(super) name: &'static str,
    /// The arguments, as they are written in a usage.
    pub(super) arguments: &'static str,
    /// The effect.
    pub(super) effect: &'static str,
}

const fn row(name: &'static str, arguments: &'static str, effect: &'static str) -> SlashHelp {
    SlashHelp {
        name,
        arguments,
        effect,
    }
}

/// A command of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slash {
    /// Show the session.
    Session,
    /// List the sessions of the agent.
    Sessions,
    /// Take up another session.
    Switch(String),
    /// Begin a new session.
    NewSession,
    /// List the tools of the agent.
    Tools,
    /// Show the cost of the turns.
    Cost,
    /// Cancel the turns of the session.
    Cancel,
    /// Let a summary stand for older messages.
    Compact,
    /// List the commands.
    Help,
    /// End the conversation.
    Quit,
}

/// A line of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A prompt for the model.
    Prompt,
    /// A command.
    Command(Slash),
    /// Looks like a command and is none: the sentence about it.
    Mistake(String),
}

/// Reads a line. A command is a slash and letters, with nothing before it and on one line alone, so
/// that a path or a pasted text is a prompt.
pub(super) fn read(line: &str) -> Line {
    let Some(written) = line.strip_prefix('/') else {
        return Line::Prompt;
    };
    let written = written.trim_end();
    let (name, argument) = written.split_once(' ').unwrap_or((written, ""));
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic());
    if !is_word || written.contains('\n') {
        return Line::Prompt;
    }
    command(name, argument.trim()).map_or_else(Line::Mistake, Line::Command)
}

fn command(name: &str, argument: &str) -> Result<Slash, String> {
    let command = match name {
        "session" => {
            return Ok(match argument {
                "" => Slash::Session,
                "ls" => Slash::Sessions,
                "new" => Slash::NewSession,
                id => Slash::Switch(id.to_owned()),
            });
        }
        "tools" => Slash::Tools,
        "cost" => Slash::Cost,
        "cancel" => Slash::Cancel,
        "compact" => Slash::Compact,
        "help" => Slash::Help,
        "quit" | "exit" => Slash::Quit,
        _ => return Err(unknown(name)),
    };
    if argument.is_empty() {
        return Ok(command);
    }
    Err(format!(
        "/{name} takes no argument: leave `{argument}` out, or begin the line with a space to send \
         it"
    ))
}

fn unknown(name: &str) -> String {
    let advice = match nearest(name, COMMANDS.iter().map(|command| command.name)) {
        Some(near) => format!("did you mean /{near}?"),
        None => "/help lists the commands".to_owned(),
    };
    format!("there is no command /{name}: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_word_after_a_slash() {
        assert_eq!(read("/quit"), Line::Command(Slash::Quit));
        assert_eq!(read("/session ls "), Line::Command(Slash::Sessions));
        let named = Slash::Switch("my notes".to_owned());
        assert_eq!(read("/session my notes"), Line::Command(named));
        for prompt in [
            "hi",
            " /quit",
            "/etc/hosts is what?",
            "/quit\nnow",
            "/",
            "//",
        ] {
            assert_eq!(read(prompt), Line::Prompt, "{prompt}");
        }
    }

    #[test]
    fn a_mistake_names_the_nearest_command() {
        let mistake = |line| match read(line) {
            Line::Mistake(sentence) => sentence,
            other => panic!("{line} is {other:?}"),
        };
        assert_eq!(
            mistake("/tols"),
            "there is no command /tols: did you mean /tools?"
        );
        assert!(mistake("/frobnicate").ends_with("/help lists the commands"));
        assert!(mistake("/cost now").starts_with("/cost takes no argument"));
    }

    #[test]
    fn every_command_of_the_help_is_one() {
        for command in COMMANDS {
            let line = format!("/{}", command.name);
            assert!(matches!(read(&line), Line::Command(_)), "{line}");
        }
    }
}
