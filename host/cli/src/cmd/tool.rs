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

use std::path::{Path, PathBuf};

use cofferdam_capability::Manifest;
use cofferdam_tool::Installed;

use crate::cli::Tool;
use crate::config::Config;
use crate::error::Failure;
use crate::paths::DataDir;
use source::Source;

/// The largest capabilities.toml that is read, in bytes; a valid one is far smaller.
const MAX_MANIFEST: u64 = 1 << 20;

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

/// Reads a file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
    let metadata = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if !metadata.is_file() {
        return Err(wrong("it is not a file".to_owned()));
    }
    if metadata.len() > max {
        return Err(wrong(format!("it has {} bytes: at most {max} are read", metadata.len())));
    }
    std::fs::read(path).map_err(|error| wrong(error.to_string()))
}

/// What a tool goes by when nobody has given it another name: its manifest's name, else its file's or image's.
pub(crate) fn name_of<'a>(installed: &'a Installed, source: &'a Source) -> &'a str {
    match installed.manifest().tool.name.as_str() {
        "" => source.name(),
        name => name,
    }
}

/// Reads a capabilities.toml.
fn manifest(path: &Path) -> Result<Manifest, Failure> {
    let name = path.display().to_string();
    let text = String::from_utf8(read(path, MAX_MANIFEST)?).map_err(|error| {
        Failure::usage(format!("{name}: not valid UTF-8 at byte {}", error.utf8_error().valid_up_to()))
    })?;
    Manifest::from_toml(&text, &name).map_err(Failure::usage)
}
