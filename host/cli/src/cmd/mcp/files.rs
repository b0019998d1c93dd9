//! Tools from component files, with what changes in them, and from images.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_capability::Decision;
use cofferdam_server::mcp::ToolList;
use cofferdam_tool::{Runner, Tool, Toolbox};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::named::{Component, File, Found, Named, Stamp};
use super::pinned_manifests::PinnedManifests;
use crate::error::Failure;
use crate::{console, offers};

/// Interval at which files are looked at for changes: a look costs microseconds, and nobody notices
/// so short a wait for a new tool.
const LOOK: Duration = Duration::from_millis(250);

/// When files that were wrong are tried again although they are the same: what was wrong may have
/// been the machine's.
const AGAIN: Duration = Duration::from_secs(10);

/// Components that are made ready at once. More would only wait for each other's compilation.
const AT_ONCE: usize = 4;

/// Components, with what each of their tools is granted.
#[derive(Debug)]
pub(crate) struct Files {
    pub(super) runner: Arc<Runner>,
    /// Empty. All calls of this process wait in its line, as those of an agent do.
    pub(super) line: Arc<Toolbox>,
    pub(super) named: Named,
    pub(super) decision: Decision,
    pub(super) pinned: PinnedManifests,
}

impl Files {
    pub(crate) fn new(runner: Arc<Runner>, named: Named, decision: Decision) -> Self {
        Self {
            line: Arc::new(runner.toolbox()),
            runner,
            named,
            decision,
            pinned: PinnedManifests::default(),
        }
    }

    /// Reads the surface of every component. A file of a directory that cannot be read is left out,
    /// with a note.
    pub(super) async fn find(&self) -> Result<Vec<Arc<Found>>, Failure> {
        let read = |file: File| async move {
            let among_others = file.among_others;
            let found = tokio::task::spawn_blocking(|| Found::of_file(file)).await;
            match found.map_err(Failure::work)? {
                Ok(found) => Ok(Some(Arc::new(found))),
                Err(failure) if among_others => {
                    console::note(&format!("left out: {}", failure.sentence()));
                    Ok(None)
                }
                Err(failure) => Err(failure),
            }
        };
        let found = all(self.named.files()?.into_iter().map(read)).await?;
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        found.extend(self.named.images.iter().map(Arc::clone));
        Ok(found)
    }

    /// Makes the tools ready as they are now, but for those that ask for more than their pinned
    /// manifests, and says which.
    async fn open_again(&self) -> Result<(ToolList, Vec<String>), Failure> {
        let load = |found: Arc<Found>| {
            let runner = Arc::clone(&self.runner);
            async move { found.load(&runner).await }
        };
        let components: Vec<Component> = all(self.find().await?.into_iter().map(load)).await?;
        let mut offered = Vec::new();
        let mut withheld = Vec::new();
        for component in components {
            match self.pinned.refuses(&self.runner, &component) {
                Some(sentence) => withheld.push(sentence),
                None => offered.push(component),
            }
        }
        Ok((self.offer(offered).await?, withheld))
    }

    async fn offer(&self, components: Vec<Component>) -> Result<ToolList, Failure> {
        // Tools find those they call among those that are offered with them.
        let mut toolbox = self.line.anew();
        let offer = |component: Component| {
            let runner = Arc::clone(&self.runner);
            let line = Arc::clone(&self.line);
            let decision = self.decision.clone();
            async move {
                let tools = component.offer(&runner, decision, &line).await?;
                if let Some(tool) = tools.first() {
                    offers::tell(&component.name, tool.grant());
                }
                Ok((component.origin, tools))
            }
        };
        let made: Vec<(String, Vec<Tool>)> = all(components.into_iter().map(offer)).await?;
        let guarded = self.named.guarded()?;
        for tool in made.iter().flat_map(|(_, tools)| tools) {
            let wrong = |error| Failure::usage(format!("{}: {error}", tool.name()));
            guarded.check(tool.grant()).map_err(wrong)?;
        }
        let mut from: BTreeMap<String, String> = BTreeMap::new();
        for (origin, tools) in made {
            for tool in tools {
                if let Some(other) = from.insert(tool.name().to_owned(), origin.clone()) {
                    return Err(taken(&origin, &other, tool.name()));
                }
                toolbox
                    .add(tool)
                    .map_err(|taken| Failure::usage(format!("{origin}: {taken}")))?;
            }
        }
        Ok(ToolList::of(toolbox)?)
    }

