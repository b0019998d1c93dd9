//! `tar`: GNU tar's way to pack, list and unpack, on the crate tar.

mod args;
mod create;
mod extract;
mod read;

use std::io::Write;
use std::process::ExitCode;

use args::{Args, Task};
use cofferdam_command::{Complaints, Ending, Output, Stop, run};

/// The exit code when something could not be packed or unpacked.
const TROUBLE: u8 = 2;

fn main() -> ExitCode {
    run("tar", include_str!("../USAGE.md"), tar)
}

fn tar(out: &mut Output, complaints: &Complaints) -> Result<Ending, Stop> {
    let args = Args::parse()?;
    let done = match args.task {
        Task::Create => create::create(out, &args, complaints),
        Task::Extract | Task::List => read::read(out, &args, complaints),
    };
    let whole = done.unwrap_or_else(|stop| {
        complaints.say(stop.sentence());
        false
    });
    // What was done before trouble is still to be seen.
    out.flush()?;
    Ok(Ending::Code(if whole { 0 } else { TROUBLE }))
}
