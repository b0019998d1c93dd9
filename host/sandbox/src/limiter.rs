//! Memory and tables: summed over the whole call, refused beyond the limit.

use cofferdam_capability::Limits;
use wasmtime::ResourceLimiter;

/// One kind of thing that the guest holds.
#[derive(Debug)]
struct Held {
    what: &'static str,
    now: usize,
    peak: usize,
    max: usize,
    /// The growth that was allowed last, which may still fail.
    last: usize,
}

/// A growth that the guest asks for.
#[derive(Debug, Clone, Copy)]
struct Growth {
    current: usize,
    desired: usize,
    /// The module's own maximum.
    maximum: Option<usize>,
}

/// Counts what the guest holds. A growth beyond the limit is refused (the guest sees `memory.grow`
/// fail) and remembered, because most guests end in a trap right after.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Held,
    tables: Held,
    max_instances: usize,
    max_memories: usize,
    max_tables: usize,
    refused: Option<String>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            memory: Held::up_to("memory", limits.memory.len()),
            tables: Held::up_to("table elements", count(limits.table_elements.0)),
            max_instances: count(limits.instances.0),
            max_memories: count(limits.memories.0),
            max_tables: count(limits.tables.0),
            refused: None,
        }
    }

    /// The most memory held at one time, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory.peak as u64
    }

    /// The first growth that was refused.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Remembers that the engine refused to make more instances, memories or tables than the limits
    /// say.
    pub(crate) fn refuse_count(&mut self, count: String) {
        self.refused.get_or_insert(count);
    }

    fn grows(&mut self, of: fn(&mut Self) -> &mut Held, growth: Growth) -> bool {
        match of(self).grow(growth) {
            Ok(grows) => grows,
            Err(refusal) => {
                self.refused.get_or_insert(refusal);
                false
            }
        }
    }
}

impl Held {
    fn up_to(what: &'static str, max: usize) -> Self {
        Self {
            what,
            now: 0,
            peak: 0,
            max,
            last: 0,
        }
    }

    /// Counts a growth. `Ok(false)` for one beyond the maximum that the module itself declares,
    /// which is no limit of the call's; the error says which limit refuses it.
    fn grow(&mut self, growth: Growth) -> Result<bool, String> {
        let Growth {
            current,
            desired,
            maximum,
        } = growth;
        self.last = 0;
        // A maximum at or above the limit is the pool's, which the limit stands for.
        if maximum.is_some_and(|maximum| desired > maximum && maximum < self.max) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current);
        let total = self.now.saturating_add(more);
        if total > self.max {
            return Err(format!(
                "{}: {} held, {more} more asked for, limit {}",
                self.what, self.now, self.max
            ));
        }
        self.now = total;
        self.last = more;
        self.peak = self.peak.max(total);
        Ok(true)
    }

    /// Takes back the last growth, which the engine could not make.
    fn take_back(&mut self) {
        if self.peak == self.now {
            self.peak = self.peak.saturating_sub(self.last);
        }
        self.now = self.now.saturating_sub(self.last);
        self.last = 0;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grows(
            |limiter| &mut limiter.memory,
            Growth {
                current,
                desired,
                maximum,
            },
        ))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grows(
            |limiter| &mut limiter.tables,
            Growth {
                current,
                desired,
                maximum,
            },
        ))
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.tables.take_back();
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(current: usize, desired: usize) -> Growth {
        Growth {
            current,
            desired,
            maximum: Some(50),
        }
    }

    #[test]
    fn only_memory_that_was_given_counts_as_held() {
        let mut held = Held::up_to("memory", 60);
        assert_eq!(held.grow(growth(0, 20)), Ok(true));
        assert_eq!(
            held.grow(growth(20, 51)),
            Ok(false),
            "beyond the module's own maximum"
        );
        assert_eq!((held.now, held.peak), (20, 20));
        assert_eq!(held.grow(growth(20, 50)), Ok(true));
        held.take_back();
        assert_eq!(
            (held.now, held.peak),
            (20, 20),
            "the engine could not make it"
        );
        assert!(
            held.grow(Growth {
                current: 20,
                desired: 61,
                maximum: Some(100)
            })
            .is_err()
        );
        held.take_back();
        assert_eq!(
            (held.now, held.peak),
            (20, 20),
            "what was refused is not taken back twice"
        );
    }
}
