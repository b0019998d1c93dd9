//! Everything that the page of a review says about one tool, read from its component alone.

use std::collections::BTreeSet;
use std::path::Path;

use cofferdam_call::Descriptor;
use cofferdam_capability::{Access, Ceiling, Digest, GuestPath, Manifest};
use cofferdam_tool::{Effect, Import, Outlook, Seen, needless_rows, note, only_computes, usage};
use serde::Serialize;
use wasmparser::Parser;

use super::advisory;
use super::facts::{Facts, FactsCache};
use super::finding::{self, Grounds};
use super::packages::{Package, Packages};
use super::reached::ReachPage;
use super::rule::Finding;
use super::sections::{self, Sections};
use super::tool_facts::{Built, Fate, ImportLine};
use crate::describe::{self, LimitAsked, Power};
use crate::error::Error;

/// Everything about one tool.
#[derive(Debug, Clone, Serialize)]
pub struct ToolPage {
    /// Its name; the manifest's, or the caller's where that has none.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its purpose, as its author says.
    pub summary: String,
    /// The digest of the component.
    pub component: Digest,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// Its size in bytes.
    pub size: usize,
    /// The effect class that it has if everything it asks for is granted.
    pub effect: &'static str,
    /// The risk that policies see in it then.
    pub risk: &'static str,
    /// The words of its tools, which a model reads; none where they are known only once it is
    /// compiled or run.
    pub tools: Option<Vec<Descriptor>>,
    /// The words of its author about calling it, Markdown. The descriptions of its tools have them
    /// too.
    pub usage: Option<String>,
    /// The rows of its manifest, with their reasons.
    pub asks: Vec<Power>,
    /// The interfaces that its code imports.
    pub imports: Vec<ImportLine>,
    /// Rows of its manifest that no import needs.
    pub needless_rows: Vec<String>,
    /// Its exports.
    pub exports: Vec<String>,
    /// The imports that each exported function can reach.
    pub reach: ReachPage,
    /// The limits that it gets, and those that it asks for.
    pub limits: Vec<LimitAsked>,
    /// Everything that stands out.
    pub findings: Vec<Finding>,
    /// The making of the component, as it says itself.
    pub built: Built,
    /// Its manifest.
    #[serde(skip)]
    pub rows: Manifest,
    /// The digest of what a model reads of it, if it can be known without running it.
    #[serde(skip)]
    pub words: Option<Digest>,
}

/// The parts of which a page is made.
#[derive(Debug, Clone, Copy)]
pub struct ToolSubject<'a> {
    /// The component.
    pub component: &'a [u8],
    /// Its name in errors.
    pub origin: &'a str,
    /// Its name where its manifest has none.
    pub name: &'a str,
    /// The words about calling it that its image has, where it carries none itself.
    pub usage: Option<&'a str>,
    /// The most that this host gives to any tool.
    pub ceiling: &'a Ceiling,
    /// A checkout of RustSec's advisory-db.
    pub advisories: Option<&'a Path>,
    /// Facts that were found before.
    pub cache: Option<&'a FactsCache>,
}

