//! The room that a component takes before any of it runs, held against the ceiling of this host.
//!
//! The engine has slots of the size of the ceiling. It refuses what does not fit into them in words
//! of its own, which name no key of a configuration.

use std::fmt;

use cofferdam_capability::{Bytes, Count, Limits};
use wasmparser::{Instance, Payload};

/// The binary logarithm of a page of linear memory, unless the memory says a smaller one.
const PAGE: u32 = 16;

/// The least room that a component can run in.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Bytes of the largest memory at its start.
    memory: u64,
    /// Elements of the largest table at its start.
    table_elements: u64,
    /// Core instances of the component itself, without those of components in it.
    instances: u64,
    /// Memories of the module that has the most.
    memories: u64,
    /// Tables of the module that has the most.
    tables: u64,
}

/// A limit of which a component needs more than any call can get here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// The key in `[ceiling]`.
    name: &'static str,
    /// The value that it needs.
    needed: String,
    /// The ceiling.
    ceiling: String,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            needed,
            ceiling,
        } = self;
        write!(
            f,
            "needs {needed} of `{name}` to start, and this host gives at most {ceiling}: raise \
             `{name}` in [ceiling] of cofferdam.toml"
        )
    }
}

impl Needs {
    /// Adds a section, `depth` components or modules below the outermost component. One that cannot
    /// be read is the engine's to refuse.
    pub(crate) fn add(&mut self, payload: &Payload<'_>, depth: u32) {
        match payload {
            Payload::MemorySection(memories) => {
                self.memories = self.memories.max(memories.count().into());
                for memory in memories.clone().into_iter().flatten() {
                    let page = 1 << memory.page_size_log2.unwrap_or(PAGE).min(PAGE);
                    self.memory = self.memory.max(memory.initial.saturating_mul(page));
                }
            }
            Payload::TableSection(tables) => {
                self.tables = self.tables.max(tables.count().into());
                for table in tables.clone().into_iter().flatten() {
                    self.table_elements = self.table_elements.max(table.ty.initial);
                }
            }
            Payload::InstanceSection(instances) if depth == 0 => {
                let made =
                    |instance: &Instance<'_>| matches!(instance, Instance::Instantiate { .. });
                let count = instances.clone().into_iter().flatten().filter(made).count();
                self.instances = self.instances.saturating_add(count as u64);
            }
            _ => {}
        }
    }

    /// Returns the first limit whose ceiling is too low.
    pub(crate) fn lack(&self, ceiling: &Limits) -> Option<Lacking> {
        let bytes = |needed: u64| Bytes(needed).to_string();
        let count = |needed: u64| Count(needed).to_string();
        let rows = [
            ("memory", self.memory, ceiling.memory.0, bytes(self.memory)),
            (
                "table-elements",
                self.table_elements,
                ceiling.table_elements.0,
                count(self.table_elements),
            ),
            (
                "instances",
                self.instances,
                ceiling.instances.0,
                count(self.instances),
            ),
            (
                "memories",
                self.memories,
                ceiling.memories.0,
                count(self.memories),
            ),
            ("tables", self.tables, ceiling.tables.0, count(self.tables)),
        ];
        let (name, _, _, needed) = rows
            .into_iter()
            .find(|(_, needed, most, _)| needed > most)?;
        let ceiling = ceiling.rows().into_iter().find(|row| row.name == name)?;
        Some(Lacking {
            name,
            needed,
            ceiling: ceiling.value,
        })
    }
}
