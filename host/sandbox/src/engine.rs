//! One engine for the whole host: configuration, instance pool, linker.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cap_std::fs::Dir;
use cofferdam_capability::{Bytes, Ceiling, Count, Digest, Manifest, PagemapScan};

use crate::cache::Cache;
use crate::call::{Admission, Call, Called, Calls};
use crate::compile::Compiler;
use crate::component::{self, Component};
use crate::descriptors::{Descriptors, Line};
use crate::error::{EngineError, LoadError};
use crate::network::Reach;
use crate::own_request::{self, OwnAnswer, OwnRequest, OwnRequestError};
use crate::pool::Pools;
use crate::scratch::{Scratch, Space};

/// The engine and its walls, as reviewers decide about them: the line of wasmtime, and a number
/// that goes up when a limit, an interface or a check of this crate gives guests more than before.
pub const ENGINE_PROFILE: &str = "wasmtime-48/1";

/// The parts that an engine is made from.
#[derive(Debug)]
pub struct EngineConfig {
    /// The `cofferdam` binary, which is started again to compile in a process of its own.
    pub compiler: PathBuf,
    /// The directory of compiled code, which only this user can enter.
    pub cache: Dir,
    /// The directory in which calls get their `/tmp`. Only this user can enter it; other engines
    /// may use it too.
    pub scratch: Dir,
    /// Bytes that all running calls together may have written to their `/tmp`.
    pub scratch_bytes: Bytes,
    /// Entries that all running calls together may have made in their `/tmp`.
    pub scratch_entries: Count,
    /// The most any call gets: sizes the pool's slots.
    pub ceiling: Ceiling,
    /// Calls at once. Further calls wait for a place until their deadline.
    pub calls: u32,
    /// Descriptors that calls may hold together. Calls that do not fit wait until their deadline.
    pub descriptors: u32,
    /// The way in which the instance pool is reset.
    pub pagemap_scan: PagemapScan,
    /// The servers that tools reach.
    pub reach: Reach,
}

/// The engine: compiles, loads and calls components.
pub struct Engine {
    calls: Calls,
    compiler: Compiler,
    /// Components that somebody still holds, so that two agents share one.
    loaded: Mutex<Loaded>,
}

/// Components that somebody still holds.
#[derive(Default)]
struct Loaded {
    by_key: HashMap<Key, Weak<Component>>,
    /// Components under the manifest that they carry, which their bytes alone decide.
    own: HashMap<Digest, Weak<Component>>,
}

/// A component under one manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    component: Digest,
    manifest: Digest,
}

impl Engine {
    /// Starts the engine. Where the system does not give the address space for the pool, a smaller
    /// one is taken.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let EngineConfig {
            compiler,
            cache,
            scratch,
            scratch_bytes,
            scratch_entries,
            ceiling,
            calls,
            descriptors,
            pagemap_scan,
            reach,
        } = config;
        let space = Space::new(scratch_bytes.0, scratch_entries.0);
        let descriptors = Descriptors::new(descriptors, &ceiling);
        let pools = Pools::new(ceiling.limits, calls.max(1), pagemap_scan)?;
        let network = reach.into_connect();
        let cache = Cache::open(cache)?;
        let scratch = Arc::new(Scratch::open(scratch, space).map_err(EngineError::Scratch)?);
        let admission = Admission::new(pools.calls(), descriptors);
        Ok(Self {
            calls: Calls::new(pools, admission, scratch, network),
            compiler: Compiler::new(compiler, cache),
            loaded: Mutex::default(),
        })
    }

    /// Calls a component under a grant when it is its turn. Returns when the guest has ended or was
    /// stopped, whatever it did. Dropping the future stops the guest as well; cancelling its
    /// allowance does it with a receipt.
    pub async fn call(&self, call: Call<'_>) -> Called {
        self.calls.make(call).await
    }

    /// Posts a form for a tool, as far as the tool's grant permits it.
    ///
    /// # Errors
    ///
    /// If the grant or a limit does not permit it, or the server does not answer.
    pub async fn post(&self, request: OwnRequest<'_>) -> Result<OwnAnswer, OwnRequestError> {
        own_request::post(self.calls.network(), request).await
    }

    /// A line for the calls of one agent, of which so many run at once.
    pub fn line(&self, calls: u32) -> Line {
        self.calls.admission().line(calls)
    }

    /// Waits until the scratch directories of all calls are gone: for a process that ends after its
    /// last call.
    pub async fn emptied(&self) {
        self.calls.emptied().await;
    }

    /// Calls that may run at once.
    pub fn calls(&self) -> u32 {
        self.calls.pools().calls()
    }

    /// Calls that run now, in places of their own.
    pub fn running(&self) -> usize {
        let places = usize::try_from(self.calls()).unwrap_or(usize::MAX);
        places.saturating_sub(self.calls.admission().free())
    }

    /// Calls that wait for a place.
    pub fn waiting(&self) -> usize {
        self.calls.admission().waiting()
    }

    /// Returns true if instances come from a pool; if not, the system gave too little address
    /// space, and calls are slower.
    pub fn is_pooled(&self) -> bool {
        self.calls.pools().is_pooled()
    }

    /// Loads the component in `bytes`, from the cache where this host has compiled it before.
    /// `origin` names it in errors. `supplied` is a manifest that the operator puts beside a
    /// component, instead of the one it carries.
    pub async fn load(
        &self,
        bytes: &[u8],
        origin: &str,
        supplied: Option<Manifest>,
    ) -> Result<Arc<Component>, LoadError> {
        let digest = Digest::of(bytes);
        let is_own = supplied.is_none();
        // Nothing is read again of what somebody holds: a thousand agents may have one tool.
        if is_own && let Some(component) = self.loaded().own(digest) {
            return Ok(component);
        }
        let outline = component::read(bytes, origin)?;
        let pools = self.calls.pools();
        if let Some(lacking) = outline.needs.lack(pools.limits()) {
            return Err(LoadError::AboveCeiling {
                origin: origin.to_owned(),
                problem: lacking.to_string(),
            });
        }
        let manifest = match (supplied, &outline.manifest) {
            (Some(manifest), _) => manifest,
            (None, Some(json)) => Manifest::from_json(json, origin)?,
            (None, None) => Manifest::empty(),
        };
        let key = Key {
            component: digest,
            manifest: manifest.digest()?,
        };
        if let Some(component) = self.loaded().held(key) {
            return Ok(component);
        }
        let native = self
            .compiler
            .native(digest, pools.compatibility(), bytes, origin)
            .await?;
        let pool = pools.loading();
        let component = Arc::new(Component::new(
            pool,
            digest,
            bytes.len(),
            manifest,
            outline,
            native,
            origin,
        )?);
        self.loaded().keep(key, is_own, &component);
        Ok(component)
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    fn own(&self, digest: Digest) -> Option<Arc<Component>> {
        self.own.get(&digest)?.upgrade()
    }

    fn held(&self, key: Key) -> Option<Arc<Component>> {
        self.by_key.get(&key)?.upgrade()
    }

    fn keep(&mut self, key: Key, is_own: bool, component: &Arc<Component>) {
        let is_held = |component: &Weak<Component>| component.strong_count() > 0;
        self.by_key.retain(|_, component| is_held(component));
        self.own.retain(|_, component| is_held(component));
        self.by_key.insert(key, Arc::downgrade(component));
        if is_own {
            self.own.insert(key.component, Arc::downgrade(component));
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("calls", &self.calls())
            .field("pooled", &self.is_pooled())
            .finish_non_exhaustive()
    }
}
