//! The command line: its commands. The arguments of each stand beside it in `cmd`.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::{Args, ColorChoice, CommandFactory, Parser, Subcommand};

use crate::args::{Listing, Registries};
use crate::cmd::chat::Chat;
use crate::cmd::config::ConfigCommand;
use crate::cmd::image::Image;
use crate::cmd::mcp::Mcp;
use crate::cmd::selftest::Selftest;
use crate::cmd::serve::Serve;
use crate::cmd::sessions::Sessions;
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
    Config(ConfigCommand),
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

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The image: its name on this machine, a registry's, or its digest (sha256:…)
    #[arg(value_name = "REF")]
    pub(crate) image: String,

    /// Where it goes, HOST/NAME[:TAG] [default: the name it has]
    #[arg(value_name = "TARGET")]
    pub(crate) target: Option<String>,

    #[command(flatten)]
    pub(crate) reach: Registries,

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
    pub(crate) reach: Registries,

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

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Name of the tool, and of the directory that is made for it
    pub(crate) name: String,

    /// What it is to be
    #[arg(long, value_enum, default_value_t)]
    pub(crate) shape: ProjectShape,

    /// The guest SDK, for typed tools [default: that of the checkout which this program was built from]
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}

/// What a new tool is to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ProjectShape {
    /// A function: JSON in, JSON out, with a schema from its types.
    #[default]
    Typed,
    /// A program: arguments and standard input in, standard output and an exit code out.
    Command,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Directories with a Cargo.toml and a capabilities.toml, or one component that was built otherwise. A core module
    /// that is a command for WASI preview 1 is made a component
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The capabilities.toml of a component that was built otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) capabilities: Option<PathBuf>,

    /// A WIT file or directory: what is written above its functions is what a model reads
    #[arg(long, value_name = "PATH", requires = "capabilities")]
    pub(crate) wit: Option<PathBuf>,

    /// Where the components go
    #[arg(long, default_value = "target/tools", value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Also keep it as a local image of this name, for `BIN` in an Agentfile; for one tool at a time
    #[arg(long, short, value_name = "NAME[:TAG]")]
    pub(crate) tag: Option<String>,

    /// How to print: json gives one object for each tool
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Directories with a Cargo.toml, a capabilities.toml and cases/*.json, or one component that was built otherwise
    /// with cases/ beside it
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// The capabilities.toml of a component that was built otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) capabilities: Option<PathBuf>,

    /// Print the smallest capabilities.toml with which the cases pass, instead of testing
    #[arg(long, conflicts_with = "format")]
    pub(crate) learn: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TestFormat,
}

/// How `tool test` prints its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TestFormat {
    /// Tables and differences for people.
    #[default]
    Table,
    /// JSON for machines.
    Json,
    /// A table of the tools with rounded figures, for a README.
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not here), its digest
    #[arg(value_name = "REF|PATH")]
    pub(crate) tool: String,

    #[command(flatten)]
    pub(crate) reach: Registries,

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
pub(crate) struct Inspect {
    /// A component's file, or an image: its name on this machine, a registry's (pulled if it is not here), its digest.
    /// With --agent a BIN of it [default: all of them]
    #[arg(value_name = "REF|PATH", required_unless_present = "agent")]
    pub(crate) tool: Option<String>,

    /// Show what the tools of this agent get, before any of them runs: directories, hosts, secrets, limits, and what
    /// they ask for and do not get
    #[arg(long, value_name = "NAME", conflicts_with_all = ["capabilities", "Registries"])]
    pub(crate) agent: Option<String>,

    #[command(flatten)]
    pub(crate) reach: Registries,

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
