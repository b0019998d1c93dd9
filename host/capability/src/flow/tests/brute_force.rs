//! The same question, answered by playing every call of every tool until nothing new happens.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tool;
use crate::access::Access;
use crate::call_bound::CallBound;
use crate::flow::{FlowSource, FlowTool, flows};

/// Calls inside one another. The tools of a case have at most four bounds and three names.
const DEEPEST: usize = 6;

/// The world: where marked data is by now.
#[derive(Clone, PartialEq, Eq, Default)]
struct World {
    directories: BTreeSet<String>,
    hosts: BTreeSet<String>,
    model: bool,
}

struct Play<'a> {
    tools: &'a [FlowTool],
    variable: Option<&'a str>,
}

fn lies_in(inner: &str, outer: &str) -> bool {
    inner == outer || inner.starts_with(&format!("{outer}/"))
}

fn touch(one: &str, other: &str) -> bool {
    lies_in(one, other) || lies_in(other, one)
}

impl Play<'_> {
    /// A call with marked arguments or without. Returns true if its answer may be marked because of
    /// what it found itself.
    fn call(&self, index: usize, around: &[&CallBound], given: bool, world: &mut World) -> bool {
        let tool = &self.tools[index];
        let mut own = self
            .variable
            .is_some_and(|name| tool.variables.iter().any(|own| own == name));
        let mut directories: Vec<(String, String, bool)> = tool
            .directories
            .iter()
            .map(|directory| {
                (
                    directory.guest.to_string(),
                    directory.place.display().to_string(),
                    directory.access == Access::ReadWrite,
                )
            })
            .collect();
        let mut hosts: Vec<String> = tool.hosts.iter().map(ToString::to_string).collect();
        for bound in around {
            if let Some(paths) = &bound.directories {
                let mut left = Vec::new();
                for path in paths.iter().map(ToString::to_string) {
                    for (guest, place, writes) in &directories {
                        if lies_in(guest, &path) {
                            left.push((guest.clone(), place.clone(), *writes));
                        } else if lies_in(&path, guest) {
                            let below = &path[guest.len()..];
                            left.push((path.clone(), format!("{place}{below}"), *writes));
                        }
                    }
                }
                directories = left;
            }
            if bound.access == Some(Access::ReadOnly) {
                directories
                    .iter_mut()
                    .for_each(|directory| directory.2 = false);
            }
            if let Some(reached) = &bound.hosts {
                let reached: Vec<_> = reached.iter().map(ToString::to_string).collect();
                hosts.retain(|host| reached.contains(host));
            }
        }
        for (_, place, _) in &directories {
            own |= world.directories.iter().any(|marked| touch(marked, place));
        }
        if around.len() < DEEPEST {
            // Once without what the first round brought, once with it.
            for _ in 0..2 {
                for (name, bound) in &tool.calls {
                    let Some(callee) = self.tools.iter().position(|tool| tool.name == *name) else {
                        continue;
                    };
                    let mut around = around.to_vec();
                    around.push(bound);
                    own |= self.call(callee, &around, given || own, world);
                }
            }
        }
        if given || own {
            world.hosts.extend(hosts);
            let written = directories.into_iter().filter(|directory| directory.2);
            world.directories.extend(written.map(|(_, place, _)| place));
        }
        own
    }

    /// Plays until nothing new happens.
    fn hosts(&self, mut world: World, with_model: bool) -> BTreeSet<String> {
        loop {
            let before = world.clone();
            for index in 0..self.tools.len() {
                let own = self.call(index, &[], with_model && world.model, &mut world);
                world.model |= own;
            }
            if world == before {
                return world.hosts;
            }
        }
    }
}

fn row() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "ro /w",
        "rw /w",
        "ro /w/a",
        "rw /w/a",
        "ro /w/b",
        "rw /w/b",
        "ro /h",
        "rw /h",
        "ro /w /x",
        "env KEY",
        "host x.org",
        "host y.org",
    ])
}

fn call() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "call t0",
        "call t1",
        "call t2",
        "call t0 host x.org",
        "call t1 host none",
        "call t2 host y.org",
        "call t1 access ro",
        "call t2 at /w/a",
        "call t0 at /w/b access ro",
        "call t1 at /h host x.org",
    ])
}

fn agent() -> impl Strategy<Value = Vec<FlowTool>> {
    let rows = (
        prop::collection::vec(row(), 0..4),
        prop::collection::vec(call(), 0..3),
    );
    prop::collection::vec(rows, 1..4).prop_map(|tools| {
        let tools = tools.into_iter().enumerate();
        tools
            .map(|(index, (rows, calls))| tool(&format!("t{index}"), &[rows, calls].concat()))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn playing_every_call_finds_the_same(tools in agent()) {
        let found = flows(&tools).unwrap();
        let mut sources: BTreeSet<FlowSource> = BTreeSet::new();
        for tool in &tools {
            for directory in &tool.directories {
                sources.insert(FlowSource::Directory(directory.place.clone()));
            }
            for name in &tool.variables {
                sources.insert(FlowSource::Variable(name.clone()));
            }
        }
        for source in &sources {
            let mut world = World::default();
            let variable = match source {
                FlowSource::Directory(path) => {
                    world.directories.insert(path.display().to_string());
                    None
                }
                FlowSource::Variable(name) => Some(name.as_str()),
            };
            let play = Play { tools: &tools, variable };
            for with_model in [false, true] {
                let played = play.hosts(world.clone(), with_model);
                let of_source = found.iter().filter(|flow| flow.source == *source);
                let decided: BTreeSet<_> = of_source
                    .filter(|flow| with_model || !flow.through_model)
                    .map(|flow| flow.host.clone())
                    .collect();
                prop_assert_eq!(&played, &decided, "{:?} {}", source, with_model);
            }
        }
    }
}
