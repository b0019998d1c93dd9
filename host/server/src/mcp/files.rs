//! Tools from component files, with what changes in them, and from images.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use cofferdam_capability::Decision;
use cofferdam_tool::{Installed, Queue, Runner, Tool};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::shelf::{Facts, Shelf};
use crate::cmd::tool::name_of;
use crate::cmd::tool::source::{Meant, Source};
use crate::error::Failure;
use crate::offers;
use crate::paths::DataDir;

/// Components that one server offers; each is held in memory.
const MAX_COMPONENTS: usize = 256;

/// Entries of a directory that are looked at for components.
const MAX_ENTRIES: usize = 10_000;

/// How often files are looked at for changes: a look costs microseconds, and nobody waits longer for a new tool.
const LOOK: Duration = Duration::from_secs(1);

/// When files that were wrong are tried again although they are the same: what was wrong may have been the machine's.
const AGAIN: Duration = Duration::from_secs(10);

/// Components that are made ready at once. More would only wait for each other's compilation.
const AT_ONCE: usize = 4;

/// What the command line names.
#[derive(Debug)]
pub(crate) struct Named {
    /// Components, and directories with components.
    paths: Vec<PathBuf>,
    /// What the names of images meant when this process was started; nobody swaps a tool under a running client.
    images: Vec<Component>,
}

impl Named {
    /// Finds out what each name means, and fetches what is an image. A directory that is there is a directory.
    pub(crate) async fn load(
        runner: &Runner,
        written: &[String],
        plain_http: bool,
        data: &DataDir,
    ) -> Result<Self, Failure> {
        let (mut paths, mut images) = (Vec::new(), Vec::new());
        for written in written {
            if Path::new(written).is_dir() {
                paths.push(PathBuf::from(written));
                continue;
            }
            match Meant::by(written, data)? {
                Meant::File(path) => paths.push(path),
                Meant::Image(_) if images.len() == MAX_COMPONENTS => {
                    return Err(Failure::usage(format!("there are more than {MAX_COMPONENTS} images: serve fewer")));
                }
                Meant::Image(image) => {
                    let source = Source::image(&image, plain_http, data).await?;
                    images.push(Component::load(runner, &source).await?);
                }
            }
        }
        Ok(Self { paths, images })
    }
}

/// A component that was loaded.
#[derive(Debug, Clone)]
struct Component {
    installed: Installed,
    name: String,
    /// How to call it, in words for a model, if its image says so.
    note: String,
    /// What to call it in messages.
    origin: String,
}

impl Component {
    async fn load(runner: &Runner, source: &Source) -> Result<Self, Failure> {
        let installed = runner.load(&source.component, &source.origin, None).await.map_err(Failure::usage)?;
        let name = name_of(&installed, source).to_owned();
        let note = source.usage().map(|usage| format!("## Usage\n\n{usage}")).unwrap_or_default();
        Ok(Self { installed, name, note, origin: source.origin.clone() })
    }
}

/// Where a component is taken from.
#[derive(Debug)]
enum Given {
    File(PathBuf),
    Loaded(Component),
}

/// Components, with what each of their tools is granted.
#[derive(Debug)]
pub(crate) struct Files {
    runner: Arc<Runner>,
    /// All calls of this process wait in one queue, as those of an agent do.
    queue: Arc<Queue>,
    named: Named,
    decision: Decision,
}

/// What a file was when it was last looked at.
pub(crate) type Stamp = (PathBuf, u64, Option<SystemTime>);

impl Files {
    pub(crate) fn new(runner: Arc<Runner>, named: Named, decision: Decision) -> Self {
        Self { queue: runner.queue(), runner, named, decision }
    }

