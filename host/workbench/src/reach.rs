//! The imports that each exported function of a component can reach, by its code alone.
//!
//! The calls of all its core modules make a graph: direct calls exactly; calls through a table go
//! to every function of their type that is in it, or, where instructions write the table, to every
//! function of their type that has a reference anywhere. The component is instantiated without
//! running it, so that what one module imports from another, or a component from one inside it, is
//! followed to the function that is meant. Start functions and destructors may run whatever is
//! called, so they belong to every export; `realloc` and `post-return` belong to the functions that
//! name them.
//!
//! "Cannot reach" is exact in this direction: there is no way from the export to the import. "Can
//! reach" says that there is a way in the graph, which no run may ever take.

mod definition;
mod error;
mod graph;
mod instantiate;
mod module;
mod scope;
mod work;

pub use error::ReachError;
pub use graph::ImportedFunction;

use std::collections::BTreeSet;

use graph::{Graph, Node};
use instantiate::Instantiation;
use scope::{InstanceValue, Outers, Value, Values};
use work::Work;

/// Exported functions that are followed at most (1,000): a host takes no more exports.
const MOST_EXPORTS: usize = 1_000;

/// The imports that the exports of a component reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Every imported function that the component names, sorted.
    pub imports: Vec<ImportedFunction>,
    /// Every exported function, sorted by name.
    pub exports: Vec<ExportReach>,
}

/// An exported function, and what it can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReach {
    /// The function: `wasi:cli/run@0.2.6#run`, or `f` for one that no interface holds.
    pub export: String,
    /// Imported functions to which there is a way, sorted.
    pub can: Vec<ImportedFunction>,
}

impl ExportReach {
    /// The interfaces of which it can reach a function.
    pub fn interfaces(&self) -> BTreeSet<&str> {
        let interfaces = self.can.iter();
        interfaces.map(|function| &*function.interface).collect()
    }
}

/// Follows a component. Nothing of it runs.
///
/// # Errors
///
/// If the bytes are no component, use what is not followed, or take too much work: then nothing is
/// known, and a caller has to take every import for reachable.
pub fn reach(component: &[u8]) -> Result<Reach, ReachError> {
    let mut work = Work::new();
    let definition = definition::read(component, &mut work)?;
    let mut graph = Graph::default();
    let exports = Instantiation {
        graph: &mut graph,
        outers: Outers::default(),
        work: &mut work,
    }
    .run(&definition, None, None, 0)?;
    let mut functions = Vec::new();
    collect("", &exports, &mut functions, &mut work)?;
    let mut followed = Vec::new();
    for Function { name, node } in functions {
        let mut from = graph.starts.clone();
        from.push(node);
        followed.push(ExportReach {
            export: name,
            can: graph.reached(&from, &mut work)?,
        });
    }
    Ok(Reach {
        imports: graph.imports(),
        exports: followed,
    })
}

/// An exported function.
struct Function {
    name: String,
    node: Node,
}

/// Collects the functions of exports, those of their instances too.
fn collect(
    inside: &str,
    exports: &Values<'_>,
    functions: &mut Vec<Function>,
    work: &mut Work,
) -> Result<(), ReachError> {
    for (name, value) in exports {
        // Instances inside one another have ever longer names, and one may stand in many.
        work.answer(inside.len().saturating_add(name.len()))?;
        let name = match inside {
            "" => (*name).to_owned(),
            inside => format!("{inside}#{name}"),
        };
        match value {
            Value::Function(node) => functions.push(Function { name, node: *node }),
            Value::Instance(instance) => match &**instance {
                InstanceValue::Own { exports, .. } => {
                    collect(&name, exports, functions, work)?;
                }
                InstanceValue::Imported(_) => {
                    return Err(ReachError::NotFollowed(
                        "an import that it exports as it is",
                    ));
                }
            },
            // No host instantiates those.
            Value::Type(_) | Value::Module(_) | Value::Component(_) => {}
        }
        if functions.len() > MOST_EXPORTS {
            return Err(ReachError::TooMuch);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
