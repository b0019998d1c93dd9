//! `cofferdam tool new`: starts the project of a tool.

use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_workbench::project::{self, LockFile, ProjectName, Shape};

use crate::console;
use crate::error::Failure;

#[derive(Debug, Args)]
pub(crate) struct New {
    /// Name of the tool, and of the directory that is made for it
    name: String,

    /// What it is to be
    #[arg(long, value_enum, default_value_t)]
    shape: ProjectShape,

    /// The guest SDK, for typed tools [default: that of the checkout which this program was built
    /// from]
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// The kind of tool to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum ProjectShape {
    /// A function: JSON in, JSON out, with a schema from its types.
    #[default]
    Typed,
    /// The same without files, network and clocks: it can only compute, and is small.
    Pure,
    /// A program: arguments and standard input in, standard output and an exit code out.
    Command,
}

pub(super) fn run(new: New) -> Result<(), Failure> {
    let New { name, shape, sdk } = new;
    let project: ProjectName = name.parse()?;
    let shape = match (shape, sdk) {
        (ProjectShape::Typed, sdk) => Shape::Typed { sdk },
        (ProjectShape::Pure, sdk) => Shape::Pure { sdk },
        (ProjectShape::Command, None) => Shape::Command,
        (ProjectShape::Command, Some(_)) => {
            return Err(Failure::usage(
                "--sdk goes with --shape typed and --shape pure: a command needs no SDK",
            ));
        }
    };
    if project::create(Path::new(""), &project, shape)? == LockFile::Missing {
        console::note(
            "note: cargo did not write a Cargo.lock: run `cargo generate-lockfile` before \
             `cofferdam tool build`",
        );
    }
    console::line(format!(
        "{name} is made: `cd {name}`, then `cargo test`, then `cofferdam tool build`"
    ));
    Ok(())
}
