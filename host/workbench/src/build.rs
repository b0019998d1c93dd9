//! From a Cargo package, a project in another language, or what another toolchain has built, to a
//! component with its manifest inside.

mod built;
mod cargo;
mod declared;
mod environment;
mod flags;
mod foreign;
mod image;
mod lock;
mod packages;
mod pure;
mod reproducible;
mod target;

use std::path::{Path, PathBuf};

use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::{Digest, Manifest, ToolContract};
use cofferdam_tool::Runner;

pub use self::built::Built;
use self::built::Listing;
use self::declared::{Artifact, Declared};
pub use self::environment::BuildEnvironment;
pub(crate) use self::image::image_of;
pub use self::image::{created, image};
use self::pure::Asked;
use crate::error::{CallerError, Error};
use crate::file;

/// The file with an author's words about calling a tool, beside its capabilities.toml.
const USAGE: &str = "USAGE.md";

/// The most of it that is read, in bytes (1 MiB): the sentence for one that is too large to be
/// taken says how large it is.
const MAX_USAGE: u64 = 1 << 20;

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
            let artifact = Artifact::foreign(Declared::read(manifest)?, path.clone());
            vec![Artifact {
                wit: wit.clone(),
                ..artifact
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
/// grant that gives nothing. A pure tool is then built once more, without what makes its schemas.
///
/// `make_runner` is called at most once, because most builds need no sandbox.
///
/// # Errors
///
/// [`Error::Usage`] if a component is refused or does not list its tools. [`Error::Work`] if Cargo
/// does not build. [`Error::Sandbox`] if the caller cannot make a sandbox.
pub async fn described(
    built: Vec<Built>,
    environment: &BuildEnvironment,
    make_runner: &dyn Fn() -> Result<Runner, CallerError>,
) -> Result<Vec<Built>, Error> {
    let mut typed = Vec::new();
    for built in &built {
        typed.push(cofferdam_tool::exports_tools(&built.component).map_err(Error::usage)?);
    }
    if !typed.contains(&true) {
        return Ok(built);
    }
    let runner = make_runner().map_err(Error::Sandbox)?;
    let built = shipping(built, environment, &runner).await?;
    let mut described = Vec::new();
    for (built, is_typed) in built.into_iter().zip(typed) {
        if !is_typed {
            described.push(built);
            continue;
        }
        let bytes = built.component.clone().into();
        let component = cofferdam_tool::described(&runner, bytes, &built.manifest)
            .await
            .map_err(Error::usage)?;
        described.push(Built { component, ..built });
    }
    Ok(described)
}

/// Puts the component that ships in place of each that was only built to be asked.
async fn shipping(
    mut built: Vec<Built>,
    environment: &BuildEnvironment,
    runner: &Runner,
) -> Result<Vec<Built>, Error> {
    let mut asked = Vec::new();
    for built in &built {
        let Some(Listing { package, module }) = &built.listing else {
            continue;
        };
        let bytes = built.component.clone().into();
        let tools = cofferdam_tool::listed(runner, bytes, &built.manifest)
            .await
            .map_err(Error::usage)?;
        asked.push(Asked {
            package,
            module,
            tools,
        });
    }
    let files = pure::build(&asked, environment)?;
    let pure = built.iter_mut().filter(|built| built.listing.is_some());
    for (built, file) in pure.zip(files) {
        built.component = carrying(&built.manifest, &built.file, &file, None)?;
        built.listing = None;
    }
    Ok(built)
}

fn embedded(artifact: Artifact) -> Result<Built, Error> {
    let Artifact {
        declared: Declared { manifest, file },
        path,
        wit,
        note,
        typed,
        pure,
    } = artifact;
    if let Some(cargo_toml) = typed
        && !cofferdam_tool::exports_anything(&file::read(&path, MAX_COMPONENT)?)
            .map_err(Error::usage)?
    {
        return Err(Error::usage(format!(
            "{}: the component exports no tool: write `export!(NAME);` into src/lib.rs, with the \
             name of the function that is `#[tool]`",
            cargo_toml.display()
        )));
    }
    let manifest = of_module(manifest, &path)?;
    let component = carrying(&manifest, &file, &path, wit.as_deref())?;
    Ok(Built {
        manifest,
        component,
        note,
        file,
        listing: pure.map(|package| Listing {
            package,
            module: path,
        }),
    })
}

/// The manifest, with the digest of what the component of a tool with a contract is made of: what
/// was given and what runs are both known then.
fn of_module(mut manifest: Manifest, path: &Path) -> Result<Manifest, Error> {
    manifest.tool.module = match manifest.tool.contract {
        Some(ToolContract::ModuleV1) => Some(Digest::of(&file::read(path, MAX_COMPONENT)?)),
        None => None,
    };
    Ok(manifest)
}

/// The component or core module in a file, as a component that carries its manifest, and the
/// `USAGE.md` that lies beside its capabilities.toml.
fn carrying(
    manifest: &Manifest,
    capabilities: &Path,
    path: &Path,
    wit: Option<&Path>,
) -> Result<Vec<u8>, Error> {
    let bytes = file::read(path, MAX_COMPONENT)?;
    let wrong = |error| Error::usage(format!("{}: {error}", path.display()));
    let adapted = cofferdam_tool::adapt(&bytes).map_err(wrong)?;
    // Another build's words about its tools say nothing about this one.
    let bare = cofferdam_tool::without_descriptors(&adapted).map_err(wrong)?;
    let component = cofferdam_tool::embed_manifest(&bare, manifest).map_err(wrong)?;
    let usage = capabilities.with_file_name(USAGE);
    let words = if usage.exists() {
        Some(file::text(&usage, MAX_USAGE)?)
    } else {
        None
    };
    let component = cofferdam_tool::embed_usage(&component, words.as_deref())
        .map_err(|error| Error::usage(format!("{}: {error}", usage.display())))?;
    match wit {
        Some(wit) => cofferdam_tool::embed_wit_docs(&component, wit).map_err(wrong),
        None => Ok(component),
    }
}
