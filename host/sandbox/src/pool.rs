//! The instance pools of an engine, and how they forget what a call left in them.
//!
//! A pool gives slots of memory, tables and stacks to calls, and resets each slot before its next
//! use. With `pagemap_scan` the kernel tells which pages were written, and only those are reset; it
//! overlooks pages that lie in swap. So the scanning pool is used only while this process cannot
//! swap. Once it can, every further call runs in a second pool, which resets whole slots.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_capability::{Limits, PagemapScan};
use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig,
};

use crate::error::EngineError;
use crate::linker::Linkers;
use crate::swap::Swap;

/// Native stack of a guest, for its WebAssembly frames. Deeper recursion is a `stack-overflow` (512
/// KiB, the engine's own default; Python needs less than half).
const GUEST_STACK: usize = 512 << 10;

/// The whole stack a call runs on: the guest's share, and as much again for host calls made from
/// its deepest frame.
const CALL_STACK: usize = 2 * GUEST_STACK;

/// The pool is tried at the size asked for, then at half of it, down to this many calls at once.
/// Below it, instances are allocated on demand.
const SMALLEST_POOL: u32 = 4;

/// Linear memory that a slot keeps between calls, so that the next one does not fault it in again.
/// The median guest touches less.
const KEEP_SCANNED: usize = 512 << 10;

/// The same without scanning, where all that is kept is written at every reset. Guests of Rust and
/// C touch the end of their stack and what lies above it, a megabyte from the beginning: to write
/// that much takes longer than the faults.
const KEEP_WHOLE: usize = 0;

/// Table space that a slot keeps between calls.
const KEEP_TABLE: usize = 64 << 10;

/// Stack that a slot keeps between calls.
const KEEP_STACK: usize = 64 << 10;

/// Metadata of one core instance. A Python component needs more than the default of 1 MiB.
const INSTANCE_SIZE: usize = 4 << 20;

/// One engine of wasmtime with its pool, and the host's functions linked for it.
pub(crate) struct Pool {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linkers: Linkers,
    /// Calls at once.
    pub(crate) calls: u32,
    /// False if the system gave too little address space, and instances are allocated one by one.
    pub(crate) is_pooled: bool,
    scans: bool,
}

/// The pool of the calls that begin now, and what decides about it.
pub(crate) struct Pools {
    limits: Limits,
    calls: u32,
    choice: PagemapScan,
    swap: Swap,
    current: RwLock<Arc<Pool>>,
}

/// Returns true if a pool that is made now would scan.
pub fn scans_now(choice: PagemapScan) -> bool {
    scans(choice, &Swap::watch())
}

fn scans(choice: PagemapScan, swap: &Swap) -> bool {
    match choice {
        PagemapScan::Auto => !swap.is_possible(),
        PagemapScan::Always => true,
        PagemapScan::Never => false,
    }
}

impl Pools {
    /// Makes the first pool, for `calls` calls at once or as many as there is address space for.
    pub(crate) fn new(
        limits: Limits,
        calls: u32,
        choice: PagemapScan,
    ) -> Result<Self, EngineError> {
        let swap = Swap::watch();
        let scans = scans(choice, &swap);
        let current = Pool::new(&limits, calls, scans)?;
        Ok(Self {
            limits,
            calls: current.calls,
            choice,
            swap,
            current: RwLock::new(Arc::new(current)),
        })
    }

    /// Returns the pool for a call that begins now.
    ///
    /// # Errors
    ///
    /// If swap has come up and no pool without scanning can be made.
    pub(crate) fn current(&self) -> Result<Arc<Pool>, EngineError> {
        let pool = self.loading();
        if !pool.scans || self.choice == PagemapScan::Always || !self.swap.is_possible() {
            return Ok(pool);
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.scans {
            tracing::warn!(
                "this machine can swap now: further calls run in a pool that resets whole slots"
            );
            *current = Arc::new(Pool::new(&self.limits, self.calls, false)?);
        }
        Ok(Arc::clone(&current))
    }

    /// Calls at once.
    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// The most that a call can get, which is what slots are made for.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the pool for what is loaded now, whether calls will run in it or not.
    pub(crate) fn loading(&self) -> Arc<Pool> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a number that changes with all that native code depends on. Pools do not differ in
    /// it.
    pub(crate) fn compatibility(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.loading()
            .engine
            .precompile_compatibility_hash()
            .hash(&mut hasher);
        std::env::consts::ARCH.hash(&mut hasher);
        hasher.finish()
    }

    /// False if the system gave too little address space for a pool.
    pub(crate) fn is_pooled(&self) -> bool {
        self.loading().is_pooled
    }
}

impl Pool {
    fn new(limits: &Limits, calls: u32, scans: bool) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError::Engine(format!("{error:#}"));
        let Started {
            engine,
            calls,
            is_pooled,
        } = start(limits, calls, scans)?;
        let linkers = Linkers::new(&engine).map_err(failed)?;
        Ok(Self {
            engine,
            linkers,
            calls,
            is_pooled,
            scans,
        })
    }
}

