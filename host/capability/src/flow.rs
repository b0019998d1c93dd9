//! The hosts that the data of an agent can reach: decided over what its tools get, and over the
//! calls that they make of one another. Nothing here is a guess about what a tool does: every tool
//! is taken to do everything that it may.
//!
//! Data that a tool has goes to its hosts, into directories that it writes, with the arguments of a
//! call to the called tool, and with the result back to the caller. From a directory it goes to
//! every tool that reads there. Data that a called tool was given by one caller does not come back
//! to another one. A result also goes to the model, which may pass it on to any tool: that way is
//! counted apart.
//!
//! Absent on purpose: servers that send on what they got, and the depth of calls (a longer chain
//! than `nested-depth` is taken to be possible).

mod contexts;
mod error;
mod facts;
#[cfg(test)]
mod tests;
mod way;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use crate::access::Access;
use contexts::{Context, Contexts};
pub use error::FlowError;
pub use facts::{FlowDirectory, FlowTool};
pub use way::{Flow, FlowSource, FlowStep};

/// Ways that one search may look at (4 Mi): more than 1,000 contexts that all call one another.
const MOST_STEPS: usize = 4 << 20;

/// Every pair of a source and a host such that data can get from the one to the other, sorted by
/// source and host. A model may call every tool.
///
/// # Errors
///
/// If there are too many ways in which the tools call one another.
pub fn flows(tools: &[FlowTool]) -> Result<Vec<Flow>, FlowError> {
    let net = Net::new(tools)?;
    let mut sources = BTreeSet::new();
    for tool in tools {
        let directories = tool.directories.iter();
        sources.extend(directories.map(|directory| FlowSource::Directory(directory.place.clone())));
        let variables = tool.variables.iter();
        sources.extend(variables.map(|name| FlowSource::Variable(name.clone())));
    }
    let mut flows = Vec::new();
    let mut left = MOST_STEPS;
    for source in &sources {
        let alone = net.search(source, false, &mut left)?;
        let with = net.search(source, true, &mut left)?;
        for (host, steps) in with {
            let without = alone.get(&host);
            flows.push(Flow {
                source: source.clone(),
                host,
                through_model: without.is_none(),
                steps: without.cloned().unwrap_or(steps),
            });
        }
    }
    Ok(flows)
}

/// A place where data can be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In a directory.
    Directory(PathBuf),
    /// In a tool that got it by itself: it read it, or a tool answered with it.
    Own(usize),
    /// In a tool, wherever from.
    Has(usize),
    /// In the conversation of the model.
    Model,
    /// On a host.
    Host(String),
}

/// The place from which data first came to each place, and the step that it took.
type Before = BTreeMap<Place, Option<(Place, Option<FlowStep>)>>;

/// One way to another place. Some ways are no step that a person has to read.
struct Way {
    to: Place,
    step: Option<FlowStep>,
}

/// Everything between which data goes.
struct Net<'a> {
    contexts: Contexts<'a>,
}

impl<'a> Net<'a> {
    fn new(tools: &'a [FlowTool]) -> Result<Self, FlowError> {
        Ok(Self {
            contexts: Contexts::of(tools)?,
        })
    }

    /// The hosts that data of a source can reach, each with a shortest way.
    fn search(
        &self,
        source: &FlowSource,
        with_model: bool,
        left: &mut usize,
    ) -> Result<BTreeMap<String, Vec<FlowStep>>, FlowError> {
        let mut before = Before::new();
        let mut next = VecDeque::new();
        match source {
            FlowSource::Directory(path) => {
                let begin = Place::Directory(path.clone());
                before.insert(begin.clone(), None);
                next.push_back(begin);
            }
            FlowSource::Variable(name) => {
                for (index, context) in self.contexts.all().enumerate() {
                    if context.tool.variables.contains(name) {
                        before.insert(Place::Own(index), None);
                        next.push_back(Place::Own(index));
                    }
                }
            }
        }
        let mut found = BTreeMap::new();
        while let Some(place) = next.pop_front() {
            if let Place::Host(host) = &place {
                found.insert(host.clone(), self.way(&before, source, &place));
                continue;
            }
            for Way { to, step } in self.ways(&place, with_model) {
                *left = left.checked_sub(1).ok_or(FlowError::TooMuch)?;
                if !before.contains_key(&to) {
                    before.insert(to.clone(), Some((place.clone(), step)));
                    next.push_back(to);
                }
            }
        }
        Ok(found)
    }

