//! The files, directories and images that the command line names.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use cofferdam_capability::{Decision, Digest, Guarded};
use cofferdam_image::ToolSource;
use cofferdam_tool::{Installed, Outlook, Runner, Tool, Toolbox};

use crate::cmd::tool::source::{self, Source};
use crate::config::Config;
use crate::error::Failure;
use crate::guard;
use crate::paths::DataDir;
use crate::progress;

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
    pub(super) images: Vec<Arc<Found>>,
}

/// A component that was found, and not compiled.
#[derive(Debug)]
pub(super) struct Found {
    /// The component, as binary.
    component: Bytes,
    /// Its digest.
    pub(super) digest: Digest,
    /// Its surface.
    pub(super) outlook: Outlook,
    /// The name that its tools go by.
    pub(super) name: String,
    /// Instructions for calling it, in words for a model, if its image says so.
    pub(super) note: String,
    /// Its name in messages.
    pub(super) origin: String,
    /// Its file, which may be another one tomorrow; none for one from an image.
    pub(super) file: Option<PathBuf>,
    /// True if its directory was named, and not the file itself.
    pub(super) among_others: bool,
}

/// A file that is served, or its directory is.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// True if its directory was named, and not the file itself.
    pub(super) among_others: bool,
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
    pub(crate) async fn find(
        written: &[String],
        plain_http: bool,
        config: &Config,
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
                    let source = Source::image(&image, plain_http, config, data).await?;
                    images.push(Arc::new(Found::new(source, None)));
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
            guard::add(&mut guarded, &file.path, guard::COMPONENT)?;
        }
        Ok(guarded)
    }

    /// Every component file, in the order in which they were named.
    ///
    /// # Errors
    ///
    /// If there are too many components, or a directory cannot be read.
    pub(super) fn files(&self) -> Result<Vec<File>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            let among_others = path.is_dir();
            let paths = if among_others {
                in_directory(path)?
            } else {
                vec![path.clone()]
            };
            files.extend(paths.into_iter().map(|path| File { path, among_others }));
        }
        let found = files.len() + self.images.len();
        if found > MAX_COMPONENTS {
            return Err(Failure::usage(format!(
                "there are {found} components: at most {MAX_COMPONENTS} are served"
            )));
        }
        Ok(files)
    }

    /// Refuses a directory without components: nothing in it would ever be served.
    pub(super) fn check_directories(&self) -> Result<(), Failure> {
        for path in self.paths.iter().filter(|path| path.is_dir()) {
            if in_directory(path)?.is_empty() {
                return Err(Failure::usage(format!(
                    "{}: it holds no component (*.wasm): name another directory, or serve what \
                     comes into this one with --reload",
                    path.display()
                )));
            }
        }
        Ok(())
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
            .map(|file| stamp(file.path))
            .collect()
    }
}

impl Found {
    /// Reads a component's file.
    pub(super) fn of_file(file: File) -> Result<Self, Failure> {
        let source = Source::file(&file.path)?;
        Ok(Self::new(source, Some(file)))
    }

    fn new(source: Source, file: Option<File>) -> Self {
        let outlook = Outlook::read(&source.component, &source.origin);
        let name = match outlook.manifest().tool.name.as_str() {
            "" => source.name(),
            name => name,
        };
        Self {
            name: name.to_owned(),
            note: source.note(),
            digest: Digest::of(&source.component),
            outlook,
            origin: source.origin,
            component: source.component,
            among_others: file.as_ref().is_some_and(|file| file.among_others),
            file: file.map(|file| file.path),
        }
    }

    /// Loads the component, and compiles it where that was never done. None of it runs.
    pub(super) async fn load(&self, runner: &Runner) -> Result<Component, Failure> {
        let Self {
            component,
            digest: _,
            outlook: _,
            name,
            note,
            origin,
            file,
            among_others: _,
        } = self;
        let load = runner.load(component.clone(), origin, None);
        let installed = progress::loading(origin, component.len(), load).await;
        let installed = installed.map_err(Failure::usage)?;
        Ok(Component {
            installed,
            name: name.clone(),
            note: note.clone(),
            origin: origin.clone(),
            file: file.clone(),
        })
    }
}

impl Component {
    /// Makes its tools.
    pub(super) async fn offer(
        &self,
        runner: &Runner,
        decision: Decision,
        line: &Toolbox,
    ) -> Result<Vec<Tool>, Failure> {
        let Self {
            installed,
            name,
            note,
            origin,
            file: _,
        } = self;
        runner
            .offer(installed, name, note, decision, line)
            .await
            .map_err(|error| Failure::usage(format!("{origin}: {error}")))
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
