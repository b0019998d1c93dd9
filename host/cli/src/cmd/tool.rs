//! `cofferdam tool`: start, build, test, look at, run and ship tools, without a host.

mod access;
mod build;
mod credentials;
mod dev;
mod inspect;
mod ls;
mod new;
mod publish;
pub(crate) mod pull;
pub(crate) mod push;
mod receipt;
pub(crate) mod rm;
mod run;
pub(crate) mod source;
mod test;

use std::path::PathBuf;

use clap::Subcommand;
use cofferdam_image::Kind;

use self::build::Build;
use self::dev::Dev;
use self::inspect::Inspect;
use self::new::New;
use self::publish::Publish;
use self::pull::Pull;
use self::push::Push;
use self::rm::Rm;
use self::run::Run;
use self::test::Test;
use crate::args::Listing;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;

#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Start the project of a new tool.
    New(New),
    /// Build tools from their Cargo packages, or take what another toolchain has built, with their
    /// manifests inside.
    Build(Build),
    /// Run the cases of tools in the sandbox, and inputs that no tool may fall over.
    Test(Test),
    /// Build a tool and run its cases, again each time that one of its files changes.
    Dev(Dev),
    /// Run a tool once in the sandbox.
    Run(Box<Run>),
    /// Show what a tool is and what it asks for, or what the tools of an agent get.
    Inspect(Inspect),
    /// Make the files that publishing a tool takes: image, skill, MCP registry, desktop bundle.
    Publish(Publish),
    /// Send a tool image to a registry.
    Push(Push),
    /// Fetch a tool image from a registry.
    Pull(Pull),
    /// List the tool images on this machine.
    Ls(Listing),
    /// Remove tool images from this machine, with what no other image needs.
    Rm(Rm),
}

pub(crate) async fn run(tool: Tool, config: &Config, data: PathBuf) -> Result<(), Failure> {
    match tool {
        Tool::New(new) => new::run(new),
        Tool::Build(build) => build::run(build, config, data).await,
        Tool::Run(run) => run::run(*run, config, &DataDir::open(data)?).await,
        Tool::Test(test) => test::run(test, config, &DataDir::open(data)?).await,
        Tool::Dev(dev) => dev::run(dev, config, &DataDir::open(data)?).await,
        Tool::Inspect(inspect) => inspect::run(inspect, config, &DataDir::open(data)?).await,
        Tool::Publish(arguments) => publish::run(arguments, config, &DataDir::open(data)?).await,
        Tool::Push(push) => push::run(push, Some(Kind::Tool), config, &DataDir::open(data)?).await,
        Tool::Pull(pull) => pull::run(pull, Some(Kind::Tool), config, &DataDir::open(data)?).await,
        Tool::Ls(listing) => ls::run(&listing, &DataDir::open(data)?).await,
        Tool::Rm(rm) => rm::run(rm, &DataDir::open(data)?).await,
    }
}
