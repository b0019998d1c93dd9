//! `which`: where a program is, in the directories of `PATH` as this tool sees them.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cofferdam_command::{Complaints, Ending, Output, Stop, run};
use lexopt::prelude::*;

/// Where tools are, when there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/bin";

fn main() -> ExitCode {
    run("which", include_str!("../USAGE.md"), which)
}

fn which(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let (mut all, mut silent, mut names) = (false, false, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Short('a') => all = true,
            Short('s') => silent = true,
            Value(name) => names.push(name.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    let path = path();
    let directories: Vec<_> = path
        .split(':')
        .filter(|directory| !directory.is_empty())
        .collect();
    // Without a directory to look into, "not found" would not be true.
    if !names.is_empty()
        && !directories
            .iter()
            .any(|directory| Path::new(directory).is_dir())
    {
        complaints.say(format!(
            "this tool was given none of the directories of PATH ({path}), so it cannot look there"
        ));
    }
    let mut found_all = !names.is_empty();
    for name in &names {
        let mut found = Vec::new();
        if name.contains('/') {
            found.extend(Path::new(name).is_file().then(|| name.clone()));
        } else {
            found.extend(
                directories
                    .iter()
                    .map(|directory| format!("{directory}/{name}"))
                    .filter(|file| is_file(file)),
            );
        }
        found_all &= !found.is_empty();
        let shown = if all { found.len() } else { 1 };
        for file in found.iter().take(shown).filter(|_| !silent) {
            writeln!(out, "{file}")?;
        }
    }
    Ok(found_all.into())
}

fn is_file(path: &str) -> bool {
    Path::new(path).is_file()
}

#[allow(
    clippy::disallowed_methods,
    reason = "PATH is what this command is about"
)]
fn path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| DEFAULT_PATH.to_owned())
}
