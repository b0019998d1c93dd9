//! What the calls of one agent share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cofferdam_sandbox::Line;

use crate::tool::{Parts, Tool};

/// Where the calls of one agent wait for each other, in the order in which they came. Only those that are through wait
/// for a place on the host, so an agent with a thousand calls stands in that line with a few of them. It also knows the
/// tools that were offered to the agent: these and no others can they call.
#[derive(Debug)]
pub struct Queue {
    pub(crate) places: Arc<Line>,
    tools: Mutex<BTreeMap<String, Weak<Parts>>>,
}

impl Queue {
    pub(crate) fn new(line: Line) -> Self {
        Self { places: Arc::new(line), tools: Mutex::default() }
    }

    /// The same line, in which no tool is known yet: for tools that are offered anew while calls of the old ones still run.
    #[must_use]
    pub fn anew(&self) -> Arc<Self> {
        Arc::new(Self { places: Arc::clone(&self.places), tools: Mutex::default() })
    }

    /// Makes a tool known to the others, for as long as somebody holds it. The first of its name stays.
    pub(crate) fn add(&self, name: &str, parts: &Arc<Parts>) {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        tools.retain(|_, parts| parts.strong_count() > 0);
        tools.entry(name.to_owned()).or_insert_with(|| Arc::downgrade(parts));
    }

    /// The tool of this name.
    pub(crate) fn tool(self: &Arc<Self>, name: &str) -> Option<Tool> {
        let tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = tools.get(name)?.upgrade()?;
        Some(Tool::new(parts, Arc::clone(self)))
    }
}
