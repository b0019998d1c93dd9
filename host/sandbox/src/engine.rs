//! One engine for the whole host: configuration, instance pool, linker.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cap_std::fs::Dir;
use cofferdam_capability::{Bytes, Ceiling, Count, Digest, Host, Limits, Manifest, Scheme};
use tokio::sync::Semaphore;
use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::Cache;
use crate::compile;
use crate::component::Component;
use crate::error::{EngineError, LoadError};
use crate::http::Client;
use crate::scratch::{Scratch, Space};
use crate::state::State;

/// Native stack of a guest: what WebAssembly frames may use. Deeper recursion is a `stack-overflow` (512 KiB, the
/// engine's own default; Python needs less than half).
const GUEST_STACK: usize = 512 << 10;

/// The whole stack a call runs on: the guest's share, and as much again for host calls made from its deepest frame.
const CALL_STACK: usize = 2 * GUEST_STACK;

/// The pool is tried at the size asked for, then at half of it, down to this many calls at once. Below it, instances are
/// allocated on demand.
const SMALLEST_POOL: u32 = 4;

/// Linear memory that a slot keeps between calls, so that the next one does not fault it in again. The median guest
/// touches less.
const KEEP_MEMORY: usize = 512 << 10;

/// Table space that a slot keeps between calls.
const KEEP_TABLE: usize = 64 << 10;

/// Stack that a slot keeps between calls.
const KEEP_STACK: usize = 64 << 10;

/// Metadata of one core instance. A Python component needs more than the default of 1 MiB.
const INSTANCE_SIZE: usize = 4 << 20;

/// What an engine is made from.
#[derive(Debug)]
pub struct EngineConfig {
    /// The `cofferdam` binary, which is started again to compile in a process of its own.
    pub compiler: PathBuf,
    /// Where compiled code is kept: a directory that only this user can enter.
    pub cache: Dir,
    /// Where calls get their `/tmp`: a directory that only this user can enter. Other engines may use it too.
    pub scratch: Dir,
    /// Bytes that all running calls together may have written to their `/tmp`.
    pub scratch_bytes: Bytes,
    /// Entries that all running calls together may have made in their `/tmp`.
    pub scratch_entries: Count,
    /// The most any call gets: sizes the pool's slots.
    pub ceiling: Ceiling,
    /// Calls at once. Further calls wait for a place until their deadline.
    pub calls: u32,
    /// Who is asked for the addresses of names; those of the system when empty.
    pub nameservers: Vec<SocketAddr>,
    /// Who answers requests to a host instead of it, without TLS, for tests of tools; nobody else is then connected to.
    /// Nothing for the network as it is.
    pub stand_ins: Option<Vec<(Scheme, Host, SocketAddr)>>,
}

/// The engine: compiles, loads and calls components.
pub struct Engine {
    pub(crate) engine: wasmtime::Engine,
    pub(crate) linker: Linker<State>,
    /// The same with `wasi:http`, for components whose manifest declares it.
    pub(crate) http_linker: Linker<State>,
    pub(crate) client: Arc<Client>,
    pub(crate) cache: Cache,
    pub(crate) compiler: PathBuf,
    pub(crate) scratch: Arc<Scratch>,
    /// One place for each call that may run at once, with the calls of other tools that it makes.
    pub(crate) places: Semaphore,
    /// One compilation at a time: each may take gigabytes.
    pub(crate) compiling: tokio::sync::Mutex<()>,
    /// Components that somebody still holds, by component and manifest, so that two agents share one.
    loaded: Mutex<HashMap<(Digest, Digest), Weak<Component>>>,
    calls: u32,
    pooled: bool,
}