impl ToolPage {
    /// Reads a component. Nothing of it runs, and nothing is compiled. It blocks.
    ///
    /// # Errors
    ///
    /// If the bytes are no component, the manifest is wrong, or the advisories cannot be read.
    pub fn read(subject: ToolSubject<'_>) -> Result<Self, Error> {
        let ToolSubject {
            component,
            origin,
            name,
            usage: of_image,
            ceiling,
            advisories,
            cache,
        } = subject;
        if Parser::is_core_wasm(component) {
            return Err(Error::usage(format!(
                "{origin} is a core WebAssembly module: Cofferdam runs components; `cofferdam tool \
                 build FILE --capabilities FILE` makes one of a command for WASI preview 1, and \
                 others are built for wasm32-wasip2"
            )));
        }
        let sections = sections::read(component, origin)?;
        let manifest = match sections.manifest {
            Some(json) => Manifest::from_json(json, origin).map_err(Error::usage)?,
            None => Manifest::empty(),
        };
        let digest = Digest::of(component);
        let facts = Facts::of(component, digest, origin, cache)?;
        let imports = facts.imports();
        let needless_rows = needless_rows(&manifest, &imports);
        let lines = imports.iter();
        let lines: Vec<_> = lines.map(|line| ImportLine::of(line, &manifest)).collect();
        let reach = facts.reach;
        let Packages { known, unreadable } = Packages::read(&sections.packages);
        let unreadable = unreadable.map(|error| error.to_string());
        let built = built(&sections, known, advisories)?;
        let name = match manifest.tool.name.as_str() {
            "" => name,
            name => name,
        };
        let usage = usage(component).or_else(|| of_image.map(str::to_owned));
        let words = Outlook::read(component, origin).words(name, &note("", usage.as_deref()));
        let effect = effect(&manifest, &imports);
        let mut page = Self {
            name: name.to_owned(),
            version: manifest.tool.version.clone(),
            summary: manifest.tool.summary.clone(),
            component: digest,
            manifest: manifest.digest().map_err(Error::work)?,
            size: component.len(),
            effect: effect.as_str(),
            risk: effect.risk(carries(&manifest)),
            tools: words.ok().flatten(),
            usage,
            asks: describe::powers(&manifest),
            imports: lines,
            needless_rows,
            exports: sections.exports.clone(),
            reach,
            limits: describe::limits(&manifest, ceiling),
            findings: Vec::new(),
            built,
            rows: manifest.clone(),
            words: Seen::words(component, &manifest, sections.descriptors),
        };
        page.findings = finding::findings(&Grounds {
            manifest: &manifest,
            has_manifest: sections.manifest.is_some(),
            is_described: sections.descriptors.is_some(),
            exports: &page.exports,
            imports: &page.imports,
            needless: &page.needless_rows,
            reach: &page.reach,
            built: &page.built,
            unreadable: unreadable.as_deref(),
            usage: page.usage.as_deref(),
            ceiling,
        });
        Ok(page)
    }

    /// Imports that no row declares.
    pub fn undeclared(&self) -> impl Iterator<Item = &str> {
        let undeclared = self.imports.iter();
        undeclared
            .filter(|import| import.fate == Fate::Undeclared)
            .map(|import| import.interface.as_str())
    }
}

fn built(
    sections: &Sections<'_>,
    packages: Option<BTreeSet<Package>>,
    database: Option<&Path>,
) -> Result<Built, Error> {
    let advisories = match (database, &packages) {
        (Some(database), Some(packages)) => Some(advisory::about(packages, database)?),
        _ => None,
    };
    Ok(Built {
        producers: sections.producers.clone(),
        modules: sections.modules,
        packages: packages.map(|packages| packages.into_iter().collect()),
        advisories,
    })
}

/// Returns true if files can be written, beyond those of the call itself.
fn writes(manifest: &Manifest) -> bool {
    let scratch = GuestPath::scratch();
    let mut rows = manifest.fs.iter();
    rows.any(|row| row.path != scratch && row.access == Access::ReadWrite)
}

/// Returns true if the network is more than that for it: files, a secret, or any host.
fn carries(manifest: &Manifest) -> bool {
    let is_open = manifest.http.iter().any(|row| row.host.is_any());
    writes(manifest) || !manifest.secret.is_empty() || is_open
}

/// The effect class of a tool that is granted everything that it asks for.
fn effect(manifest: &Manifest, imports: &[Import]) -> Effect {
    if !manifest.http.is_empty() || !manifest.tcp.is_empty() {
        Effect::External
    } else if writes(manifest) || !manifest.call.is_empty() {
        Effect::Write
    } else if only_computes(imports.iter().map(Import::name))
        && manifest.fs.is_empty()
        && manifest.env.is_empty()
    {
        Effect::Pure
    } else {
        Effect::Read
    }
}
