//! A component, read and checked before any of it runs.

mod callable;
mod needs;
mod outline;
mod shape;

use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_capability::{Digest, Manifest};

pub(crate) use callable::Callable;
use callable::Found;
pub use outline::{DESCRIPTORS_SECTION, MAX_DESCRIPTORS, MAX_USAGE, USAGE_SECTION};
pub(crate) use outline::{Outline, read};
pub use shape::{Shape, is_command, is_of_typed_tools};

use crate::cache::Native;
use crate::error::LoadError;
use crate::imports::{self, Imports};
use crate::pool::Pool;
use crate::reflect::{self, Docs, Function};

/// A component that may be called: compiled, linked once for each pool, and checked against its
/// manifest.
pub struct Component {
    digest: Digest,
    size: usize,
    manifest: Manifest,
    imports: Imports,
    exports: Vec<String>,
    refused: Vec<(String, String)>,
    shape: Shape,
    functions: Vec<Function>,
    /// The digest of its words about calling it.
    usage: Option<Digest>,
    descriptors: Option<Vec<u8>>,
    native: Native,
    docs: Docs,
    origin: String,
    linked: RwLock<Arc<Linked>>,
}

/// A component in one pool.
pub(crate) struct Linked {
    pool: Arc<Pool>,
    callable: Callable,
}

impl Linked {
    pub(crate) fn callable(&self) -> &Callable {
        &self.callable
    }
}

impl Component {
    /// The digest of its bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Its manifest: the one the operator supplied, else the one it carries, else the empty one.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The interfaces it imports, with their versions.
    pub fn imports(&self) -> &[String] {
        &self.imports.all
    }

    /// Imported interfaces of which every call is denied.
    pub fn denied_imports(&self) -> &[String] {
        &self.imports.denied
    }

    /// Rows of the manifest that the component cannot use, because it does not import what they
    /// need.
    pub fn needless_rows(&self) -> &[String] {
        &self.imports.needless
    }

    /// The interfaces it exports, with their versions.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// The way in which it is called.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The functions of a reflected component; other shapes have none.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &Function> {
        self.functions.iter()
    }

    /// Exports of a reflected component that nobody can call, each with the reason.
    pub fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    /// The content of its section [`DESCRIPTORS_SECTION`]; only components of typed tools have one.
    pub fn descriptors(&self) -> Option<&[u8]> {
        self.descriptors.as_deref()
    }

    /// The digest of its section [`USAGE_SECTION`], which a model reads beside its tools.
    pub fn usage_digest(&self) -> Option<Digest> {
        self.usage
    }

    pub(crate) fn new(
        pool: Arc<Pool>,
        digest: Digest,
        size: usize,
        manifest: Manifest,
        outline: Outline<'_>,
        native: Native,
        origin: &str,
    ) -> Result<Self, LoadError> {
        let Outline {
            docs,
            descriptors,
            usage,
            ..
        } = outline;
        let mapped = deserialize(&pool.engine, &native)
            .map_err(|error| LoadError::in_host(origin, &error))?;
        let imports = imports::decide(&mapped, &manifest, origin)?;
        let exports: Vec<_> = names_of_exports(&mapped);
        let Found { callable, refused } = link(&pool, &mapped, &manifest, &docs, origin)?;
        let shape = callable.shape();
        if descriptors.is_some() && shape != Shape::Typed {
            let problem = format!(
                "it has a section `{DESCRIPTORS_SECTION}`, which is for typed tools, and it \
                 exports none: build it again with `cofferdam tool build`"
            );
            return Err(LoadError::Invalid {
                origin: origin.to_owned(),
                problem,
            });
        }
        let functions = callable.functions();
        // Other shapes are linked again without words.
        let docs = if shape == Shape::Reflected {
            docs
        } else {
            Docs::default()
        };
        let linked = RwLock::new(Arc::new(Linked { pool, callable }));
        let descriptors = descriptors.map(<[u8]>::to_vec);
        let origin = origin.to_owned();
        Ok(Self {
            usage: usage.map(Digest::of),
            digest,
            size,
            manifest,
            imports,
            exports,
            refused,
            shape,
            functions,
            descriptors,
            native,
            docs,
            origin,
            linked,
        })
    }

    /// Returns the component as it is linked for `pool`. The first call after a change of pools
    /// links it again.
    ///
    /// # Errors
    ///
    /// If its code cannot be mapped again.
    pub(crate) fn linked(&self, pool: &Arc<Pool>) -> Result<Arc<Linked>, LoadError> {
        let linked = Arc::clone(&self.linked.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&linked.pool, pool) {
            return Ok(linked);
        }
        let mapped = deserialize(&pool.engine, &self.native)
            .map_err(|error| LoadError::in_host(&self.origin, &error))?;
        let Found { callable, .. } = link(pool, &mapped, &self.manifest, &self.docs, &self.origin)?;
        let linked = Arc::new(Linked {
            pool: Arc::clone(pool),
            callable,
        });
        *self.linked.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&linked);
        Ok(linked)
    }
}

/// Links a component and finds the export that a call enters.
fn link(
    pool: &Pool,
    mapped: &wasmtime::component::Component,
    manifest: &Manifest,
    docs: &Docs,
    origin: &str,
) -> Result<Found, LoadError> {
    let pre = pool
        .linkers
        .instantiate_pre(mapped, manifest)
        .map_err(|error| LoadError::in_host(origin, &error))?;
    let functions = || reflect::functions(&pool.engine, mapped, docs);
    Callable::find(pre, &names_of_exports(mapped), functions, origin)
}

fn names_of_exports(mapped: &wasmtime::component::Component) -> Vec<String> {
    mapped
        .component_type()
        .exports(mapped.engine())
        .map(|(name, _)| name.to_owned())
        .collect()
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("digest", &self.digest)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Maps native code into the host.
#[allow(
    unsafe_code,
    reason = "native code cannot be checked by looking at it, only by knowing who wrote it"
)]
fn deserialize(
    engine: &wasmtime::Engine,
    native: &Native,
) -> wasmtime::Result<wasmtime::component::Component> {
    // SAFETY: the bytes behind this path were written by this host's own compiler for this engine's
    // configuration: the cache checked their keyed hash through the descriptor that the path names,
    // in a directory that only this user can enter.
    unsafe { wasmtime::component::Component::deserialize_file(engine, native.path()) }
}
