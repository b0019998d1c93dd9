//! The way from the start to tools that can be called.
//!
//! Compiling a component takes seconds, and a client gives its server a few until it is answered.
//! So the tools are announced by what components say at their surface; then the components are
//! loaded, two at a time, and those first that somebody calls.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cofferdam_capability::{Decision, ToolName};
use cofferdam_server::mcp::ToolList;
use cofferdam_tool::{Announced, Runner, Tool, Toolbox};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::files::{Files, taken};
use super::named::Found;
use super::pinned_manifests::PinnedManifests;
use crate::error::Failure;
use crate::{console, offers};

/// Components that are loaded at once, while nobody waits for another one.
const AT_ONCE: usize = 2;

/// The time that a client has for its first call before tools are loaded that nobody called.
const GRACE: Duration = Duration::from_millis(100);

/// Components whose tools are announced, and that are not loaded.
#[derive(Debug)]
pub(super) struct Opening {
    waiting: VecDeque<Waiting>,
}

/// One of them.
#[derive(Debug)]
struct Waiting {
    found: Arc<Found>,
    /// Its tools, as far as they are known.
    announced: Vec<Announced>,
}

/// A component that was loaded, or cannot be.
struct Loaded {
    waiting: Waiting,
    tools: Result<Vec<Tool>, Failure>,
}

impl Opening {
    /// Announces the tools of all files, and pins the manifests of their components.
    pub(super) async fn begin(files: &mut Files) -> Result<(Self, ToolList), Failure> {
        let found = files.find().await?;
        files.pinned = PinnedManifests::about(&found);
        let guarded = files.named.guarded()?;
        let mut list = ToolList::begun(files.line.anew());
        let mut from: BTreeMap<ToolName, String> = BTreeMap::new();
        let mut waiting = VecDeque::new();
        for found in found {
            let Found {
                outlook,
                name,
                note,
                origin,
                ..
            } = found.as_ref();
            let wrong = |error: String| Failure::usage(format!("{origin}: {error}"));
            // Also for one file of many: what a tool may touch is for the operator to mend.
            let (grant, announced) = outlook
                .announce(&files.runner, name, note, files.decision.clone())
                .map_err(|error| wrong(error.to_string()))?;
            guarded
                .check(&grant)
                .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
            let known = announced
                .iter()
                .find_map(|tool| Some((from.get(&tool.descriptor.name)?, &tool.descriptor.name)));
            if let Some((other, tool)) = known {
                leave_out(&found, taken(origin, other, tool))?;
                continue;
            }
            let mut longer = list.clone();
            let announcing = announced
                .iter()
                .try_for_each(|tool| longer.announce(tool))
                .map_err(|error| wrong(error.to_string()));
            if let Err(failure) = announcing {
                leave_out(&found, failure)?;
                continue;
            }
            list = longer;
            if announced.is_empty() {
                list.await_component();
            }
            for tool in &announced {
                from.insert(tool.descriptor.name.clone(), origin.clone());
            }
            offers::tell(name, &grant);
            waiting.push_back(Waiting { found, announced });
        }
        Ok((Self { waiting }, list))
    }

    /// Loads every component, those first whose tools come through `wanted`, and hands on the list
    /// each time that another one can be called. A file of a directory that cannot be served is
    /// left out, with a note; anything else that is wrong ends it.
    pub(super) async fn finish(
        self,
        files: &Files,
        list: &watch::Sender<Arc<ToolList>>,
        mut wanted: mpsc::Receiver<String>,
    ) -> Result<(), Failure> {
        let mut waiting = self.waiting;
        let mut loading = JoinSet::new();
        // Components that somebody waits for, or may.
        let mut urgent = 0_usize;
        let start = |loading: &mut JoinSet<_>, next: Waiting, wanted: bool| {
            let runner = Arc::clone(&files.runner);
            let line = Arc::clone(&files.line);
            let decision = files.decision.clone();
            loading.spawn(async move { (next.load(runner, line, decision).await, wanted) });
        };
        // Those first whose tools nobody knows.
        for next in std::mem::take(&mut waiting) {
            if next.announced.is_empty() {
                urgent = urgent.saturating_add(1);
                start(&mut loading, next, true);
            } else {
                waiting.push_back(next);
            }
        }
        let mut grace = pin!(tokio::time::sleep(GRACE));
        let mut is_quiet = false;
        while !waiting.is_empty() || !loading.is_empty() {
            while is_quiet
                && urgent == 0
                && loading.len() < AT_ONCE
                && let Some(next) = waiting.pop_front()
            {
                start(&mut loading, next, false);
            }
            tokio::select! {
                () = &mut grace, if !is_quiet => is_quiet = true,
                Some(name) = wanted.recv() => {
                    let place = waiting.iter().position(|waiting| waiting.has(&name));
                    if let Some(next) = place.and_then(|place| waiting.remove(place)) {
                        urgent = urgent.saturating_add(1);
                        start(&mut loading, next, true);
                    }
                }
                Some(loaded) = loading.join_next() => {
                    let (loaded, was_wanted) = loaded.map_err(Failure::work)?;
                    urgent = urgent.saturating_sub(usize::from(was_wanted));
                    add(loaded, list)?;
                }
            }
        }
        let whole = list.borrow().completed();
        list.send_replace(Arc::new(whole));
        Ok(())
    }
}

impl Waiting {
    fn has(&self, name: &str) -> bool {
        self.announced
            .iter()
            .any(|tool| tool.descriptor.name == name)
    }

    async fn load(self, runner: Arc<Runner>, line: Arc<Toolbox>, decision: Decision) -> Loaded {
        let load = async {
            let component = self.found.load(&runner).await?;
            component.offer(&runner, decision, &line).await
        };
        let tools = load.await;
        Loaded {
            waiting: self,
            tools,
        }
    }
}

/// Puts the tools of a component on the list.
fn add(loaded: Loaded, list: &watch::Sender<Arc<ToolList>>) -> Result<(), Failure> {
    let Loaded {
        waiting: Waiting { found, announced },
        tools,
    } = loaded;
    let now = Arc::clone(&list.borrow());
    let with = tools.and_then(|tools| {
        now.with(&announced, tools)
            .map_err(|error| Failure::usage(format!("{}: {error}", found.origin)))
    });
    let new = match with {
        Ok(new) => new,
        Err(failure) => {
            leave_out(&found, failure)?;
            now.without(&announced)
        }
    };
    list.send_replace(Arc::new(new));
    Ok(())
}

/// Leaves out a file of a directory, and tells the operator. One that was named itself is an error.
fn leave_out(found: &Found, failure: Failure) -> Result<(), Failure> {
    if !found.among_others {
        return Err(failure);
    }
    console::note(&format!(
        "left out, and the others are served: {}",
        failure.sentence()
    ));
    Ok(())
}
