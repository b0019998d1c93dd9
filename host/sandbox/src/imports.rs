//! The imports of a component, checked against what its manifest declares.

use cofferdam_capability::Manifest;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, ResourceType};

use crate::error::LoadError;
use crate::other_wasi::OtherWasi;
use crate::sentence;

/// Packages that every program imports. They are always linked, and see only what was granted: no
/// directory, no variable.
const ALWAYS: [&str; 5] = [
    "wasi:cli",
    "wasi:clocks",
    "wasi:filesystem",
    "wasi:io",
    "wasi:random",
];

/// `wasi:sockets` comes with libc whether it is used or not. It is linked; without
/// [`Manifest::tcp`] every call of it is denied.
const SOCKETS: &str = "wasi:sockets";

/// The part of it that is denied to everybody.
const UDP: &str = "wasi:sockets/udp";

/// Declared by [`Manifest::http`]; every request is checked against the grant.
const HTTP: [&str; 2] = ["wasi:http/types", "wasi:http/outgoing-handler"];

/// Gives no power: a log, progress, and the time left.
const HOST: &str = "cofferdam:tool/host";

/// Declared by [`Manifest::call`]; every call is checked against the grant.
const CALLS: &str = "cofferdam:tool/calls";

/// The one version of WASI that is linked.
const WASI_VERSION: &str = "0.2.";

/// The versions of our own interfaces that are linked.
const TOOL_VERSION: &str = "0.1.";

/// The imports of a component, for the reviewer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imports {
    /// Every interface it imports, with its version.
    pub(crate) all: Vec<String>,
    /// Those of which every call is denied.
    pub(crate) denied: Vec<String>,
    /// Powers that its manifest declares and that it cannot use, because it does not import what
    /// they need.
    pub(crate) needless: Vec<String>,
}

/// The decision about one import.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Linked,
    /// Linked, and the linked functions deny every call by themselves.
    LinkedAndDenied,
    /// Acknowledged by an `[[unused]]` row: linked to functions that end the call as denied.
    Acknowledged,
    Undeclared,
}

/// Decides about every import. A component that imports something undeclared is refused, with both
/// lists.
pub(crate) fn decide(
    component: &Component,
    manifest: &Manifest,
    origin: &str,
) -> Result<Imports, LoadError> {
    let engine = component.engine();
    let ty = component.component_type();
    let powers = ty
        .imports(engine)
        .filter(|(_, import)| needs_linking(engine, &import.ty));
    let all: Vec<_> = powers.map(|(name, _)| name.to_owned()).collect();
    let of = |wanted: fn(&Fate) -> bool| -> Vec<String> {
        all.iter()
            .filter(|name| wanted(&fate(name, manifest)))
            .cloned()
            .collect()
    };
    let undeclared = of(|fate| *fate == Fate::Undeclared);
    if !undeclared.is_empty() {
        if let Some(other) = OtherWasi::among(&undeclared) {
            return Err(other.refused(origin));
        }
        return Err(LoadError::Undeclared {
            origin: origin.to_owned(),
            imported: sentence::names(&undeclared),
            declared: declared(manifest),
        });
    }
    let denied = all.iter().filter(|name| is_denied(name, manifest));
    let denied = denied.cloned().collect();
    let needless = needless_rows(manifest, &all);
    Ok(Imports {
        all,
        denied,
        needless,
    })
}

/// Returns true if a component with this manifest may import the interface `name`.
pub fn is_declared(name: &str, manifest: &Manifest) -> bool {
    fate(name, manifest) != Fate::Undeclared
}

/// Returns true if every call of the interface `name` is denied to a component with this manifest.
pub fn is_denied(name: &str, manifest: &Manifest) -> bool {
    matches!(
        fate(name, manifest),
        Fate::LinkedAndDenied | Fate::Acknowledged
    )
}

/// Returns true if the interface `name` gives no power: a component that imports nothing else can
/// only compute.
pub fn gives_nothing(name: &str) -> bool {
    is_ours(name) && without_version(name) == HOST
}

/// Returns true if a component with this manifest is linked to `wasi:http`: it sends requests, or
/// acknowledges that it could.
pub(crate) fn links_http(manifest: &Manifest) -> bool {
    !manifest.http.is_empty()
        || manifest
            .unused
            .iter()
            .any(|row| HTTP.contains(&without_version(&row.interface)))
}

/// Returns true if the host must give something for an import. For a type it gives nothing: it only
/// says how values look.
fn needs_linking(engine: &wasmtime::Engine, import: &ComponentItem) -> bool {
    match import {
        ComponentItem::Type(_) => false,
        ComponentItem::ComponentInstance(instance) => instance
            .exports(engine)
            .any(|(_, item)| needs_linking(engine, &item.ty)),
        _ => true,
    }
}

fn fate(name: &str, manifest: &Manifest) -> Fate {
    let interface = without_version(name);
    if manifest
        .unused
        .iter()
        .any(|row| row.interface == interface || row.interface == name)
    {
        return Fate::Acknowledged;
    }
    if is_ours(name) {
        return match interface {
            HOST => Fate::Linked,
            CALLS if !manifest.call.is_empty() => Fate::Linked,
            _ => Fate::Undeclared,
        };
    }
    match package(name) {
        Some(package) if ALWAYS.contains(&package) => Fate::Linked,
        Some(SOCKETS) if !manifest.tcp.is_empty() && !interface.starts_with(UDP) => Fate::Linked,
        Some(SOCKETS) => Fate::LinkedAndDenied,
        Some(_) if HTTP.contains(&interface) && !manifest.http.is_empty() => Fate::Linked,
        _ => Fate::Undeclared,
    }
}

