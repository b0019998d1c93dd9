//! Memory and tables: summed over the whole call, refused beyond the limit.

use cofferdam_capability::Limits;
use wasmtime::ResourceLimiter;

/// Counts what the guest holds. A growth beyond the limit is refused (the guest sees `memory.grow` fail) and remembered,
/// because most guests end in a trap right after.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: usize,
    peak_memory: usize,
    max_memory: usize,
    table_elements: usize,
    max_table_elements: usize,
    max_instances: usize,
    max_memories: usize,
    max_tables: usize,
    refused: Option<String>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            memory: 0,
            peak_memory: 0,
            max_memory: limits.memory.len(),
            table_elements: 0,
            max_table_elements: count(limits.table_elements.0),
            max_instances: count(limits.instances.0),
            max_memories: count(limits.memories.0),
            max_tables: count(limits.tables.0),
            refused: None,
        }
    }

    /// The most memory held at one time, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.peak_memory as u64
    }

    /// The first growth that was refused.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Remembers that the engine refused to make more instances, memories or tables than the limits say.
    pub(crate) fn refuse_count(&mut self, count: String) {
        self.refused.get_or_insert(count);
    }

    fn refuse(&mut self, what: &str, held: usize, wanted: usize, max: usize) -> bool {
        self.refused.get_or_insert_with(|| format!("{what}: {held} held, {wanted} more asked for, limit {max}"));
        false
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let total = self.memory.saturating_add(more);
        if total > self.max_memory {
            return Ok(self.refuse("memory", self.memory, more, self.max_memory));
        }
        self.memory = total;
        self.peak_memory = self.peak_memory.max(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let total = self.table_elements.saturating_add(more);
        if total > self.max_table_elements {
            return Ok(self.refuse("table elements", self.table_elements, more, self.max_table_elements));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.max_instances
    }

    fn tables(&self) -> usize {
        self.max_tables
    }

    fn memories(&self) -> usize {
        self.max_memories
    }
}
