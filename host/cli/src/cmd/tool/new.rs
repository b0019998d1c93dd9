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
    /// Functions in Python, by componentize-py.
    Python,
    /// Functions in JavaScript, by componentize-js.
    Js,
    /// A program in C, by clang with wasi-libc.
    C,
}

impl ProjectShape {
    /// The commands that lead from a new project to its component.
    fn steps(self) -> &'static str {
        match self {
            Self::Typed | Self::Pure | Self::Command => "`cargo test`, then `cofferdam tool build`",
            Self::Python => {
                "`pip install componentize-py` in a virtual environment, then `cofferdam tool test`"
            }
            Self::Js => "`npm install`, then `cofferdam tool test`",
            Self::C => {
                "`cofferdam tool test`, which needs the Debian packages clang, lld, wasi-libc and \
                 libclang-rt-dev-wasm32"
            }
        }
    }
}

pub(super) fn run(new: New) -> Result<(), Failure> {
    let New { name, shape, sdk } = new;
    let project: ProjectName = name.parse()?;
    let steps = shape.steps();
    let shape = match (shape, sdk) {
        (ProjectShape::Typed, sdk) => Shape::Typed { sdk },
        (ProjectShape::Pure, sdk) => Shape::Pure { sdk },
        (ProjectShape::Command, None) => Shape::Command,
        (ProjectShape::Python, None) => Shape::Python,
        (ProjectShape::Js, None) => Shape::JavaScript,
        (ProjectShape::C, None) => Shape::C,
        (_, Some(_)) => {
            return Err(Failure::usage(
                "--sdk goes with --shape typed and --shape pure: no other shape needs an SDK",
            ));
        }
    };
    if project::create(Path::new(""), &project, shape)? == LockFile::Missing {
        console::note(
            "note: cargo did not write a Cargo.lock: run `cargo generate-lockfile` before \
             `cofferdam tool build`",
        );
    }
    console::line(format!("{name} is made: `cd {name}`, then {steps}"));
    Ok(())
}
