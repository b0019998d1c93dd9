//! `hostname`: the sandbox has a name of its own, the same everywhere, so that no tool learns where
//! it runs.

use std::io::Write;
use std::process::ExitCode;

use cofferdam_command::{Ending, Output, Stop, run};
use lexopt::prelude::*;

/// What the sandbox calls itself. `uname -n` says the same.
const NAME: &str = "cofferdam";

fn main() -> ExitCode {
    run("hostname", include_str!("../USAGE.md"), |out, _| {
        hostname(out)
    })
}

fn hostname(out: &mut Output) -> Result<Ending, Stop> {
    let mut parser = cofferdam_command::parser();
    while let Some(argument) = parser.next()? {
        match argument {
            // There is no domain: the long and the short name are one.
            Short('s' | 'f') | Long("short" | "fqdn" | "long") => {}
            Short('i' | 'I') | Long("ip-address" | "all-ip-addresses") => {
                return Err(Stop::new("the sandbox has no address of its own"));
            }
            Value(_) => return Err(Stop::new("the name of the sandbox cannot be changed")),
            other => return Err(other.unexpected().into()),
        }
    }
    writeln!(out, "{NAME}")?;
    Ok(Ending::Success)
}
