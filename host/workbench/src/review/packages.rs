//! The packages of which a component was built, as `cargo auditable` wrote them down: JSON under
//! zlib, in a section of the core module.

use std::collections::BTreeSet;
use std::io::Read;

use auditable_serde::{DependencyKind, Source};
use flate2::read::ZlibDecoder;
use semver::Version;
use serde::{Deserialize, Serialize};

/// The most bytes of all lists of a component together, decompressed (8 MiB). A package takes a
/// hundred.
const MOST: u64 = 8 << 20;

/// Lists of a component that are read at most (1,000). A module has one, and a component has tens
/// of modules; to begin to read a list costs more than its bytes.
const MOST_LISTS: usize = 1_000;

/// Packages of a component that are read at most (10,000). The largest programs have a thousand,
/// and the page names all of them.
const MOST_PACKAGES: usize = 10_000;

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

/// A list as it is written. Dependencies between packages are not read: putting them in order, as
/// the library does, takes the square of their number.
#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

/// A package as it is written.
#[derive(Deserialize)]
struct Listed {
    name: String,
    version: Version,
    source: String,
    #[serde(default)]
    kind: DependencyKind,
}

/// The packages of a component, as far as its lists could be read.
#[derive(Debug)]
pub(super) struct Packages {
    /// Packages of the lists before the first that is unreadable; none where no list was read.
    pub(super) known: Option<BTreeSet<Package>>,
    /// The reason why a list could not be read.
    pub(super) unreadable: Option<PackagesError>,
}

/// The reason why a list of packages cannot be read. It holds no text of the component, which may
/// be as long as the list.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackagesError {
    #[error("a list of packages cannot be decompressed: {0}")]
    Compressed(std::io::Error),
    #[error("its lists of packages have more than {MOST} bytes")]
    TooLarge,
    #[error("it has more than {MOST_LISTS} lists of packages")]
    TooManyLists,
    #[error("its lists have more than {MOST_PACKAGES} packages")]
    TooManyPackages,
    #[error("a list of packages is wrong at line {line}, column {column}")]
    Json { line: usize, column: usize },
}

impl Packages {
    /// Reads the lists of a component.
    pub(super) fn read(lists: &[&[u8]]) -> Self {
        let mut known = None;
        let unreadable = add(lists, &mut known).err();
        Self { known, unreadable }
    }
}

fn add(lists: &[&[u8]], known: &mut Option<BTreeSet<Package>>) -> Result<(), PackagesError> {
    if lists.len() > MOST_LISTS {
        return Err(PackagesError::TooManyLists);
    }
    let mut left = MOST;
    for compressed in lists {
        let json = decompressed(compressed, left)?;
        left = left.saturating_sub(json.len() as u64);
        let list: List = serde_json::from_slice(&json).map_err(|error| PackagesError::Json {
            line: error.line(),
            column: error.column(),
        })?;
        let known = known.get_or_insert_default();
        for package in list.packages {
            known.insert(Package {
                name: package.name,
                version: package.version,
                source: package.source,
                only_builds: package.kind == DependencyKind::Build,
            });
            if known.len() > MOST_PACKAGES {
                return Err(PackagesError::TooManyPackages);
            }
        }
    }
    Ok(())
}

/// The text of a list, of at most so many bytes.
fn decompressed(compressed: &[u8], most: u64) -> Result<Vec<u8>, PackagesError> {
    let mut json = Vec::new();
    ZlibDecoder::new(compressed)
        .take(most + 1)
        .read_to_end(&mut json)
        .map_err(PackagesError::Compressed)?;
    if json.len() as u64 > most {
        return Err(PackagesError::TooLarge);
    }
    Ok(json)
}

impl Package {
    /// Returns true if it may be the package of this name on crates.io, which advisories are about.
    pub(super) fn may_be_public(&self) -> bool {
        let public = String::from(Source::CratesIo);
        // A mirror of the registry has the same packages.
        self.source == public || self.source == String::from(Source::Registry)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn compressed(json: &str) -> Vec<u8> {
        let mut compressed = ZlibEncoder::new(Vec::new(), Compression::fast());
        compressed.write_all(json.as_bytes()).unwrap();
        compressed.finish().unwrap()
    }

    /// A list of so many packages, from this number on.
    fn list(first: usize, count: usize) -> Vec<u8> {
        let package = |n: usize| {
            format!(r#"{{"name":"p{n}","version":"1.0.0","source":"git","dependencies":[0]}}"#)
        };
        let packages: Vec<_> = (first..first + count).map(package).collect();
        compressed(&format!(r#"{{"packages":[{}]}}"#, packages.join(",")))
    }

    fn read(lists: &[Vec<u8>]) -> Packages {
        let lists: Vec<_> = lists.iter().map(Vec::as_slice).collect();
        Packages::read(&lists)
    }

    #[track_caller]
    fn check(lists: &[Vec<u8>], known: Option<usize>, unreadable: Option<&str>) {
        let read = read(lists);
        assert_eq!(read.known.map(|known| known.len()), known);
        let error = read.unreadable.map(|error| error.to_string());
        assert_eq!(error.as_deref(), unreadable);
    }

    #[test]
    fn lists_are_joined() {
        check(&[], None, None);
        check(&[list(0, 3), list(2, 3), list(0, 0)], Some(5), None);
        let all = read(&[list(7, 1)]).known.unwrap();
        let package = all.first().unwrap();
        assert_eq!(package.name, "p7");
        assert_eq!(package.source, "git");
        assert!(!package.only_builds);
    }

    #[test]
    fn all_lists_together_are_bounded() {
        // Each is below the bound for all of them.
        let long = " ".repeat(5 << 20) + r#"{"packages":[]}"#;
        let long = compressed(&long);
        let bytes = "its lists of packages have more than 8388608 bytes";
        check(&[long.clone(), long], Some(0), Some(bytes));
        let many = "its lists have more than 10000 packages";
        check(&[list(0, 6_000), list(0, 6_000)], Some(6_000), None);
        check(
            &[list(0, 6_000), list(6_000, 6_000)],
            Some(10_001),
            Some(many),
        );
        let lists = "it has more than 1000 lists of packages";
        let short = |count: usize| std::iter::repeat_n(list(0, 1), count).collect::<Vec<_>>();
        check(&short(1_000), Some(1), None);
        check(&short(1_001), None, Some(lists));
    }

    #[test]
    fn a_list_that_is_wrong_is_named_and_those_before_it_are_read() {
        let wrong = compressed(r#"{"packages":["secret"]}"#);
        let read = read(&[list(0, 2), wrong, list(2, 2)]);
        assert_eq!(read.known.map(|known| known.len()), Some(2));
        let error = read.unreadable.unwrap().to_string();
        assert!(error.contains("wrong at line 1"), "{error}");
        assert!(!error.contains("secret"), "{error}");
        let read = Packages::read(&[b"no zlib".as_slice()]);
        assert!(read.known.is_none());
        let error = read.unreadable.unwrap();
        assert!(matches!(error, PackagesError::Compressed(_)), "{error}");
    }
}