struct Started {
    engine: wasmtime::Engine,
    calls: u32,
    is_pooled: bool,
}

fn start(limits: &Limits, calls: u32, scans: bool) -> Result<Started, EngineError> {
    let mut pool = calls;
    while pool >= SMALLEST_POOL.min(calls) && pool > 0 {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(
            limits, pool, scans,
        )));
        match wasmtime::Engine::new(&config) {
            Ok(engine) => {
                if pool < calls {
                    tracing::warn!(
                        asked = calls,
                        calls = pool,
                        "there is address space for fewer calls at once"
                    );
                }
                return Ok(Started {
                    engine,
                    calls: pool,
                    is_pooled: true,
                });
            }
            Err(error) => tracing::debug!(pool, "no instance pool of this size: {error:#}"),
        }
        pool /= 2;
    }
    tracing::warn!("the system gives no address space for an instance pool: calls will be slower");
    let engine = wasmtime::Engine::new(&config())
        .map_err(|error| EngineError::Engine(format!("{error:#}")))?;
    Ok(Started {
        engine,
        calls: SMALLEST_POOL.min(calls),
        is_pooled: false,
    })
}

/// Returns what code is compiled for: the same in the host and in the process that compiles for it.
/// Threads, exceptions, component-model async and the types of garbage collection are not in the
/// build; what remains is named here, so that a new version of the engine cannot switch anything
/// on. Typed function references are on by default, and nothing that is built for WASI 0.2 needs
/// them.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_simd(true)
        .wasm_multi_memory(true)
        .wasm_extended_const(true)
        .wasm_tail_call(true)
        .wasm_features(WasmFeatures::FUNCTION_REFERENCES | WasmFeatures::GC, false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .consume_fuel(true)
        .operator_cost(costs())
        .epoch_interruption(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(CALL_STACK)
        // A command leaves through an error, on every call: a backtrace would cost more than the
        // call.
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false);
    config
}

/// Returns the fuel of each instruction. Growing, and dropping elements, are calls of the engine
/// that take as long as hundreds of others: a guest that does nothing else yields in them, and with
/// their price its fuel is seldom far behind its time.
fn costs() -> OperatorCost {
    OperatorCost {
        MemoryGrow: u8::MAX,
        TableGrow: u8::MAX,
        ElemDrop: u8::MAX,
        ..OperatorCost::new()
    }
}

fn pooling(limits: &Limits, calls: u32, scans: bool) -> PoolingAllocationConfig {
    let each = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    // A call waits for the tool that it calls, so both are there at once.
    let held = calls.saturating_mul(each(limits.nested_depth.0).saturating_add(1));
    let total = |count: u64| each(count).saturating_mul(held);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(held)
        .total_stacks(held)
        .total_core_instances(total(limits.instances.0))
        .total_memories(total(limits.memories.0))
        .total_tables(total(limits.tables.0))
        .max_core_instances_per_component(each(limits.instances.0))
        .max_memories_per_component(each(limits.memories.0))
        .max_tables_per_component(each(limits.tables.0))
        .max_memories_per_module(each(limits.memories.0))
        .max_tables_per_module(each(limits.tables.0))
        .max_component_instance_size(INSTANCE_SIZE)
        .max_core_instance_size(INSTANCE_SIZE)
        .table_elements(usize::try_from(limits.table_elements.0).unwrap_or(usize::MAX))
        .max_memory_size(limits.memory.len())
        .linear_memory_keep_resident(if scans { KEEP_SCANNED } else { KEEP_WHOLE })
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK)
        .pagemap_scan(if scans { Enabled::Auto } else { Enabled::No });
    pool
}