/// The package of an interface of the linked WASI version.
fn package(name: &str) -> Option<&str> {
    let (interface, version) = name.split_once('@')?;
    let (package, _) = interface.split_once('/')?;
    // A release candidate has another content.
    let released = version.starts_with(WASI_VERSION) && !version.contains('-');
    released.then_some(package)
}

/// Returns true for an interface of `wit/tool.wit` in the version that is linked.
fn is_ours(name: &str) -> bool {
    name.starts_with("cofferdam:tool/")
        && name
            .split_once('@')
            .is_some_and(|(_, version)| version.starts_with(TOOL_VERSION))
}

/// Returns true if the host has this interface.
fn is_of_host(name: &str) -> bool {
    HTTP.contains(&without_version(name))
        || package(name).is_some_and(|package| package == SOCKETS || ALWAYS.contains(&package))
}

fn without_version(name: &str) -> &str {
    name.split_once('@')
        .map_or(name, |(interface, _)| interface)
}

/// Declared powers without the import that they need.
pub fn needless_rows(manifest: &Manifest, imports: &[String]) -> Vec<String> {
    let imported = |package: &str| {
        imports
            .iter()
            .any(|name| without_version(name).starts_with(package))
    };
    let rows = [
        (manifest.fs.len(), "[[fs]]", "wasi:filesystem/"),
        (manifest.http.len(), "[[http]]", "wasi:http/"),
        (manifest.tcp.len(), "[[tcp]]", "wasi:sockets/tcp"),
        (manifest.secret.len(), "[[secret]]", "wasi:http/"),
        (manifest.env.len(), "[[env]]", "wasi:cli/environment"),
        (manifest.call.len(), "[[call]]", CALLS),
    ];
    let unneeded = rows
        .iter()
        .filter(|(count, _, package)| *count > 0 && !imported(package));
    let mut needless: Vec<_> = unneeded
        .map(|(_, row, package)| format!("{row} without {package}"))
        .collect();
    let stale = manifest
        .unused
        .iter()
        .filter(|row| !imported(without_version(&row.interface)));
    needless.extend(stale.map(|row| format!("[[unused]] {}", row.interface)));
    needless
}

/// The powers a manifest declares, as words for an error message.
fn declared(manifest: &Manifest) -> String {
    let counts = [
        (manifest.fs.len(), "[[fs]]"),
        (manifest.http.len(), "[[http]]"),
        (manifest.tcp.len(), "[[tcp]]"),
        (manifest.secret.len(), "[[secret]]"),
        (manifest.env.len(), "[[env]]"),
        (manifest.call.len(), "[[call]]"),
        (manifest.unused.len(), "[[unused]]"),
    ];
    let rows: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, row)| format!("{count} {row}"))
        .collect();
    if rows.is_empty() {
        "nothing".to_owned()
    } else {
        rows.join(", ")
    }
}

/// A call of an interface that its manifest acknowledges as unused.
#[derive(Debug, thiserror::Error)]
#[error("{function} of {interface} was called, which the manifest declares as [[unused]]")]
pub(crate) struct DeniedCall {
    interface: String,
    function: String,
}

/// A resource of an acknowledged interface. There never is one: every function that would make it
/// denies.
struct DeniedResource;

/// The host's linker, with acknowledged imports linked to functions that deny. Most components need
/// no linker of their own.
pub(crate) fn link<T: 'static>(
    linker: &Linker<T>,
    component: &Component,
    manifest: &Manifest,
) -> wasmtime::Result<Linker<T>> {
    let mut linker = linker.clone();
    if manifest.unused.is_empty() {
        return Ok(linker);
    }
    let engine = component.engine();
    // An acknowledged interface may be one that the host has; the acknowledgement closes it.
    linker.allow_shadowing(true);
    for (name, import) in component.component_type().imports(engine) {
        if fate(name, manifest) != Fate::Acknowledged {
            continue;
        }
        if let ComponentItem::ComponentInstance(instance) = import.ty {
            deny(&mut linker, component, name, &instance)?;
        }
    }
    Ok(linker)
}

fn deny<T: 'static>(
    linker: &mut Linker<T>,
    component: &Component,
    interface: &str,
    instance: &ComponentInstance,
) -> wasmtime::Result<()> {
    let mut linked = linker.instance(interface)?;
    for (name, item) in instance.exports(component.engine()) {
        match item.ty {
            ComponentItem::ComponentFunc(_) => {
                let interface = interface.to_owned();
                let function = name.to_owned();
                linked.func_new(name, move |_, _, _, _| {
                    Err(DeniedCall {
                        interface: interface.clone(),
                        function: function.clone(),
                    }
                    .into())
                })?;
            }
            // Interfaces share the host's own resources, such as pollables: of those the functions
            // alone are closed.
            ComponentItem::Resource(_) if is_of_host(interface) => {}
            ComponentItem::Resource(_) => {
                linked.resource(name, ResourceType::host::<DeniedResource>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}
