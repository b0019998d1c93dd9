//! The command line: what was written. What it means is in `cmd`.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand};
use cofferdam_capability::{Bytes, Count, HostOffer, TcpOffer, Time};
use ipnet::IpNet;

use crate::cmd::tool::{Build, New, Test};
use crate::console::{self, Format};
use crate::error::Failure;

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

#[derive(Debug, Args)]
pub(crate) struct Listing {
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
pub(crate) enum Tool {
    /// Start the project of a new tool.
    New(New),
    /// Build tools from their Cargo packages, or take what another toolchain has built, with their manifests inside.
    Build(Build),
    /// Run the cases of tools in the sandbox, and inputs that no tool may fall over.
    Test(Test),
    /// Run a tool once in the sandbox.
    Run(Box<Run>),
    /// Show what a tool is and what it asks for, or what the tools of an agent get.
    Inspect(Inspect),
    /// Send a tool image to a registry.
    Push(Push),
    /// Fetch a tool image from a registry.
    Pull(Pull),
    /// List the tool images on this machine.
    Ls(Listing),
    /// Remove tool images from this machine, with what no other image needs.
    Rm(Rm),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Remove what no image needs: blobs without a name, and what broken pulls have left.
    Prune(Listing),
}

/// How registries are reached.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Speak HTTP without TLS to the registry; for one on this machine (localhost, 127.0.0.0/8) alone
    #[arg(long)]
    pub(crate) plain_http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image: its name on this machine, a registry's, or its digest (sha256:…)
    #[arg(value_name = "REF")]
    pub(crate) image: String,

    /// Where it goes, HOST/NAME[:TAG] [default: the name it has]
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,

    #[command(flatten)]
    pub(crate) reach: Reach,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The images, HOST/NAME[:TAG] or HOST/NAME@sha256:…
    #[arg(required = true, value_name = "REF")]
    pub(crate) images: Vec<String>,

    #[command(flatten)]
    pub(crate) reach: Reach,

    /// How to print: json gives one object for each image
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// The images: names on this machine, or digests (sha256:…), which take every name of the image
    #[arg(required = true, value_name = "REF")]
    pub(crate) images: Vec<String>,

    /// How to print: json gives one object for each image
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Show every value that holds, and where it came from.
    Show(Listing),
}

/// What the operator gives to tools. The same words wherever tools are run from the command line.
#[derive(Debug, Args)]
pub(crate) struct Offers {
    /// Offer a directory; the tool sees it if its manifest declares it. Read-write unless it says ro; may be repeated
    #[arg(long, value_name = "HOST:GUEST[:ro|rw]")]
    pub(crate) dir: Vec<String>,

    /// Give a variable that its manifest declares; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) env: Vec<String>,

    /// Let it send HTTP requests there, as far as its manifest declares them; HOST may be *.NAME; may be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) http: Vec<HostOffer>,

    /// Let it be connected there over TCP, as far as its manifest declares it; HOST may be *.NAME; may be repeated
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) tcp: Vec<TcpOffer>,

    /// Give a secret that its manifest declares: the host puts the content of FILE into its requests; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    pub(crate) secret: Vec<String>,

    /// Ask this DNS server instead of those of the configuration or the system; may be repeated
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) nameserver: Vec<std::net::SocketAddr>,

    /// Let hosts also have these addresses that are not public: 10.1.0.0/16; may be repeated
    #[arg(long, value_name = "CIDR")]
    pub(crate) allow_address: Vec<IpNet>,

    /// Fuel, about one unit for each instruction [default: 20_000_000_000]
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<Count>,

    /// Linear memory [default: 64MiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory: Option<Bytes>,

    /// Wall-clock time of the call [default: 30s]
    #[arg(long, value_name = "DUR")]
    pub(crate) wall: Option<Time>,

    /// Any other limit of the call, by its key in `[limits]`: written=1GiB; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) limit: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not here), its digest
    #[arg(value_name = "REF|PATH")]
    pub(crate) tool: String,

    #[command(flatten)]
    pub(crate) reach: Reach,

    /// What it gets: arguments of a command; for typed tools the JSON input, after the tool's name if there are several
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,

    #[command(flatten)]
    pub(crate) offers: Offers,

    /// A capabilities.toml to use instead of the manifest in the component
    #[arg(long, value_name = "FILE")]
    pub(crate) capabilities: Option<PathBuf>,

    /// Print what the call used, on standard error
    #[arg(long)]
    pub(crate) receipt: bool,

    /// Call it so many times, each in a fresh sandbox
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) repeat: u32,

    /// So many of these calls at once, as far as calls-per-agent in cofferdam.toml lets them; the others wait
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) concurrent: u32,

    /// How to print: json gives one object for each call, with the receipt and what the tool printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
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

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not here), its digest.
    /// With --agent a BIN of it [default: all of them]
    #[arg(value_name = "REF|PATH", required_unless_present = "agent")]
    pub(crate) tool: Option<String>,

    /// Show what the tools of this agent get, before any of them runs: directories, hosts, secrets, limits, and what
    /// they ask for and do not get
    #[arg(long, value_name = "NAME", conflicts_with_all = ["capabilities", "Reach"])]
    pub(crate) agent: Option<String>,

    #[command(flatten)]
    pub(crate) reach: Reach,

    /// A capabilities.toml to use instead of the manifest in the component
    #[arg(long, value_name = "FILE")]
    pub(crate) capabilities: Option<PathBuf>,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
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
