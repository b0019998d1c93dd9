//! A component, read and checked before any of it runs.

use std::sync::{Arc, PoisonError, RwLock};

use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::{Digest, Manifest};
use wasmparser::{Encoding, Parser, Payload};
use wasmtime::component::InstancePre;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::bindings::CallingToolPre;
use crate::cache::Native;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::imports::{self, Imports};
use crate::pool::Pool;
use crate::reflect::{self, Docs, Function, Functions, Reflected};
use crate::sentence;
use crate::state::State;

/// The custom section of a component of typed tools that says which tools it has, so that nothing of it runs to know.
pub const DESCRIPTORS_SECTION: &str = "cofferdam:descriptors";

/// The most that this section holds, in bytes (1 MiB): a model reads all of it, and a quarter of a million tokens is more
/// than any of them is given for tools.
pub const MAX_DESCRIPTORS: usize = 1 << 20;

/// The most imports, and the most exports (1,000). Those of the largest world of WASI are below a
/// hundred.
const MAX_NAMES: u32 = 1_000;

/// The most sections of a component and of all that is in it (16,384). An interpreter with its
/// libraries, each a module of a dozen sections, has some hundreds; an empty section takes three
/// bytes, and each is looked at.
const MAX_SECTIONS: u32 = 1 << 14;

/// The most functions of all modules together (1 Mi). The largest interpreters have a tenth of it.
const MAX_CODE: u32 = 1 << 20;

const COMMAND: &str = "wasi:cli/run@0.2.";
const TYPED: &str = "cofferdam:tool/tools@0.1.";

/// Returns true if a component that exports this is called as one of typed tools, unless it is a command too.
pub fn is_of_typed_tools(export: &str) -> bool {
    export.starts_with(TYPED)
}

/// How a component is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// `wasi:cli/run`: arguments and standard input in, standard output and an exit code out.
    Command,
    /// `cofferdam:tool/tools`: JSON in, JSON out.
    Typed,
    /// Any other exported functions: JSON in, JSON out, by their WIT types.
    Reflected,
}

/// A component that may be called: compiled, linked once for each pool, and checked against its manifest.
pub struct Component {
    digest: Digest,
    size: usize,
    manifest: Manifest,
    imports: Imports,
    exports: Vec<String>,
    refused: Vec<(String, String)>,
    shape: Shape,
    functions: Vec<Function>,
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

/// The export that a call enters, found once.
pub(crate) enum Callable {
    Command(CommandPre<State>),
    Typed(CallingToolPre<State>),
    Reflected(Reflected),
}

/// What the bytes say before anything is compiled.
pub(crate) struct Read<'a> {
    pub(crate) manifest: Option<&'a [u8]>,
    pub(crate) docs: Docs,
    pub(crate) descriptors: Option<&'a [u8]>,
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

    /// Rows of the manifest that the component cannot use, because it does not import what they need.
    pub fn needless_rows(&self) -> &[String] {
        &self.imports.needless
    }

    /// The interfaces it exports, with their versions.
    pub fn exports(&self) -> &[String] {
        &self.exports
    }

