//! `id`: the one user that every tool runs as. WASI has no users, so this one is made up, and it
//! has no rights.

use std::io::Write;
use std::process::ExitCode;

use cofferdam_command::{Ending, Output, Stop, run};
use lexopt::prelude::*;

/// The number of the user and of the group: the first that is nobody special on Linux.
const NUMBER: u32 = 1000;

/// Both names.
const NAME: &str = "agent";

/// What is asked for.
#[derive(Default)]
struct Asked {
    /// Only the user, the group or the groups.
    one: bool,
    name: bool,
    zero: bool,
}

fn main() -> ExitCode {
    run("id", include_str!("../USAGE.md"), |out, _| id(out))
}

fn id(out: &mut Output) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    let mut asked = Asked::default();
    while let Some(argument) = parser.next()? {
        match argument {
            // There is one group, and it has the number of the user.
            Short('u' | 'g' | 'G') | Long("user" | "group" | "groups") => asked.one = true,
            Short('n') | Long("name") => asked.name = true,
            Short('z') | Long("zero") => asked.zero = true,
            // The real and the effective user are the same.
            Short('r' | 'a') | Long("real") => {}
            Value(user) if user == NAME || user == NUMBER.to_string().as_str() => {}
            Value(user) => {
                return Err(Stop::new(format!(
                    "{:?}: no such user",
                    user.to_string_lossy()
                )));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let end = if asked.zero { '\0' } else { '\n' };
    match asked {
        Asked {
            one: false,
            name: true,
            ..
        } => Err(Stop::new("-n needs one of -u, -g and -G")),
        Asked {
            one: false,
            zero: true,
            ..
        } => Err(Stop::new("-z needs one of -u, -g and -G")),
        Asked { one: false, .. } => {
            writeln!(
                out,
                "uid={NUMBER}({NAME}) gid={NUMBER}({NAME}) groups={NUMBER}({NAME})"
            )?;
            Ok(Ending::Success)
        }
        Asked { name: true, .. } => {
            write!(out, "{NAME}{end}")?;
            Ok(Ending::Success)
        }
        Asked { .. } => {
            write!(out, "{NUMBER}{end}")?;
            Ok(Ending::Success)
        }
    }
}