impl Engine {
    /// Starts the engine. Where the system does not give the address space for the pool, a smaller one is taken.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let EngineConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling,
            calls,
            nameservers,
            stand_ins,
        } = config;
        let space = Space::new(scratch_bytes.0, scratch_entries.0);
        let (engine, calls, pooled) = start(&ceiling.limits, calls.max(1))?;
        let mut linker = Linker::new(&engine);
        crate::linker::add_interfaces(&mut linker).map_err(|error| EngineError::Engine(format!("{error:#}")))?;
        let mut http_linker = linker.clone();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut http_linker)
            .map_err(|error| EngineError::Engine(format!("{error:#}")))?;
        Ok(Self {
            engine,
            linker,
            http_linker,
            client: Arc::new(Client::new(&nameservers, stand_ins)),
            cache: Cache::open(cache)?,
            compiler,
            scratch: Arc::new(Scratch::open(scratch, space).map_err(EngineError::Scratch)?),
            places: Semaphore::new(calls as usize),
            compiling: tokio::sync::Mutex::default(),
            loaded: Mutex::default(),
            calls,
            pooled,
        })
    }

    /// Calls that may run at once.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// Whether instances come from a pool; if not, the system gave too little address space, and calls are slower.
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Loads the component in `bytes`, from the cache where this host has compiled it before. `origin` names it in
    /// errors. `supplied` is a manifest that the operator puts beside a component, instead of the one it carries.
    pub async fn load(
        &self,
        bytes: &[u8],
        origin: &str,
        supplied: Option<Manifest>,
    ) -> Result<Arc<Component>, LoadError> {
        let read = crate::component::read(bytes, origin)?;
        let manifest = match (supplied, &read.manifest) {
            (Some(manifest), _) => manifest,
            (None, Some(json)) => Manifest::from_json(json, origin)?,
            (None, None) => Manifest::empty(),
        };
        let digest = Digest::of(bytes);
        let key = (digest, manifest.digest()?);
        if let Some(component) = self.held(key) {
            return Ok(component);
        }
        let native = compile::native(self, digest, bytes, origin).await?;
        let component = Arc::new(Component::new(self, digest, bytes.len(), manifest, &read.docs, native, origin)?);
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|_, component| component.strong_count() > 0);
        loaded.insert(key, Arc::downgrade(&component));
        Ok(component)
    }

    fn held(&self, key: (Digest, Digest)) -> Option<Arc<Component>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(&key)?.upgrade()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("calls", &self.calls).field("pooled", &self.pooled).finish_non_exhaustive()
    }
}

fn start(limits: &Limits, calls: u32) -> Result<(wasmtime::Engine, u32, bool), EngineError> {
    let mut pool = calls;
    while pool >= SMALLEST_POOL.min(calls) && pool > 0 {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(limits, pool)));
        match wasmtime::Engine::new(&config) {
            Ok(engine) => {
                if pool < calls {
                    tracing::warn!(asked = calls, calls = pool, "there is address space for fewer calls at once");
                }
                return Ok((engine, pool, true));
            }
            Err(error) => tracing::debug!(pool, "no instance pool of this size: {error:#}"),
        }
        pool /= 2;
    }
    tracing::warn!("the system gives no address space for an instance pool: calls will be slower");
    let engine = wasmtime::Engine::new(&config()).map_err(|error| EngineError::Engine(format!("{error:#}")))?;
    Ok((engine, SMALLEST_POOL.min(calls), false))
}

/// What code is compiled for: the same in the host and in the process that compiles for it. Garbage collection, threads,
/// exceptions and component-model async are not in the build; what remains is named here, so that a new version of the
/// engine cannot switch anything on.
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
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .consume_fuel(true)
        .epoch_interruption(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(CALL_STACK)
        // A command leaves through an error, on every call: a backtrace would cost more than the call.
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false);
    config
}

fn pooling(limits: &Limits, calls: u32) -> PoolingAllocationConfig {
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
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .async_stack_keep_resident(KEEP_STACK)
        // Linux 6.7 and later tell which pages a call touched, which makes the clean-up several times cheaper.
        .pagemap_scan(Enabled::Auto);
    pool
}