    /// Makes every tool ready. The first one that is wrong ends it.
    pub(crate) async fn shelf(&self) -> Result<Shelf, Failure> {
        let files = self.components()?.into_iter().map(Given::File);
        let images = self.named.images.iter().cloned().map(Given::Loaded);
        let components: Vec<_> = files.chain(images).collect();
        if components.len() > MAX_COMPONENTS {
            let found = components.len();
            return Err(Failure::usage(format!("there are {found} components: at most {MAX_COMPONENTS} are served")));
        }
        // Tools find those they call among those that are offered with them.
        let queue = self.queue.anew();
        let made = components.into_iter().map(|given| self.spawn(given, &queue));
        let made: Vec<(String, Vec<Tool>)> = stream::iter(made).buffered(AT_ONCE).try_collect().await?;
        let mut shelf = Shelf::default();
        let mut from: BTreeMap<String, String> = BTreeMap::new();
        for (origin, tools) in made {
            for tool in tools {
                let wrong = |problem: String| Failure::usage(format!("{origin}: {problem}"));
                if let Some(other) = from.insert(tool.name().to_owned(), origin.clone()) {
                    let name = tool.name();
                    let right = "give one of them another `name` in its manifest, or leave it out";
                    return Err(wrong(format!("{other} has a tool `{name}` too: {right}")));
                }
                shelf.add(Facts::of(&tool)).map_err(wrong)?;
                // The name is free: it is not in `from`.
                let _ = shelf.catalog.add(tool);
            }
        }
        Ok(shelf)
    }

    /// Looks at the files for ever, which were as in `seen` when the shelf was filled, and puts new tools on the shelf. When
    /// something is wrong with them, what was served is served on.
    pub(crate) async fn watch(self, mut seen: Vec<Stamp>, shelf: watch::Sender<Arc<Shelf>>) {
        // What was wrong last time, and when.
        let mut wrong: Option<(String, Instant)> = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.stamps();
            if now == seen && wrong.as_ref().is_none_or(|(_, when)| when.elapsed() < AGAIN) {
                continue;
            }
            seen = now;
            match self.shelf().await {
                // Also when only the code has changed: calls go to the new one.
                Ok(new) => {
                    let new = Arc::new(new);
                    let same = new.says_the_same_as(&shelf.borrow());
                    shelf.send_if_modified(|old| {
                        *old = new;
                        !same
                    });
                    wrong = None;
                }
                Err(failure) => {
                    let sentence = failure.sentence().to_owned();
                    if wrong.as_ref().is_none_or(|(last, _)| *last != sentence) {
                        tracing::error!("the tools stay as they were: {sentence}");
                    }
                    wrong = Some((sentence, Instant::now()));
                }
            }
        }
    }

    /// Every component file, in the order in which they were named.
    fn components(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut components = Vec::new();
        for path in &self.named.paths {
            if path.is_dir() {
                components.extend(in_directory(path)?);
            } else {
                components.push(path.clone());
            }
        }
        Ok(components)
    }

    /// What the files are now.
    pub(crate) fn stamps(&self) -> Vec<Stamp> {
        let stamp = |path: PathBuf| {
            let metadata = std::fs::metadata(&path).ok();
            let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
            (path, size, metadata.and_then(|metadata| metadata.modified().ok()))
        };
        self.components().unwrap_or_default().into_iter().map(stamp).collect()
    }

    /// In a task of its own, so that components are made ready on all cores.
    async fn spawn(&self, given: Given, queue: &Arc<Queue>) -> Result<(String, Vec<Tool>), Failure> {
        let (runner, queue, decision) = (Arc::clone(&self.runner), Arc::clone(queue), self.decision.clone());
        let made = tokio::spawn(async move {
            let Component { installed, name, note, origin } = match given {
                Given::File(path) => Component::load(&runner, &Source::file(&path)?).await?,
                Given::Loaded(component) => component,
            };
            let wrong = |error| Failure::usage(format!("{origin}: {error}"));
            let tools = runner.offer(&installed, &name, &note, decision, &queue).await.map_err(wrong)?;
            offers::tell(&name, &tools);
            Ok((origin, tools))
        });
        made.await.map_err(Failure::work)?
    }
}

/// The components of a directory, by name.
fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", directory.display()));
    let entries = std::fs::read_dir(directory).map_err(|error| wrong(error.to_string()))?;
    let mut components = Vec::new();
    for (count, entry) in entries.enumerate() {
        if count == MAX_ENTRIES {
            return Err(wrong(format!("it has more than {MAX_ENTRIES} entries: name one with components alone")));
        }
        let path = entry.map_err(|error| wrong(error.to_string()))?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            components.push(path);
        }
    }
    components.sort();
    Ok(components)
}