    /// Looks at the files for ever, which were as in `seen` when the tools were listed, and tells
    /// the operator when they are others: what is served stays as it was. The list is kept, because
    /// clients wait for changes of it.
    pub(crate) async fn tell_changes(
        self,
        mut seen: Vec<Stamp>,
        _list: watch::Sender<Arc<ToolList>>,
    ) {
        let first = seen.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.named.stamps();
            for change in self.changes(&first, &seen, &now) {
                console::note(&format!(
                    "{change}: start this again to serve what is there, or with --reload to serve \
                     changes at once"
                ));
            }
            seen = now;
        }
    }

    /// Says which files are new, gone or others than at first. What was `seen` last time was told.
    fn changes(&self, first: &[Stamp], seen: &[Stamp], now: &[Stamp]) -> Vec<String> {
        let is_among = |stamps: &[Stamp], path: &Path| stamps.iter().any(|stamp| stamp.0 == path);
        let mut changes = Vec::new();
        for stamp in now.iter().filter(|stamp| !seen.contains(stamp)) {
            let path = stamp.0.as_path();
            // Also a file that comes back, or is written again as it was.
            if self.pinned.is_as_before(path) {
                continue;
            }
            let shown = path.display();
            if is_among(first, path) {
                changes.push(format!(
                    "{shown} has changed since this was started, and is not served as it is now"
                ));
            } else if !is_among(seen, path) {
                changes.push(format!(
                    "{shown} is new since this was started, and is not served"
                ));
            }
        }
        let gone = seen
            .iter()
            .filter(|stamp| is_among(first, &stamp.0) && !is_among(now, &stamp.0));
        changes.extend(gone.map(|stamp| {
            let path = stamp.0.display();
            format!("{path} is gone since this was started, and what is served stays")
        }));
        changes
    }

    /// Looks at the files for ever, which were as in `seen` when the tools were listed, and lists
    /// new tools. When something is wrong with them, what was served is served on.
    pub(crate) async fn watch(self, mut seen: Vec<Stamp>, tools: watch::Sender<Arc<ToolList>>) {
        // What was wrong last time, and when.
        let mut wrong: Option<(String, Instant)> = None;
        let mut told: Vec<String> = Vec::new();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.named.stamps();
            if now == seen
                && wrong
                    .as_ref()
                    .is_none_or(|(_, when)| when.elapsed() < AGAIN)
            {
                continue;
            }
            seen = now;
            match self.open_again().await {
                // Also when only the code has changed: calls go to the new one.
                Ok((new, withheld)) => {
                    for sentence in withheld.iter().filter(|sentence| !told.contains(sentence)) {
                        console::note(sentence);
                    }
                    told = withheld;
                    tools.send_replace(Arc::new(new));
                    wrong = None;
                }
                Err(failure) => {
                    let sentence = failure.sentence();
                    if wrong.as_ref().is_none_or(|(last, _)| *last != sentence) {
                        tracing::error!("the tools stay as they were: {sentence}");
                    }
                    wrong = Some((sentence, Instant::now()));
                }
            }
        }
    }
}

/// Two components that have a tool of one name.
pub(super) fn taken(origin: &str, other: &str, name: &str) -> Failure {
    let right = "give one of them another `name` in its manifest, or leave it out";
    Failure::usage(format!(
        "{origin}: {other} has a tool `{name}` too: {right}"
    ))
}

/// Returns the results of all of these, in tasks of their own, so that components are made ready on
/// all cores.
async fn all<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = Result<T, Failure>> + Send + 'static>,
) -> Result<Vec<T>, Failure> {
    let spawned = work.map(|work| async { tokio::spawn(work).await.map_err(Failure::work)? });
    stream::iter(spawned).buffered(AT_ONCE).try_collect().await
}
