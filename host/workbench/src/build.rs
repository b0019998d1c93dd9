//! From a Cargo package, a project in another language, or what another toolchain has built, to a
//! component with its manifest inside.

mod built;
mod declared;
mod environment;
mod flags;
mod foreign;
mod image;
mod packages;
mod reproducible;

use std::path::{Path, PathBuf};

use cofferdam_call::MAX_COMPONENT;
use cofferdam_tool::Runner;

pub use self::built::Built;
use self::declared::{Artifact, Declared};
pub use self::environment::BuildEnvironment;
pub use self::image::{image, usage};
use crate::error::{CallerError, Error};
use crate::file;

/// The files that components are made from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Directories of packages and of projects in other languages, or one component or core module
    /// that is built already.
    pub paths: Vec<PathBuf>,
    /// The capabilities.toml of the one that is built already.
    pub capabilities: Option<PathBuf>,
    /// A WIT file or directory, whose comments become the words that a model reads.
    pub wit: Option<PathBuf>,
}

/// Builds packages and projects in other languages, or takes one component or core module that is
/// built already, and puts their manifests inside.
///
/// `say` gets a sentence about work that takes a while.
///
/// # Errors
///
/// [`Error::Usage`] if a package, manifest, component or WIT file is wrong. [`Error::Work`] if a
/// toolchain cannot be started or Cargo does not build, whose own words go to standard error.
/// [`Error::Toolchain`] if another toolchain does not build.
pub fn components(
    sources: &Sources,
    environment: &BuildEnvironment,
    say: &dyn Fn(&str),
) -> Result<Vec<Built>, Error> {
    let Sources {
        paths,
        capabilities,
        wit,
    } = sources;
    let artifacts = match (paths.as_slice(), capabilities) {
        ([path], Some(manifest)) if path.is_file() => {
            vec![Artifact {
                declared: Declared::read(manifest)?,
                path: path.clone(),
                wit: wit.clone(),
            }]
        }
        (_, None) => match paths.iter().find(|path| path.is_file()) {
            Some(file) => {
                let problem = "a file that is built already needs --capabilities FILE; a package \
                               is a directory";
                return Err(Error::usage(format!("{}: {problem}", file.display())));
            }
            None => directories(paths, environment, say)?,
        },
        (_, Some(_)) => {
            return Err(Error::usage(
                "--capabilities goes with one file that is built already: name it",
            ));
        }
    };
    artifacts.into_iter().map(embedded).collect()
}

/// Builds what lies in these directories, in their order. Every manifest is read before anything is
/// built: a mistake in one costs seconds, not minutes.
fn directories(
    paths: &[PathBuf],
    environment: &BuildEnvironment,
    say: &dyn Fn(&str),
) -> Result<Vec<Artifact>, Error> {
    let is_package = |path: &Path| path.join("Cargo.toml").exists();
    let mut projects = Vec::new();
    let mut of_cargo = Vec::new();
    for path in paths {
        if is_package(path) {
            of_cargo.push(path.clone());
            projects.push(None);
        } else {
            projects.push(Some(foreign::Project::read(path)?));
        }
    }
    let mut packages = packages::build(&of_cargo, environment, say)?.into_iter();
    let artifacts = projects.into_iter().map(|project| match project {
        Some(project) => project.build(say).map(Some),
        None => Ok(packages.next()),
    });
    // There is one of cargo's for every package, or the build has ended with an error.
    Ok(artifacts
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Writes into each component of typed tools which tools it has: it runs for that, once and under a
/// grant that gives nothing.
///
/// `make_runner` is called at most once, because most builds need no sandbox.
///
/// # Errors
///
/// [`Error::Usage`] if a component is refused or does not list its tools. [`Error::Sandbox`] if the
/// caller cannot make a sandbox.
pub async fn described(
    built: Vec<Built>,
    make_runner: &dyn Fn() -> Result<Runner, CallerError>,
) -> Result<Vec<Built>, Error> {
    let mut described = Vec::new();
    let mut runner = None;
    for built in built {
        if !cofferdam_tool::exports_tools(&built.component).map_err(Error::usage)? {
            described.push(built);
            continue;
        }
        let runner = match &runner {
            Some(runner) => runner,
            None => runner.insert(make_runner().map_err(Error::Sandbox)?),
        };
        let component = runner
            .described(built.component.clone().into(), &built.manifest)
            .await
            .map_err(Error::usage)?;
        described.push(Built { component, ..built });
    }
    Ok(described)
}

fn embedded(artifact: Artifact) -> Result<Built, Error> {
    let Artifact {
        declared: Declared { manifest, file },
        path,
        wit,
    } = artifact;
    let bytes = file::read(&path, MAX_COMPONENT)?;
    let wrong = |error| Error::usage(format!("{}: {error}", path.display()));
    let adapted = cofferdam_tool::adapt(&bytes).map_err(wrong)?;
    // Another build's words about its tools say nothing about this one.
    let bare = cofferdam_tool::without_descriptors(&adapted).map_err(wrong)?;
    let mut component = cofferdam_tool::embed_manifest(&bare, &manifest).map_err(wrong)?;
    if let Some(wit) = wit {
        component = cofferdam_tool::embed_wit_docs(&component, &wit).map_err(wrong)?;
    }
    Ok(Built {
        manifest,
        component,
        file,
    })
}
