//! The things that a reviewer saw of a tool, and that a decision is about.

use cofferdam_capability::{
    Ceiling, Diff, Digest, Grant, HttpRow, Limits, Manifest, asked_powers, powers,
};
use cofferdam_sandbox::{Component, ENGINE_PROFILE, Shape};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::embed::{exports_command, exports_tools, usage_digest};
use crate::installed::Installed;

/// A tool as a reviewer saw it, or as it is now. A decision holds for a tool of which nothing
/// differs, and for one that may do less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The name in its manifest.
    pub name: String,
    /// The component.
    pub component: Digest,
    /// The manifest: all that it may ask for.
    pub manifest: Manifest,
    /// The interfaces that its code imports, in order, but for those of which every call is
    /// denied.
    pub imports: Vec<String>,
    /// The digest of the names, descriptions, schemas and usage that a model reads; none where
    /// nobody knows them without running the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Digest>,
    /// The most that it was granted, written as a manifest whose reasons say nothing: its limits
    /// are all there.
    pub grant: Manifest,
    /// Addresses that are not public, which the host lets it reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The engine, with the walls that it has.
    pub engine: String,
}

/// The parts of a component that is seen.
#[derive(Debug, Clone, Copy)]
pub struct SeenParts<'a> {
    /// The component.
    pub component: Digest,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// The interfaces that its code imports, but for those of which every call is denied.
    pub imports: &'a [String],
    /// The digest of what a model reads.
    pub words: Option<Digest>,
    /// Addresses that are not public, which the host lets tools reach.
    pub addresses: &'a [IpNet],
}

/// One part of a tool that is not as it was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Another component.
    Component,
    /// A manifest that asks for these things as well.
    Asks(String),
    /// Imports that are new.
    Imports(Vec<String>),
    /// Other names, descriptions or schemas.
    Words,
    /// A grant that gives these things as well.
    Granted(String),
    /// Addresses that are not public and may be reached as well.
    Addresses(Vec<String>),
    /// Another engine.
    Engine,
}

impl Seen {
    /// A component with all that its manifest asks for, under the limits that the manifest asks
    /// for, and the defaults of this build where it asks for none. `addresses` are those that are
    /// not public and that this host lets tools reach.
    pub fn asked(installed: &Installed, addresses: &[IpNet]) -> Self {
        let manifest = installed.manifest();
        let limits = Limits::DEFAULT.replaced(&manifest.limits);
        let grant = asked_powers(manifest, &limits);
        Self::with(&installed.component, grant, addresses)
    }

    /// A component under a grant.
    pub fn granted(installed: &Installed, grant: &Grant) -> Self {
        Self::under(&installed.component, grant)
    }

    pub(crate) fn under(component: &Component, grant: &Grant) -> Self {
        let addresses = grant.network().addresses().allowed();
        Self::with(component, powers(grant), addresses)
    }

    fn with(component: &Component, grant: Manifest, addresses: &[IpNet]) -> Self {
        let words = words(
            component.shape(),
            component.manifest(),
            component.descriptors(),
            component.usage_digest(),
        );
        // Those of which every call is denied give nothing.
        let denied = component.denied_imports();
        let usable = component.imports().iter();
        let usable: Vec<_> = usable
            .filter(|name| !denied.contains(name))
            .cloned()
            .collect();
        let parts = SeenParts {
            component: component.digest(),
            manifest: component.manifest(),
            imports: &usable,
            words,
            addresses,
        };
        Self::of(parts, grant)
    }

    /// A component that was read and not loaded, with all that its manifest asks for, as
    /// [`Seen::asked`].
    pub fn read(parts: SeenParts<'_>) -> Self {
        let limits = Limits::DEFAULT.replaced(&parts.manifest.limits);
        let grant = asked_powers(parts.manifest, &limits);
        Self::of(parts, grant)
    }

    /// The digest of what a model reads of a component, if it can be known without running it.
    pub fn words(
        component: &[u8],
        manifest: &Manifest,
        descriptors: Option<&[u8]>,
    ) -> Option<Digest> {
        let shape = if exports_command(component).ok()? {
            Shape::Command
        } else if exports_tools(component).ok()? {
            Shape::Typed
        } else {
            Shape::Reflected
        };
        words(shape, manifest, descriptors, usage_digest(component))
    }

    fn of(parts: SeenParts<'_>, grant: Manifest) -> Self {
        let SeenParts {
            component,
            manifest,
            imports,
            words,
            addresses,
        } = parts;
        let mut imports = imports.to_vec();
        imports.sort();
        let reaches = !grant.http.is_empty() || !grant.tcp.is_empty();
        let mut addresses: Vec<_> = addresses.iter().map(IpNet::to_string).collect();
        addresses.sort();
        Self {
            name: manifest.tool.name.clone(),
            component,
            words,
            manifest: manifest.clone(),
            imports,
            grant,
            addresses: if reaches { addresses } else { Vec::new() },
            engine: ENGINE_PROFILE.to_owned(),
        }
    }

