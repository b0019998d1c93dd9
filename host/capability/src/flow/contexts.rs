//! The ways in which the tools of an agent are called: by the model, or by one another under the
//! bounds of every call around.

use std::collections::{BTreeMap, BTreeSet};

use super::error::FlowError;
use super::facts::{FlowDirectory, FlowTool};
use crate::access::Access;
use crate::call_bound::CallBound;
use crate::network::HostPattern;

/// Contexts that are followed at most (1,024): an agent has some dozens of tools, and few of them
/// call others.
const MOST_CONTEXTS: usize = 1 << 10;

/// The bounds of the calls around, by their places in the list of all bounds. The same bound twice
/// lessens nothing more, and their order makes no difference.
type Around = BTreeSet<usize>;

/// A tool in a call.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) tool: &'a FlowTool,
    /// The directories that are left of its own.
    pub(super) directories: Vec<FlowDirectory>,
    /// The hosts that are left of its own.
    pub(super) hosts: Vec<HostPattern>,
    /// The contexts that it calls.
    pub(super) callees: BTreeSet<usize>,
    /// The contexts that call it.
    pub(super) callers: BTreeSet<usize>,
    around: Around,
}

/// Every context, those of the model's calls first, in the order of the tools.
#[derive(Debug)]
pub(super) struct Contexts<'a> {
    all: Vec<Context<'a>>,
}

impl Context<'_> {
    /// Returns true if the model may make this call itself.
    pub(super) fn is_root(&self) -> bool {
        self.around.is_empty()
    }
}

impl<'a> Contexts<'a> {
    /// The contexts of these tools.
    pub(super) fn of(tools: &'a [FlowTool]) -> Result<Self, FlowError> {
        let mut bounds: Vec<&CallBound> = Vec::new();
        let mut known: BTreeMap<(usize, Around), usize> = BTreeMap::new();
        let mut all: Vec<Context<'a>> = Vec::new();
        for (index, tool) in tools.iter().enumerate() {
            known.insert((index, Around::new()), index);
            all.push(context(tool, Around::new(), &bounds));
        }
        let mut at = 0;
        while let Some(caller) = all.get(at) {
            let calls = &caller.tool.calls;
            let around = caller.around.clone();
            let mut called = Vec::new();
            for (name, bound) in calls {
                // The first of a name is the one that is called.
                let Some(index) = tools.iter().position(|tool| tool.name == *name) else {
                    continue;
                };
                let mut around = around.clone();
                if !bound.is_all() {
                    let place = bounds.iter().position(|known| *known == bound);
                    let place = place.unwrap_or_else(|| {
                        bounds.push(bound);
                        bounds.len() - 1
                    });
                    around.insert(place);
                }
                called.push((index, around));
            }
            for (index, around) in called {
                let key = (index, around);
                let callee = match known.get(&key) {
                    Some(&callee) => callee,
                    None => {
                        let callee = all.len();
                        if callee >= MOST_CONTEXTS {
                            return Err(FlowError::TooMuch);
                        }
                        let Some(tool) = tools.get(index) else {
                            continue;
                        };
                        all.push(context(tool, key.1.clone(), &bounds));
                        known.insert(key, callee);
                        callee
                    }
                };
                if let Some(caller) = all.get_mut(at) {
                    caller.callees.insert(callee);
                }
                if let Some(callee) = all.get_mut(callee) {
                    callee.callers.insert(at);
                }
            }
            at += 1;
        }
        Ok(Self { all })
    }

    pub(super) fn get(&self, index: usize) -> Option<&Context<'a>> {
        self.all.get(index)
    }

    /// Every context, in the order of its index.
    pub(super) fn all(&self) -> impl Iterator<Item = &Context<'a>> {
        self.all.iter()
    }

    /// The contexts of calls that the model makes.
    pub(super) fn roots(&self) -> impl Iterator<Item = (usize, &Context<'a>)> {
        let contexts = self.all.iter().enumerate();
        contexts.filter(|(_, context)| context.is_root())
    }
}

fn context<'a>(tool: &'a FlowTool, around: Around, bounds: &[&CallBound]) -> Context<'a> {
    let mut directories = tool.directories.clone();
    let mut hosts = tool.hosts.clone();
    for bound in around.iter().filter_map(|&index| bounds.get(index)) {
        let CallBound {
            directories: named,
            access,
            hosts: reached,
        } = bound;
        if let Some(named) = named {
            let parts = named
                .iter()
                .flat_map(|within| directories.iter().filter_map(|own| own.part(within)));
            let parts: Vec<_> = parts.collect();
            directories = Vec::new();
            for part in parts {
                if !directories.contains(&part) {
                    directories.push(part);
                }
            }
        }
        let most = access.unwrap_or(Access::ReadWrite);
        for directory in &mut directories {
            directory.access = directory.access.min(most);
        }
        if let Some(reached) = reached {
            let met = hosts
                .iter()
                .flat_map(|host| reached.iter().filter_map(|other| host.meet(other)));
            let met: Vec<_> = met.collect();
            hosts = Vec::new();
            for host in met {
                if !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
        }
    }
    Context {
        tool,
        directories,
        hosts,
        callees: BTreeSet::new(),
        callers: BTreeSet::new(),
        around,
    }
}
