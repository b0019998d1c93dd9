//! `cofferdam completions` and `cofferdam man`: what a package installs beside the program, from
//! the same tree of commands.

use std::path::PathBuf;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell as Kind;

use crate::console;
use crate::error::Failure;

/// `cofferdam completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// A shell that completes command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// `cofferdam man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The directory, such as ~/.local/share/man/man1; made where it is missing
    dir: PathBuf,
}

/// Prints the completions of a shell for this tree of commands.
pub(crate) fn run(completions: &Completions, mut commands: Command) -> Result<(), Failure> {
    let shell = match completions.shell {
        Shell::Bash => Kind::Bash,
        Shell::Zsh => Kind::Zsh,
        Shell::Fish => Kind::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut commands, "cofferdam", &mut script);
    console::bytes(&script);
    Ok(())
}

/// Writes a page for each command of this tree.
pub(crate) fn pages(man: &Man, commands: Command) -> Result<(), Failure> {
    let dir = &man.dir;
    let wrong = |error: std::io::Error| {
        Failure::work(format!("cannot write to {}: {error}", dir.display()))
    };
    std::fs::create_dir_all(dir).map_err(wrong)?;
    clap_mangen::generate_to(commands, dir).map_err(wrong)?;
    console::note(&format!(
        "wrote the pages; read one with `man {}`",
        dir.join("cofferdam.1").display()
    ));
    Ok(())
}