    /// Returns true if the grant is all that the manifest asks for, with its limits.
    pub fn is_of_all_that_is_asked(&self) -> bool {
        let limits = Limits::DEFAULT.replaced(&self.manifest.limits);
        self.grant == asked_powers(&self.manifest, &limits)
    }

    /// Returns every part of `now` that is not as it was seen. A grant that gives less is no
    /// difference.
    pub(crate) fn differences(&self, now: &Self) -> Vec<Difference> {
        // Whole, so that a new part has to be held against the old one here.
        let Self {
            name: _,
            component,
            manifest,
            imports: _,
            words: _,
            grant,
            addresses,
            engine,
        } = now;
        let mut found = Vec::new();
        if *component != self.component {
            found.push(Difference::Component);
        }
        // Another manifest of the same component is one that an operator supplied.
        let beyond = beyond(&self.manifest, manifest);
        if *manifest != self.manifest && beyond.is_widened() {
            found.push(Difference::Asks(beyond.to_string()));
        }
        let beyond = beyond_grant(&self.grant, grant);
        if beyond.is_widened() {
            found.push(Difference::Granted(beyond.to_string()));
        }
        let new = |address: &&String| !self.addresses.contains(address);
        let new: Vec<_> = addresses.iter().filter(new).cloned().collect();
        if !new.is_empty() {
            found.push(Difference::Addresses(new));
        }
        if *engine != self.engine {
            found.push(Difference::Engine);
        }
        found
    }

    /// Returns every part of `now`, another component of the same name, that gives more than what
    /// was seen, or says something else to a model.
    pub(crate) fn widened(&self, now: &Self) -> Vec<Difference> {
        let mut found = self.differences(now);
        found.retain(|difference| *difference != Difference::Component);
        let new = |import: &&String| !self.imports.contains(import);
        let new: Vec<_> = now.imports.iter().filter(new).cloned().collect();
        if !new.is_empty() {
            found.push(Difference::Imports(new));
        }
        if now.words.is_none() || now.words != self.words {
            found.push(Difference::Words);
        }
        found
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Component => f.write_str("the component is another one"),
            Self::Asks(more) => write!(f, "its manifest also asks for {more}"),
            Self::Imports(new) => write!(f, "its code also imports {}", new.join(", ")),
            Self::Words => {
                f.write_str("its names, descriptions, schemas or usage differ, or nobody can tell")
            }
            Self::Granted(more) => write!(f, "it may also be given {more}"),
            Self::Addresses(new) => write!(f, "this host lets it reach {}", new.join(", ")),
            Self::Engine => f.write_str("the engine of this host has other walls"),
        }
    }
}

/// The digest of what a model reads of a component, if it can be known without running it. That of
/// functions that are taken as they are is in their types, which nobody wrote down.
fn words(
    shape: Shape,
    manifest: &Manifest,
    descriptors: Option<&[u8]>,
    usage: Option<Digest>,
) -> Option<Digest> {
    let descriptors = match shape {
        Shape::Command => None,
        Shape::Typed => Some(Digest::of(descriptors?)),
        Shape::Reflected => return None,
    };
    let tool = &manifest.tool;
    let all = (&tool.summary, tool.contract, descriptors, usage);
    let all = serde_json_canonicalizer::to_vec(&all).ok()?;
    Some(Digest::of(&all))
}

/// The things that one manifest asks for beyond another, every number of a limit being what it
/// says.
fn beyond(old: &Manifest, new: &Manifest) -> Diff {
    let ceiling = Ceiling {
        defaults: Limits::HIGHEST,
        ..Ceiling::default()
    };
    Diff::new(old, new, &ceiling)
}

/// The same for grants. A row of requests that leaves hosts and ports to the operator covers every
/// port that he names.
fn beyond_grant(old: &Manifest, new: &Manifest) -> Diff {
    let found = beyond(old, new);
    let is_open = |row: &HttpRow| row.host.is_any() && row.ports.is_empty();
    if !found.is_widened() || !old.http.iter().any(is_open) {
        return found;
    }
    let portless = |row: &HttpRow| HttpRow {
        ports: Vec::new(),
        ..row.clone()
    };
    let without_ports = Manifest {
        http: new.http.iter().map(portless).collect(),
        ..new.clone()
    };
    let again = beyond(old, &without_ports);
    if again.is_widened() { found } else { again }
}
