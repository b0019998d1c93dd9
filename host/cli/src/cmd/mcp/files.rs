//! Tools from component files, with what changes in them, and from images.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cofferdam_capability::Decision;
use cofferdam_server::mcp::ToolList;
use cofferdam_tool::{Runner, Tool, Toolbox};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::decided::Decided;
use super::named::{Component, MAX_COMPONENTS, Named, Stamp};
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
    runner: Arc<Runner>,
    /// Empty. All calls of this process wait in its line, as those of an agent do.
    line: Arc<Toolbox>,
    named: Named,
    decision: Decision,
    decided: Decided,
}

impl Files {
    /// Makes every tool ready. The first one that is wrong ends it. What the components ask for now
    /// is what the operator has decided about.
    pub(crate) async fn open(
        runner: Arc<Runner>,
        named: Named,
        decision: Decision,
    ) -> Result<(Self, ToolList), Failure> {
        let mut files = Self {
            line: Arc::new(runner.toolbox()),
            runner,
            named,
            decision,
            decided: Decided::default(),
        };
        let components = files.load().await?;
        files.decided = Decided::about(&components);
        let tools = files.offer(components).await?;
        Ok((files, tools))
    }

    /// Makes the tools ready as they are now, but for those that ask for more than was decided
    /// about, and says which.
    async fn open_again(&self) -> Result<(ToolList, Vec<String>), Failure> {
        let mut offered = Vec::new();
        let mut withheld = Vec::new();
        for component in self.load().await? {
            match self.decided.refuses(&self.runner, &component) {
                Some(sentence) => withheld.push(sentence),
                None => offered.push(component),
            }
        }
        Ok((self.offer(offered).await?, withheld))
    }

    /// Loads every component. None of it has run yet.
    async fn load(&self) -> Result<Vec<Component>, Failure> {
        let paths = self.named.files()?;
        let found = paths.len() + self.named.images.len();
        if found > MAX_COMPONENTS {
            return Err(Failure::usage(format!(
                "there are {found} components: at most {MAX_COMPONENTS} are served"
            )));
        }
        let load = |path: PathBuf| {
            let runner = Arc::clone(&self.runner);
            async move { Component::of_file(&runner, path).await }
        };
        let mut components = all(paths.into_iter().map(load)).await?;
        components.extend(self.named.images.iter().cloned());
        Ok(components)
    }

    async fn offer(&self, components: Vec<Component>) -> Result<ToolList, Failure> {
        // Tools find those they call among those that are offered with them.
        let mut toolbox = self.line.anew();
        let offer = |component: Component| {
            let runner = Arc::clone(&self.runner);
            let line = Arc::clone(&self.line);
            let decision = self.decision.clone();
            async move {
                let Component {
                    installed,
                    name,
                    note,
                    origin,
                    ..
                } = component;
                let wrong = |error| Failure::usage(format!("{origin}: {error}"));
                let tools = runner
                    .offer(&installed, &name, &note, decision, &line)
                    .await
                    .map_err(wrong)?;
                offers::tell(&name, &tools);
                Ok((origin, tools))
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
                let wrong = |problem: String| Failure::usage(format!("{origin}: {problem}"));
                if let Some(other) = from.insert(tool.name().to_owned(), origin.clone()) {
                    let name = tool.name();
                    let right = "give one of them another `name` in its manifest, or leave it out";
                    return Err(wrong(format!("{other} has a tool `{name}` too: {right}")));
                }
                toolbox
                    .add(tool)
                    .map_err(|taken| wrong(taken.to_string()))?;
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
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.named.stamps();
            let changed = now
                .iter()
                .find(|stamp| !seen.contains(stamp))
                .or_else(|| seen.iter().find(|stamp| !now.contains(stamp)));
            if let Some((path, ..)) = changed {
                console::note(&format!(
                    "{} has changed since this was started, and is served as it was: start this \
                     again to serve it, or with --reload to serve changes at once",
                    path.display()
                ));
                seen = now;
            }
        }
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
                    let new = Arc::new(new);
                    let same = new.says_the_same_as(&tools.borrow());
                    tools.send_if_modified(|old| {
                        *old = new;
                        !same
                    });
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

/// Returns the results of all of these, in tasks of their own, so that components are made ready on
/// all cores.
async fn all<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = Result<T, Failure>> + Send + 'static>,
) -> Result<Vec<T>, Failure> {
    let spawned = work.map(|work| async { tokio::spawn(work).await.map_err(Failure::work)? });
    stream::iter(spawned).buffered(AT_ONCE).try_collect().await
}
