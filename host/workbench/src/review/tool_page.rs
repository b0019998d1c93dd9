//! Everything that the page of a review says about one tool, read from its component alone.

use std::collections::BTreeSet;
use std::path::Path;

use cofferdam_capability::{Access, Ceiling, Digest, GuestPath, Manifest};
use cofferdam_tool::{Effect, Import, Seen, needless_rows, only_computes, usage};
use serde::Serialize;

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
            ceiling,
            advisories,
            cache,
        } = subject;
        let sections = sections::read(component, origin)?;
        let manifest = match sections.manifest {
            Some(json) => Manifest::from_json(json, origin).map_err(Error::usage)?,
            None => Manifest::empty(),
        };
        let digest = Digest::of(component);
        let facts = Facts::of(component, digest, origin, cache)?;
        let imports = facts.imports();
        let needless_rows = needless_rows(&manifest, &imports);
        let lines: Vec<_> = imports
            .iter()
            .map(|import| ImportLine {
                interface: import.name().to_owned(),
                fate: Fate::of(import, &manifest),
            })
            .collect();
        let reach = facts.reach;
        let Packages { known, unreadable } = Packages::read(&sections.packages);
        let unreadable = unreadable.map(|error| error.to_string());
        let built = built(&sections, known, advisories)?;
        let name = match manifest.tool.name.as_str() {
            "" => name,
            name => name,
        };
        let mut page = Self {
            name: name.to_owned(),
            version: manifest.tool.version.clone(),
            summary: manifest.tool.summary.clone(),
            component: digest,
            manifest: manifest.digest().map_err(Error::work)?,
            size: component.len(),
            effect: effect(&manifest, &imports).as_str(),
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
        let usage = usage(component);
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
            usage: usage.as_deref(),
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

/// The effect class of a tool that is granted everything that it asks for.
fn effect(manifest: &Manifest, imports: &[Import]) -> Effect {
    let scratch = GuestPath::scratch();
    let writes = manifest
        .fs
        .iter()
        .any(|row| row.path != scratch && row.access == Access::ReadWrite);
    if !manifest.http.is_empty() || !manifest.tcp.is_empty() {
        Effect::External
    } else if writes || !manifest.call.is_empty() {
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
