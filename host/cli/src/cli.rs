//! The command line: what was written. What it means is in `cmd`.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand};

use crate::arguments::{Listing, Reach};
use crate::cmd::tool::Tool;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::offers::Offers;

/// Hosts AI agents whose tools run in a sandbox they cannot escape from.
#[derive(Debug, Parser)]
// The name in the usage is not that of argv, and help names variables without their values: both
// come from outside.
#[command(name = "cofferdam", bin_name = "cofferdam", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Where agents, sessions and compiled code are kept [default: $XDG_DATA_HOME/cofferdam]
    #[arg(long, global = true, env = "COFFERDAM_DATA_DIR", hide_env_values = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// The configuration [default: cofferdam.toml in the data directory, if it is there]
    #[arg(long, global = true, env = "COFFERDAM_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the host.
    Serve(Serve),
    /// Talk to an agent: one prompt, or a conversation line by line.
    Chat(Chat),
    /// List the agents of the host.
    Ps(Listing),
    /// Look at what was said.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Build, run, look at and ship tools.
    #[command(subcommand)]
    Tool(Tool),
    /// Serve tools to editors and desktop assistants over the Model Context Protocol.
    Mcp(Mcp),
    /// Look after the images on this machine.
    #[command(subcommand)]
    Image(Image),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(Config),
    /// Run hostile programs against this very binary, and see every limit hold on this machine.
    Selftest(Selftest),
}

impl Command {
    /// The part of the log that is seen where the operator has not chosen another. Everything that
    /// runs a component before it is called says so.
    pub(crate) fn log_level(&self) -> &'static str {
        match self {
            Self::Serve(_) => "info",
            Self::Mcp(_) => "warn,cofferdam::listing=info",
            Self::Tool(Tool::Inspect(_)) => "error,cofferdam::listing=info",
            _ => "error",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Also listen on this loopback address, for gRPC clients that send the operator's token; port 0 takes a free one
    #[arg(long, env = "COFFERDAM_LISTEN", hide_env_values = true, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,

    /// Make an agent from this Agentfile, or bring the one of its name up to date; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) agentfile: Vec<PathBuf>,

    /// Copy a file into an agent's /workspace before it starts, replacing one of its name; may be repeated
    #[arg(long, value_name = "AGENT:FILE")]
    pub(crate) copy_in: Vec<String>,

    /// Take this component for a BIN whose tag has moved to it, although it asks for more than the one in use; may be
    /// repeated
    #[arg(long, value_name = "AGENT:BIN@DIGEST")]
    pub(crate) accept: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// Name or id of the agent
    pub(crate) agent: String,

    /// What to say; without it, standard input is read: a whole prompt from a pipe, line by line on a terminal
    pub(crate) prompt: Vec<String>,

    /// Go on with this session [default: a new one]
    #[arg(long, short, value_name = "ID")]
    pub(crate) session: Option<String>,

    /// How to print: json gives one event on each line
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Selftest {
    /// Only the guests whose name begins so
    #[arg(value_name = "GUEST")]
    pub(crate) guests: Vec<String>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

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
        /// Id of the session
        session: String,
        /// Name or id of the agent; may be left out when there is only one
        #[arg(long)]
        agent: Option<String>,
        /// At most so many messages, the newest ones
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// Delete a session with everything said in it.
    Rm {
        /// Id of the session
        session: String,
        /// Name or id of the agent; may be left out when there is only one
        #[arg(long)]
        agent: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Remove what no image needs: blobs without a name, and what broken pulls have left.
    Prune(Listing),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Show every value that holds, and where it came from.
    Show(Listing),
}

#[derive(Debug, Args)]
pub(crate) struct Mcp {
    /// Components, directories with components (*.wasm), and images: what they were when this was started
    #[arg(value_name = "REF|PATH", required_unless_present = "agent", conflicts_with = "agent")]
    pub(crate) tools: Vec<String>,

    #[command(flatten)]
    pub(crate) reach: Reach,

    /// Serve what changes in files and directories as it is then, as far as it asks for no more than at the start
    #[arg(long, conflicts_with = "agent")]
    pub(crate) reload: bool,

    /// Serve the tools of this agent of the running host, under the grants they have there
    #[arg(long, value_name = "NAME", conflicts_with_all = ["Offers", "Reach"])]
    pub(crate) agent: Option<String>,

    /// Serve Streamable HTTP on this loopback address instead of standard input and output; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<std::net::SocketAddr>,

    #[command(flatten)]
    pub(crate) offers: Offers,
}

/// Reads the command line. Help and version are printed and end the process; what is wrong comes back.
pub(crate) fn parse() -> Result<Cli, Failure> {
    for (place, argument) in std::env::args_os().enumerate() {
        if argument.to_str().is_none() {
            let shown = argument.to_string_lossy();
            return Err(Failure::usage(format!("argument {place}, `{shown}`, is not valid UTF-8: write it in UTF-8")));
        }
    }
    Cli::try_parse().map_err(refused)
}

/// Shows what is wrong with the command line. The library's own words repeat what was written, also
/// what came from variables, so they are text from outside.
fn refused(error: clap::Error) -> Failure {
    use clap::error::ErrorKind as K;
    if matches!(error.kind(), K::DisplayHelp | K::DisplayVersion | K::DisplayHelpOnMissingArgumentOrSubcommand) {
        error.exit();
    }
    // Without colour, so that every escape sequence left in it was written by somebody else.
    let plain = Cli::command().styles(Styles::plain()).color(ColorChoice::Never).try_get_matches();
    let error = plain.err().unwrap_or(error);
    console::complain_in_lines(&error.render().ansi().to_string());
    Failure::usage("")
}