    /// The steps of the way that led to a place.
    fn way(&self, before: &Before, source: &FlowSource, end: &Place) -> Vec<FlowStep> {
        let mut steps = Vec::new();
        let mut at = end;
        while let Some(Some((from, step))) = before.get(at) {
            steps.extend(step.clone());
            at = from;
        }
        if let (FlowSource::Variable(_), Place::Own(index)) = (source, at)
            && let Some(context) = self.contexts.get(*index)
        {
            steps.push(FlowStep::Read {
                tool: context.tool.name.clone(),
                directory: None,
            });
        }
        steps.reverse();
        steps
    }

    fn ways(&self, place: &Place, with_model: bool) -> Vec<Way> {
        match place {
            Place::Directory(path) => self.readers(path).collect(),
            Place::Own(index) => self.ways_of_reader(*index, with_model),
            Place::Has(index) => self.ways_of_holder(*index),
            Place::Model => {
                let roots = self.contexts.roots();
                let ways = roots.map(|(index, context)| Way {
                    to: Place::Has(index),
                    step: Some(FlowStep::Passed {
                        tool: context.tool.name.clone(),
                    }),
                });
                ways.collect()
            }
            Place::Host(_) => Vec::new(),
        }
    }

    /// The tools that read in a directory.
    fn readers<'p>(&'p self, path: &'p Path) -> impl Iterator<Item = Way> + 'p {
        let reads = move |context: &Context<'_>| {
            let mut directories = context.directories.iter();
            directories.any(|directory| overlap(&directory.place, path))
        };
        let contexts = self.contexts.all().enumerate();
        contexts
            .filter(move |(_, context)| reads(context))
            .map(move |(index, context)| Way {
                to: Place::Own(index),
                step: Some(FlowStep::Read {
                    tool: context.tool.name.clone(),
                    directory: Some(path.to_owned()),
                }),
            })
    }

    fn ways_of_reader(&self, index: usize, with_model: bool) -> Vec<Way> {
        let Some(context) = self.contexts.get(index) else {
            return Vec::new();
        };
        let name = || context.tool.name.clone();
        let mut ways = vec![Way {
            to: Place::Has(index),
            step: None,
        }];
        for &caller in &context.callers {
            let Some(called_by) = self.contexts.get(caller) else {
                continue;
            };
            ways.push(Way {
                to: Place::Own(caller),
                step: Some(FlowStep::Answer {
                    from: name(),
                    to: called_by.tool.name.clone(),
                }),
            });
        }
        if with_model && context.is_root() {
            ways.push(Way {
                to: Place::Model,
                step: Some(FlowStep::Told { tool: name() }),
            });
        }
        ways
    }

    fn ways_of_holder(&self, index: usize) -> Vec<Way> {
        let Some(context) = self.contexts.get(index) else {
            return Vec::new();
        };
        let name = || context.tool.name.clone();
        let mut ways = Vec::new();
        ways.extend(context.hosts.iter().map(|host| Way {
            to: Place::Host(host.to_string()),
            step: Some(FlowStep::Send { tool: name() }),
        }));
        for &callee in &context.callees {
            let Some(called) = self.contexts.get(callee) else {
                continue;
            };
            ways.push(Way {
                to: Place::Has(callee),
                step: Some(FlowStep::Call {
                    from: name(),
                    to: called.tool.name.clone(),
                }),
            });
        }
        let written = context.directories.iter();
        let written = written.filter(|directory| directory.access == Access::ReadWrite);
        ways.extend(written.map(|directory| Way {
            to: Place::Directory(directory.place.clone()),
            step: Some(FlowStep::Write {
                tool: name(),
                directory: directory.place.clone(),
            }),
        }));
        ways
    }
}

/// Returns true if one of the two lies in the other.
fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
