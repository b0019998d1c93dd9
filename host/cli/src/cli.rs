//! The command line: its commands. The arguments of each stand beside it in `cmd`.

use std::ffi::OsString;
use std::net::AddrParseError;
use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;

use clap::builder::Styles;
use clap::{ColorChoice, CommandFactory, Parser, Subcommand};

use crate::args::Listing;
use crate::cmd::approvals::Approvals;
use crate::cmd::audit::Audit;
use crate::cmd::chat::Chat;
use crate::cmd::completions::{Completions, Man};
use crate::cmd::config::ConfigCommand;
use crate::cmd::image::Image;
use crate::cmd::inspect::Inspect;
use crate::cmd::logs::Logs;
use crate::cmd::mcp::Mcp;
use crate::cmd::models::Models;
use crate::cmd::operate::{AgentNames, Removal};
use crate::cmd::policy::Policy;
use crate::cmd::prompt::Prompt;
use crate::cmd::provider::Provider;
use crate::cmd::review::Review;
use crate::cmd::run::Run;
use crate::cmd::runtime::{AsTyped, Runtime, as_typed};
use crate::cmd::schema::Schema;
use crate::cmd::secret::Secret;
use crate::cmd::selftest::Selftest;
use crate::cmd::serve::Serve;
use crate::cmd::sessions::Sessions;
use crate::cmd::stats::Stats;
use crate::cmd::token::Token;
use crate::cmd::tool::Tool;
use crate::console;
use crate::error::{EXIT_CODES, Failure};

/// Hosts AI agents whose tools run in a sandbox they cannot escape from.
#[derive(Debug, Parser)]
// The name in the usage is not that of argv, and help names variables without their values: both
// come from outside.
#[command(
    name = "cofferdam",
    bin_name = "cofferdam",
    version,
    max_term_width = 100,
    after_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Where agents, sessions and compiled code are kept [default: $XDG_DATA_HOME/cofferdam]
    #[arg(
        long,
        global = true,
        env = "COFFERDAM_DATA_DIR",
        hide_env_values = true,
        value_name = "DIR"
    )]
    pub(crate) data_dir: Option<PathBuf>,

    /// The configuration [default: cofferdam.toml in the data directory, if it is there]
    #[arg(
        long,
        global = true,
        env = "COFFERDAM_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the host.
    Serve(Serve),
    /// Make an agent from an image or an Agentfile, and start it.
    Run(Run),
    /// List the agents of the host.
    Ps(Listing),
    /// Start agents that are stopped or have failed.
    Start(AgentNames),
    /// Stop agents: their turns end, and they stay stopped until they are started.
    Stop(AgentNames),
    /// Stop agents that run, and start them.
    Restart(AgentNames),
    /// Remove agents with their workspaces and sessions.
    Rm(Removal),
    /// Show everything about an agent.
    Inspect(Inspect),
    /// Show what the tools of agents used since these were started.
    Stats(Stats),
    /// Show what an agent did: its turns, its tool calls, what became of it.
    Logs(Logs),
    /// Look at the audit trail: a line for every call of a tool, allowed or not.
    #[command(subcommand)]
    Audit(Audit),
    /// Talk to an agent: one prompt, or a conversation.
    Chat(Chat),
    /// Ask the model of an agent for one answer that fits a JSON Schema.
    Prompt(Prompt),
    /// Look at what was said.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Build, run, look at and ship tools.
    #[command(subcommand)]
    Tool(Tool),
    /// Serve tools to editors and desktop assistants over the Model Context Protocol.
    Mcp(Mcp),
    /// Build, look at and ship images of agents, and look after all images on this machine.
    #[command(subcommand)]
    Image(Image),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the JSON Schema of a file that you write, for your editor.
    Schema(Schema),
    /// Look after the model providers and their keys.
    #[command(subcommand)]
    Provider(Provider),
    /// Look at the models that agents can name.
    #[command(subcommand)]
    Models(Models),
    /// Stand in for the runtime of one agent that an executor of openotters starts.
    #[command(subcommand)]
    Runtime(Runtime),
    /// Look at the policies that decide about calls, and write them.
    #[command(subcommand)]
    Policy(Policy),
    /// Show on one page what a tool or an agent could do, what has changed since, and decide about
    /// it.
    Review(Review),
    /// Decide about calls that wait for a person.
    #[command(subcommand)]
    Approvals(Approvals),
    /// Look after the tokens with which others than the operator reach the host.
    #[command(subcommand)]
    Token(Token),
    /// Look after the secrets that the host puts into requests of tools.
    #[command(subcommand)]
    Secret(Secret),
    /// Print what makes a shell complete command lines of this program.
    Completions(Completions),
    /// Write manual pages, one for each command.
    Man(Man),
    /// Run hostile programs against this very binary, and see every limit hold on this machine.
    Selftest(Selftest),
}

impl Command {
    /// The part of the log that is seen where the operator has not chosen another. Everything that
    /// runs a component before it is called says so.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Runtime(_) => "info",
            Self::Mcp(_) => "warn,cofferdam::listing=info",
            Self::Tool(Tool::Inspect(_)) | Self::Image(Image::Inspect(_)) => {
                "error,cofferdam::listing=info"
            }
            Self::Review(_) => "error,cofferdam::listing=info",
            _ => "error",
        }
    }

    /// Returns true for a command that may run tools, for which there are threads of their own.
    pub(crate) fn runs_tools(&self) -> bool {
        matches!(
            self,
            Self::Serve(_)
                | Self::Runtime(_)
                | Self::Mcp(_)
                | Self::Tool(_)
                | Self::Review(_)
                | Self::Image(Image::Inspect(_))
        )
    }

    /// Returns true for a process that others use while it runs: none of them may wait for the
    /// reader of its log.
    pub(crate) fn serves_others(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Runtime(_) | Self::Mcp(_))
    }
}

