//! Calls that made one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cofferdam_capability::{CallBound, Digest};

use crate::origin::Origin;
use crate::tool::Tool;

/// The place of a call among those that made one another.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The agent and the session that all of it is done for.
    pub(crate) origin: Origin,
    /// The name of the call, the same for every attempt at it.
    pub(crate) name: Arc<str>,
    /// Calls that it is inside of.
    pub(crate) depth: u64,
    /// Calls that may be made inside one another from here.
    pub(crate) deeper: u64,
    /// The part of a tool's grant that each of those outside of it passes on.
    pub(crate) bounds: Vec<CallBound>,
    /// Calls that may still be made, by all of the chain together.
    more: Arc<AtomicU64>,
    /// The number of these at first.
    most: u64,
}

impl Chain {
    /// The chain of a top-level call of this name.
    pub(crate) fn of(tool: &Tool, origin: Origin, name: String) -> Self {
        let limits = tool.grant().limits();
        let most = limits.nested_calls.0;
        Self {
            origin,
            name: name.into(),
            depth: 0,
            deeper: limits.nested_depth.0,
            bounds: Vec::new(),
            more: Arc::new(AtomicU64::new(most)),
            most,
        }
    }

    /// The chain of another attempt at a top-level call, which may make as many calls as the first.
    pub(crate) fn anew(&self) -> Self {
        Self {
            more: Arc::new(AtomicU64::new(self.most)),
            ..self.clone()
        }
    }

    /// Counts one call more, if there may be one.
    pub(crate) fn takes_one_more(&self) -> bool {
        let less = |more: u64| more.checked_sub(1);
        self.more
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// The place of a call of `tool` that this one makes, which is one of `caller`.
    pub(crate) fn inner(&self, caller: &Tool, tool: &Tool) -> Self {
        let deeper = self
            .deeper
            .saturating_sub(1)
            .min(tool.grant().limits().nested_depth.0);
        let depth = self.depth.saturating_add(1);
        let mut bounds = self.bounds.clone();
        bounds.extend(caller.grant().call_bound(tool.name()).cloned());
        // In each attempt the same call is the same one of those that were made.
        let left = self.more.load(Ordering::Relaxed);
        let inner = || Digest::of(format!("{}\0{}\0{left}", self.name, tool.name()).as_bytes());
        let name = match &*self.name {
            "" => String::new(),
            _ => inner().hex(),
        };
        Self {
            name: name.into(),
            deeper,
            depth,
            bounds,
            ..self.clone()
        }
    }
}
