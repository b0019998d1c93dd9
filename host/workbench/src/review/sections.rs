//! The custom sections of a component, and of the modules in it, that say who made it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use cofferdam_capability::Manifest;
use serde::Serialize;
use wasmparser::{Encoding, KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::error::Error;

/// The section of a core module with the packages that `cargo auditable` wrote down.
const PACKAGES: &str = ".dep-v0";

/// The section in which a component of typed tools lists them.
const DESCRIPTORS: &str = "cofferdam:descriptors";

/// Programs that are named at most (100): a toolchain has some ten.
const MOST_PRODUCERS: usize = 100;

/// The most bytes of a name or version of a program.
const MOST_NAME: usize = 256;

/// Programs that took part in making a component: their kind, and those of it with their versions.
pub(super) type Producers = BTreeMap<String, BTreeSet<Producer>>;

/// A program, a language or a kit that took part in making a component, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Producer {
    /// Its name.
    pub name: String,
    /// Its version; empty where it has none.
    pub version: String,
}

/// The sections that matter here.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    pub(super) manifest: Option<&'a [u8]>,
    /// The descriptors of typed tools.
    pub(super) descriptors: Option<&'a [u8]>,
    pub(super) producers: Producers,
    /// Compressed lists of packages, one for each module that has one.
    pub(super) packages: Vec<&'a [u8]>,
    /// Core modules, those in components inside it too.
    pub(super) modules: usize,
    /// Names of its exports.
    pub(super) exports: Vec<String>,
}

/// Reads them.
pub(super) fn read<'a>(component: &'a [u8], origin: &str) -> Result<Sections<'a>, Error> {
    let broken = |error: wasmparser::BinaryReaderError| Error::usage(format!("{origin}: {error}"));
    let mut found = Sections::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(broken)? {
            Payload::Version { encoding, .. } => {
                found.modules += usize::from(encoding == Encoding::Module);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    found
                        .exports
                        .push(export.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) => match section.name() {
                Manifest::SECTION if depth == 0 => found.manifest = Some(section.data()),
                DESCRIPTORS if depth == 0 => found.descriptors = Some(section.data()),
                PACKAGES => found.packages.push(section.data()),
                _ => {
                    if let KnownCustom::Producers(producers) = section.as_known() {
                        // What is no list of producers says nothing about them.
                        let _ = add(producers, &mut found.producers);
                    }
                }
            },
            _ => {}
        }
    }
    Ok(found)
}

fn add(
    section: ProducersSectionReader<'_>,
    producers: &mut Producers,
) -> Result<(), wasmparser::BinaryReaderError> {
    let cut = |text: &str| text.chars().take(MOST_NAME).collect::<String>();
    for field in section {
        let field = field?;
        for value in field.values {
            let value = value?;
            if producers.values().map(BTreeSet::len).sum::<usize>() >= MOST_PRODUCERS {
                return Ok(());
            }
            let known = producers.entry(field.name.to_owned()).or_default();
            known.insert(Producer {
                name: cut(value.name),
                version: cut(value.version),
            });
        }
    }
    Ok(())
}