/// Reads the command line. Help and version are printed and end the process; what is wrong comes
/// back.
pub(crate) fn parse() -> Result<Cli, Failure> {
    for (place, argument) in std::env::args_os().enumerate() {
        if argument.to_str().is_none() {
            let shown = argument.to_string_lossy();
            return Err(Failure::usage(format!(
                "argument {place}, `{shown}`, is not valid UTF-8: write it in UTF-8"
            )));
        }
    }
    let AsTyped { arguments, ignored } = as_typed(std::env::args_os());
    let cli = Cli::try_parse_from(&arguments).map_err(|error| refused(error, &arguments))?;
    if !ignored.is_empty() {
        console::note(&format!(
            "note: {} of EXEC mean nothing to this runtime",
            ignored.join(", ")
        ));
    }
    Ok(cli)
}

/// Shows what is wrong with the command line. The library's own words repeat what was written, also
/// what came from variables, so they are text from outside.
fn refused(error: clap::Error, arguments: &[OsString]) -> Failure {
    use clap::error::ErrorKind as K;
    if matches!(
        error.kind(),
        K::DisplayHelp | K::DisplayVersion | K::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        error.exit();
    }
    // Without colour, so that every escape sequence left in it was written by somebody else; and
    // without variables, because a usage line names what they set as if it had to be written.
    let plain = without_variables(Cli::command())
        .styles(Styles::plain())
        .color(ColorChoice::Never)
        .try_get_matches_from(arguments);
    let error = plain.err().unwrap_or(error);
    console::complain_in_lines(&in_our_words(&error, error.render().ansi().to_string()));
    Failure::usage("")
}

/// The text of an error with our words in place of those of a parser, which say what it met and not
/// what would be right.
fn in_our_words(error: &clap::Error, text: String) -> String {
    let Some(source) = std::error::Error::source(error) else {
        return text;
    };
    let ours = if let Some(number) = source.downcast_ref::<ParseIntError>() {
        match number.kind() {
            IntErrorKind::PosOverflow => "expected a smaller number",
            _ => "expected a whole number",
        }
    } else if source.is::<AddrParseError>() {
        "expected an address and a port, such as 127.0.0.1:7420"
    } else if source.is::<humantime::DurationError>() {
        "expected a time, such as 12h or 30d"
    } else {
        return text;
    };
    match text.rsplit_once(&source.to_string()) {
        Some((before, after)) => format!("{before}{ours}{after}"),
        None => text,
    }
}

/// The same command, which reads no variable.
fn without_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| argument.env(None::<&'static str>))
        .mut_subcommands(without_variables)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Commands without `--format`: they print no table and no answer, or one form of it alone.
    const OF_ONE_FORM: &[&str] = &[
        // Run until they are asked to end, and log.
        "mcp",
        "runtime serve",
        "serve",
        "tool dev",
        // Print files for other programs.
        "completions",
        "man",
        "policy schema",
        "schema",
        // Print JSON, or JSON lines.
        "prompt",
        "review export",
        "sessions export",
        "sessions follow",
        // Change something, and print at most its name.
        "approvals approve",
        "approvals deny",
        "image fmt",
        "policy init",
        "provider add",
        "provider rm",
        "secret rm",
        "secret set",
        "sessions cancel",
        "sessions import",
        "sessions rename",
        "sessions rm",
        "tool new",
    ];

    /// The commands that do something, by their names.
    fn leaves(command: &clap::Command, name: &str, found: &mut Vec<(String, bool)>) {
        let mut subcommands = command.get_subcommands().peekable();
        if subcommands.peek().is_none() {
            let has_format = command
                .get_arguments()
                .any(|argument| argument.get_id() == "format");
            found.push((name.to_owned(), has_format));
        }
        for subcommand in subcommands {
            let below = format!("{name} {}", subcommand.get_name());
            leaves(subcommand, below.trim_start(), found);
        }
    }

    #[test]
    fn a_wrong_value_is_told_in_our_words() {
        for (line, expected) in [
            ("logs a --tail x", "expected a whole number"),
            ("serve --listen 7420", "expected an address and a port"),
            (
                "review approve a --reason b --expires banana",
                "expected a time",
            ),
        ] {
            let line = std::iter::once("cofferdam").chain(line.split(' '));
            let error = Cli::try_parse_from(line).unwrap_err();
            let text = in_our_words(&error, error.render().to_string());
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn a_usage_line_names_no_flag_that_a_variable_sets() {
        let command = without_variables(Cli::command());
        let mut open = vec![&command];
        while let Some(command) = open.pop() {
            let mut arguments = command.get_arguments();
            assert!(arguments.all(|argument| argument.get_env().is_none()));
            open.extend(command.get_subcommands());
        }
    }

    #[test]
    fn every_command_with_an_answer_has_it_as_json() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        let without = found.iter().filter(|(_, has_format)| !has_format);
        let without: BTreeSet<_> = without.map(|(name, _)| name.as_str()).collect();
        assert_eq!(without, OF_ONE_FORM.iter().copied().collect());
    }
}