    /// How it is called.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The functions of a reflected component; other shapes have none.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &Function> {
        self.functions.iter()
    }

    /// What a reflected component exports and nobody can call, with the reason.
    pub fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    /// What its section [`DESCRIPTORS_SECTION`] holds; only components of typed tools have one.
    pub fn descriptors(&self) -> Option<&[u8]> {
        self.descriptors.as_deref()
    }

    pub(crate) fn new(
        engine: &Engine,
        digest: Digest,
        size: usize,
        manifest: Manifest,
        read: Read<'_>,
        native: Native,
        origin: &str,
    ) -> Result<Self, LoadError> {
        let Read { docs, descriptors, .. } = read;
        let pool = engine.pools.loading();
        let mapped = deserialize(&pool.engine, &native).map_err(|error| in_host(origin, &error))?;
        let imports = imports::decide(&mapped, &manifest, origin)?;
        let exports: Vec<_> = names_of_exports(&mapped);
        let (callable, refused) = link(&pool, &mapped, &manifest, &docs, origin)?;
        let shape = callable.shape();
        if descriptors.is_some() && shape != Shape::Typed {
            let problem = format!(
                "it has a section `{DESCRIPTORS_SECTION}`, which is for typed tools, and it exports none: build it again \
                 with `cofferdam tool build`"
            );
            return Err(LoadError::Invalid { origin: origin.to_owned(), problem });
        }
        let functions = callable.functions();
        // Other shapes are linked again without words.
        let docs = if shape == Shape::Reflected { docs } else { Docs::default() };
        let linked = RwLock::new(Arc::new(Linked { pool, callable }));
        let descriptors = descriptors.map(<[u8]>::to_vec);
        let origin = origin.to_owned();
        Ok(Self {
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

    /// Returns the component as it is linked for `pool`. The first call after a change of pools links it again.
    ///
    /// # Errors
    ///
    /// If its code cannot be mapped again.
    pub(crate) fn linked(&self, pool: &Arc<Pool>) -> Result<Arc<Linked>, LoadError> {
        let linked = Arc::clone(&self.linked.read().unwrap_or_else(PoisonError::into_inner));
        if Arc::ptr_eq(&linked.pool, pool) {
            return Ok(linked);
        }
        let mapped = deserialize(&pool.engine, &self.native).map_err(|error| in_host(&self.origin, &error))?;
        let (callable, _) = link(pool, &mapped, &self.manifest, &self.docs, &self.origin)?;
        let linked = Arc::new(Linked { pool: Arc::clone(pool), callable });
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
) -> Result<(Callable, Vec<(String, String)>), LoadError> {
    let host = |error: wasmtime::Error| in_host(origin, &error);
    let linker = if imports::links_http(manifest) { &pool.http_linker } else { &pool.linker };
    let linker = imports::link(linker, mapped, manifest).map_err(host)?;
    let pre = linker.instantiate_pre(mapped).map_err(host)?;
    let functions = || reflect::functions(&pool.engine, mapped, docs);
    Callable::find(pre, &names_of_exports(mapped), functions, origin)
}

fn names_of_exports(mapped: &wasmtime::component::Component) -> Vec<String> {
    mapped.component_type().exports(mapped.engine()).map(|(name, _)| name.to_owned()).collect()
}

fn in_host(origin: &str, error: &wasmtime::Error) -> LoadError {
    LoadError::Host { origin: origin.to_owned(), problem: sentence::problem(&format!("{error:#}")) }
}

impl Callable {
    fn shape(&self) -> Shape {
        match self {
            Self::Command(_) => Shape::Command,
            Self::Typed(_) => Shape::Typed,
            Self::Reflected(_) => Shape::Reflected,
        }
    }

    /// The functions of a reflected component; other shapes have none.
    fn functions(&self) -> Vec<Function> {
        match self {
            Self::Reflected(reflected) => reflected.functions().cloned().collect(),
            Self::Command(_) | Self::Typed(_) => Vec::new(),
        }
    }

    fn find(
        pre: InstancePre<State>,
        exports: &[String],
        functions: impl FnOnce() -> Functions,
        origin: &str,
    ) -> Result<(Self, Vec<(String, String)>), LoadError> {
        let host = |error: wasmtime::Error| in_host(origin, &error);
        let exported = |interface: &str| exports.iter().any(|name| name.starts_with(interface));
        if exported(COMMAND) {
            return Ok((Self::Command(CommandPre::new(pre).map_err(host)?), Vec::new()));
        }
        if exports.iter().any(|name| is_of_typed_tools(name)) {
            return Ok((Self::Typed(CallingToolPre::new(pre).map_err(host)?), Vec::new()));
        }
        let functions = functions();
        if functions.entries.is_empty() && !functions.refused.is_empty() {
            let refused = functions.refused.iter().map(|(name, reason)| format!("{name}: {reason}"));
            let refused = sentence::listed(refused, functions.refusals(), "; ");
            return Err(LoadError::Unreflected { origin: origin.to_owned(), refused });
        }
        let (entries, refused) = functions.with_count();
        if !entries.is_empty() {
            return Ok((Self::Reflected(Reflected::new(pre, entries)), refused));
        }
        let exports = if exports.is_empty() { "nothing".to_owned() } else { sentence::names(exports) };
        Err(LoadError::NothingToCall { origin: origin.to_owned(), exports })
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component").field("digest", &self.digest).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Maps native code into the host.
#[allow(unsafe_code, reason = "native code cannot be checked by looking at it, only by knowing who wrote it")]
fn deserialize(engine: &wasmtime::Engine, native: &Native) -> wasmtime::Result<wasmtime::component::Component> {
    // SAFETY: the bytes behind this path were written by this host's own compiler for this engine's configuration: the
    // cache checked their keyed hash through the descriptor that the path names, in a directory that only this user can
    // enter.
    unsafe { wasmtime::component::Component::deserialize_file(engine, native.path()) }
}

/// Reads the outline of a component: that it is one, that it is whole, and the manifest it carries.
pub(crate) fn read<'a>(bytes: &'a [u8], origin: &str) -> Result<Read<'a>, LoadError> {
    let (size, max) = (bytes.len() as u64, MAX_COMPONENT);
    if size > max {
        return Err(LoadError::TooLarge { origin: origin.to_owned(), size, max });
    }
    if let Some(found) = other_than_component(bytes) {
        return Err(LoadError::NotAComponent { origin: origin.to_owned(), found });
    }
    let invalid = |problem: String| LoadError::Invalid { origin: origin.to_owned(), problem };
    let mut manifest = None;
    let mut docs = None;
    let mut descriptors = None;
    let mut depth = 0_u32;
    let mut outline = Outline::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| invalid(sentence::problem(&error)))?;
        outline.add(&payload, depth).map_err(invalid)?;
        match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(LoadError::CoreModule { origin: origin.to_owned() });
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == Manifest::SECTION => {
                let another = manifest.replace(section.data());
                // Two manifests would leave open which of them a reviewer has read.
                if another.is_some() {
                    return Err(invalid(format!("it has two `{}` sections: keep one", Manifest::SECTION)));
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == Docs::SECTION => {
                let another = docs.replace(Docs::read(section.data()).map_err(invalid)?);
                if another.is_some() {
                    return Err(invalid(format!("it has two `{}` sections: keep one", Docs::SECTION)));
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == DESCRIPTORS_SECTION => {
                let size = section.data().len();
                if size > MAX_DESCRIPTORS {
                    let name = DESCRIPTORS_SECTION;
                    return Err(invalid(format!("its section `{name}` has {size} bytes: at most {MAX_DESCRIPTORS}")));
                }
                let another = descriptors.replace(section.data());
                if another.is_some() {
                    return Err(invalid(format!("it has two `{DESCRIPTORS_SECTION}` sections: keep one")));
                }
            }
            _ => {}
        }
    }
    Ok(Read { manifest, docs: docs.unwrap_or_default(), descriptors })
}

/// Counts of what is read, looked at, or named in sentences.
#[derive(Default)]
struct Outline {
    sections: u32,
    functions: u32,
    imports: u32,
    exports: u32,
}

impl Outline {
    /// Adds a section, `depth` components or modules below the outermost component. The error says
    /// what is too many.
    fn add(&mut self, payload: &Payload<'_>, depth: u32) -> Result<(), String> {
        let add = |sum: &mut u32, more: u32, most: u32, what: &str| {
            *sum = sum.saturating_add(more);
            if *sum > most { Err(format!("it has more than {most} {what}")) } else { Ok(()) }
        };
        match payload {
            Payload::CodeSectionEntry(_) => return Ok(()),
            Payload::CodeSectionStart { count, .. } => add(&mut self.functions, *count, MAX_CODE, "functions")?,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                add(&mut self.imports, imports.count(), MAX_NAMES, "imports")?;
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                add(&mut self.exports, exports.count(), MAX_NAMES, "exports")?;
            }
            _ => {}
        }
        add(&mut self.sections, 1, MAX_SECTIONS, "sections, those of its modules among them")
    }
}

/// What the first bytes say it is, when they do not begin a WebAssembly binary.
fn other_than_component(bytes: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&[u8], &str); 6] = [
        (b"\x7fELF", "a native Linux program (ELF)"),
        (b"\xcf\xfa\xed\xfe", "a native macOS program (Mach-O)"),
        (b"\xca\xfe\xba\xbe", "a native macOS program (Mach-O)"),
        (b"MZ", "a native Windows program (PE)"),
        (b"#!", "a script"),
        (b"\x1f\x8b", "a gzip archive"),
    ];
    if bytes.starts_with(b"\0asm") {
        return None;
    }
    if bytes.is_empty() {
        return Some("an empty file");
    }
    let known = FORMATS.iter().find(|(magic, _)| bytes.starts_with(magic));
    Some(known.map_or("not a WebAssembly binary", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: &[u8], part: &str) {
        let Err(problem) = read(bytes, "it") else { panic!("it is read") };
        assert!(problem.to_string().contains(part), "{problem}");
    }

    #[test]
    fn what_is_looked_at_is_bounded_before_it_is_compiled() {
        let with = |sections: usize| {
            let mut bytes = wat::parse_str("(component)").unwrap();
            bytes.extend([0, 1, 0].repeat(sections));
            bytes
        };
        read(&with(10_000), "it").unwrap();
        refused(&with(20_000), "more than 16384 sections");
        let functions = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i \"f\")))";
        let exports = |count: usize| {
            let exports: String = (0..count).map(|n| format!("(export \"f{n}\" (func $f))")).collect();
            wat::parse_str(format!("(component {functions} {exports})")).unwrap()
        };
        read(&exports(1_000), "it").unwrap();
        refused(&exports(1_001), "more than 1000 exports");
        let imports: String = (0..1_001).map(|n| format!("(import \"f{n}\" (func))")).collect();
        refused(&wat::parse_str(format!("(component {imports})")).unwrap(), "more than 1000 imports");
    }
}
