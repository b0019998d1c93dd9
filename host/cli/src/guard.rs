//! Files of the operator that decide what runs next, for every command that runs tools: no tool may
//! replace one of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cofferdam_capability::Guarded;
use cofferdam_image::agentfile::{self, NamedFiles};
use cofferdam_image::credential_helpers;

use crate::config::Config;
use crate::error::Failure;
use crate::paths::{self, DataDir};

/// The role of a component that a command runs or serves.
pub(crate) const COMPONENT: &str = "a component";

/// Guards this program, the configuration, the data directory with its keys and tokens, the keys of
/// signers, the file that says which credential helpers are started, and these helpers.
pub(crate) fn always(config: &Config, data: &DataDir) -> Result<Guarded, Failure> {
    let mut guarded = Guarded::default();
    add(&mut guarded, data.path(), "the data directory")?;
    if let Some(cache) = &config.cache_dir {
        let path = cache.path();
        guarded
            .add_hidden(path, "the directory of compiled code")
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    }
    if let Some(file) = config.grants.file() {
        add(&mut guarded, file, "the configuration")?;
    }
    let places = &config.secret_places;
    if let Some(identity) = &places.identity {
        guarded
            .add_hidden(identity, "the key of the secrets")
            .map_err(|error| Failure::usage(format!("{}: {error}", identity.display())))?;
    }
    if let Some(program) = places.command.first() {
        let by_path = if program.contains('/') {
            vec![PathBuf::from(program)]
        } else {
            on_the_way_to(program)
        };
        for program in by_path {
            add(&mut guarded, &program, "the program of secrets")?;
        }
    }
    for key in config.signers.keys() {
        add(&mut guarded, key, "the key of a signer")?;
    }
    for program in programs() {
        add(&mut guarded, &program, "this program")?;
    }
    if let Some(file) = paths::docker_config() {
        add(&mut guarded, &file, "Docker's configuration")?;
        for helper in credential_helpers(&file) {
            for program in on_the_way_to(&format!("docker-credential-{helper}")) {
                add(&mut guarded, &program, "a credential helper")?;
            }
        }
    }
    Ok(guarded)
}

/// Guards Agentfiles, their texts and the components of their BINs. One that cannot be read is
/// reported by who makes the agent.
pub(crate) fn agentfiles(guarded: &mut Guarded, files: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        add(guarded, file, "an Agentfile")?;
        let Ok(NamedFiles { data, components }) = agentfile::named_files(file) else {
            continue;
        };
        let home = file.parent().unwrap_or(Path::new(""));
        for file in data {
            add(guarded, &home.join(file), "a file of an Agentfile")?;
        }
        for component in components {
            add(guarded, &home.join(component), COMPONENT)?;
        }
    }
    Ok(())
}

/// Guards the files of `--secret NAME=FILE`, which no tool may read either.
pub(crate) fn secrets(guarded: &mut Guarded, written: &[String]) -> Result<(), Failure> {
    let files = written
        .iter()
        .filter_map(|written| written.split_once('='))
        .map(|(_, file)| Path::new(file));
    files.into_iter().try_for_each(|file| {
        guarded
            .add_hidden(file, "a secret")
            .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
    })
}

/// Guards one file.
pub(crate) fn add(guarded: &mut Guarded, path: &Path, role: &'static str) -> Result<(), Failure> {
    guarded
        .add(path, role)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// This program, and the name by which it was started, which may be a link to it.
fn programs() -> Vec<PathBuf> {
    let name = std::env::args_os().next().unwrap_or_default();
    let written = if name.as_encoded_bytes().contains(&b'/') {
        Some(PathBuf::from(name))
    } else {
        on_path(&name)
    };
    std::env::current_exe().into_iter().chain(written).collect()
}

fn on_path(name: &OsStr) -> Option<PathBuf> {
    looked_for(name).find(|program| program.is_file())
}

/// The paths at which a program is looked for until it is found, with the last one. Whoever can
/// write to one of them chooses what is started.
fn on_the_way_to(name: &str) -> Vec<PathBuf> {
    let mut is_found = false;
    looked_for(OsStr::new(name))
        .take_while(|program| !std::mem::replace(&mut is_found, program.is_file()))
        .collect()
}

fn looked_for(name: &OsStr) -> impl Iterator<Item = PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&paths).collect();
    let name = name.to_owned();
    directories
        .into_iter()
        .map(move |directory| directory.join(&name))
}
