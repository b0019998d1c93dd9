//! `cofferdam tool`: start, build, test, look at, run and ship tools, without a host.

mod access;
mod build;
mod inspect;
mod ls;
mod new;
mod pull;
mod push;
mod rm;
mod run;
pub(crate) mod source;
mod test;

use std::path::PathBuf;

use cofferdam_tool::Installed;

pub(crate) use self::build::Build;
pub(crate) use self::new::New;
pub(crate) use self::test::Test;
use crate::cli::Tool;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;
use source::Source;

pub(crate) async fn run(tool: Tool, config: &Config, data: PathBuf) -> Result<(), Failure> {
    match tool {
        Tool::New(new) => new::run(new),
        Tool::Build(build) => build::run(build, config, data).await,
        Tool::Run(run) => run::run(*run, config, &DataDir::open(data)?).await,
        Tool::Test(test) => test::run(test, config, &DataDir::open(data)?).await,
        Tool::Inspect(inspect) => inspect::run(inspect, config, &DataDir::open(data)?).await,
        Tool::Push(push) => push::run(push, &DataDir::open(data)?).await,
        Tool::Pull(pull) => pull::run(pull, &DataDir::open(data)?).await,
        Tool::Ls(listing) => ls::run(&listing, &DataDir::open(data)?).await,
        Tool::Rm(rm) => rm::run(rm, &DataDir::open(data)?).await,
    }
}

/// The name of a tool that has no other: its manifest's, else its file's or image's.
pub(crate) fn name_of<'a>(installed: &'a Installed, source: &'a Source) -> &'a str {
    match installed.manifest().tool.name.as_str() {
        "" => source.name(),
        name => name,
    }
}
