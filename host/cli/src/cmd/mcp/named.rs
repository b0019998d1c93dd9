//! The files, directories and images that the command line names.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cofferdam_capability::Guarded;
use cofferdam_image::ToolSource;
use cofferdam_tool::{Installed, Runner};

use crate::cmd::tool::name_of;
use crate::cmd::tool::source::{self, Source};
use crate::error::Failure;
use crate::guard;
use crate::paths::DataDir;

/// Components that one server offers; each is held in memory.
pub(super) const MAX_COMPONENTS: usize = 256;

/// Entries of a directory that are looked at for components.
const MAX_ENTRIES: usize = 10_000;

/// The files, directories and images that the command line names.
#[derive(Debug)]
pub(crate) struct Named {
    /// Components, and directories with components.
    paths: Vec<PathBuf>,
    /// The images that were named, as their names were resolved when this process was started;
    /// nobody swaps a tool under a running client.
    pub(super) images: Vec<Component>,
}

/// A component that was loaded.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) installed: Installed,
    pub(super) name: String,
    /// Instructions for calling it, in words for a model, if its image says so.
    pub(super) note: String,
    /// Its name in messages.
    pub(super) origin: String,
    /// Its file, which may be another one tomorrow; none for one from an image.
    pub(super) file: Option<PathBuf>,
}

/// The state of a file when it was last looked at.
pub(crate) type Stamp = (PathBuf, u64, Option<SystemTime>);

impl Named {
    /// Finds out what each name means, and fetches what is an image. A directory that is there is a
    /// directory.
    pub(crate) async fn load(
        runner: &Runner,
        written: &[String],
        plain_http: bool,
        data: &DataDir,
    ) -> Result<Self, Failure> {
        let mut paths = Vec::new();
        let mut images = Vec::new();
        for written in written {
            if Path::new(written).is_dir() {
                paths.push(PathBuf::from(written));
                continue;
            }
            match source::named(written, data)? {
                ToolSource::Path(path) => paths.push(path),
                ToolSource::Image(_) if images.len() == MAX_COMPONENTS => {
                    return Err(Failure::usage(format!(
                        "there are more than {MAX_COMPONENTS} images: serve fewer"
                    )));
                }
                ToolSource::Image(image) => {
                    let source = Source::image(&image, plain_http, data).await?;
                    images.push(Component::load(runner, &source).await?);
                }
            }
        }
        Ok(Self { paths, images })
    }

    /// The paths that decide which components are served: the directories and files that were
    /// named, and the files found in them.
    pub(super) fn guarded(&self) -> Result<Guarded, Failure> {
        let mut guarded = Guarded::default();
        for path in &self.paths {
            if path.is_dir() {
                let wrong = |error| Failure::usage(format!("{}: {error}", path.display()));
                guarded
                    .add_whole(path, "a directory that is served")
                    .map_err(wrong)?;
            }
        }
        for file in self.files()? {
            guard::add(&mut guarded, &file, guard::COMPONENT)?;
        }
        Ok(guarded)
    }

    /// Every component file, in the order in which they were named.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                files.extend(in_directory(path)?);
            } else {
                files.push(path.clone());
            }
        }
        Ok(files)
    }

    /// The state of the files now.
    pub(crate) fn stamps(&self) -> Vec<Stamp> {
        let stamp = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok();
            let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            (
                path,
                size,
                metadata.and_then(|metadata| metadata.modified().ok()),
            )
        };
        self.files()
            .unwrap_or_default()
            .into_iter()
            .map(stamp)
            .collect()
    }
}

impl Component {
    pub(super) async fn of_file(runner: &Runner, path: PathBuf) -> Result<Self, Failure> {
        let component = Self::load(runner, &Source::file(&path)?).await?;
        Ok(Self {
            file: Some(path),
            ..component
        })
    }

    async fn load(runner: &Runner, source: &Source) -> Result<Self, Failure> {
        let installed = runner
            .load(source.component.clone(), &source.origin, None)
            .await
            .map_err(Failure::usage)?;
        let name = name_of(&installed, source).to_owned();
        Ok(Self {
            installed,
            name,
            note: source.note(),
            origin: source.origin.clone(),
            file: None,
        })
    }
}

/// The components of a directory, by name.
fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", directory.display()));
    let entries = std::fs::read_dir(directory).map_err(|error| wrong(error.to_string()))?;
    let mut components = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count == MAX_ENTRIES {
            return Err(wrong(format!(
                "it has more than {MAX_ENTRIES} entries: name one with components alone"
            )));
        }
        let path = entry.map_err(|error| wrong(error.to_string()))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
            && path.is_file()
        {
            components.push(path);
        }
    }
    components.sort();
    Ok(components)
}
