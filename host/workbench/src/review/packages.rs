//! The packages of which a component was built, as `cargo auditable` wrote them down: JSON under
//! zlib, in a section of the core module.

use std::collections::BTreeSet;
use std::io::Read;

use auditable_serde::{DependencyKind, Source, VersionInfo};
use flate2::read::ZlibDecoder;
use semver::Version;
use serde::Serialize;

/// The most bytes of a list, decompressed (8 MiB). A package takes a hundred.
const MOST: u64 = 8 << 20;

/// A package that is in the component, or that took part in building it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(serialize_with = "as_text")]
    pub version: Version,
    /// The place that it comes from: `crates.io`, `git`, `local`, `registry`, or another word.
    pub source: String,
    /// True if it took part in building alone, as build scripts and macros do.
    pub only_builds: bool,
}

fn as_text<S: serde::Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

/// The reason why a list of packages cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackagesError {
    #[error("its list of packages cannot be decompressed: {0}")]
    Compressed(std::io::Error),
    #[error("its list of packages has more than {MOST} bytes")]
    TooLarge,
    #[error("its list of packages cannot be read: {0}")]
    Json(serde_json::Error),
}

/// Reads one list.
pub(super) fn read(compressed: &[u8]) -> Result<BTreeSet<Package>, PackagesError> {
    let mut json = Vec::new();
    ZlibDecoder::new(compressed)
        .take(MOST + 1)
        .read_to_end(&mut json)
        .map_err(PackagesError::Compressed)?;
    if json.len() as u64 > MOST {
        return Err(PackagesError::TooLarge);
    }
    let list: VersionInfo = serde_json::from_slice(&json).map_err(PackagesError::Json)?;
    let packages = list.packages.into_iter().map(|package| Package {
        name: package.name,
        version: package.version,
        source: String::from(package.source),
        only_builds: package.kind == DependencyKind::Build,
    });
    Ok(packages.collect())
}

impl Package {
    /// Returns true if it may be the package of this name on crates.io, which advisories are about.
    pub(super) fn may_be_public(&self) -> bool {
        let public = String::from(Source::CratesIo);
        // A mirror of the registry has the same packages.
        self.source == public || self.source == String::from(Source::Registry)
    }
}
