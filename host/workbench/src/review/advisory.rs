//! Advisories about packages, from a checkout of RustSec's database
//! (<https://github.com/rustsec/advisory-db>).
//!
//! An advisory is Markdown with TOML at its beginning. Read here by `toml` and `semver`, which the
//! workspace has: the crate `rustsec` would bring clients of git and of registries.

use std::path::Path;

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use super::packages::Package;
use crate::error::Error;
use crate::file;

/// The most bytes of an advisory; the largest one has 40 KiB.
const MOST: u64 = 256 << 10;

/// Advisories about one package that are read at most.
const MOST_OF_PACKAGE: usize = 1_000;

/// An advisory about a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advisory {
    /// Its name: `RUSTSEC-2021-0003`.
    pub id: String,
    /// The package, with its version.
    pub package: String,
    /// Its title.
    pub title: String,
    /// Its kind, where it is no vulnerability: `unmaintained`, `unsound`, `notice`.
    pub informational: Option<String>,
    /// The versions in which it is fixed.
    pub patched: Vec<String>,
}

#[derive(Deserialize)]
struct Written {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    package: String,
    #[serde(default)]
    informational: Option<String>,
    #[serde(default)]
    withdrawn: Option<toml::Value>,
}

#[derive(Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

/// Checks that a directory is a checkout of RustSec's database.
///
/// # Errors
///
/// If it is not there, or has no directory `crates`.
pub fn check_advisories(database: &Path) -> Result<(), Error> {
    if database.join("crates").is_dir() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{}: there is no directory `crates`: name a checkout of RustSec's advisory-db",
        database.display()
    )))
}

/// The advisories about these packages. `database` is the checkout.
pub(super) fn about<'a>(
    packages: impl IntoIterator<Item = &'a Package>,
    database: &Path,
) -> Result<Vec<Advisory>, Error> {
    check_advisories(database)?;
    let crates = database.join("crates");
    let mut found = Vec::new();
    for package in packages {
        if !package.may_be_public() || !is_file_name(&package.name) {
            continue;
        }
        let directory = crates.join(&package.name);
        let Ok(files) = std::fs::read_dir(&directory) else {
            continue;
        };
        for (count, entry) in files.enumerate() {
            let path = entry.map_err(Error::work)?.path();
            if count >= MOST_OF_PACKAGE {
                return Err(Error::usage(format!(
                    "{}: it has more than {MOST_OF_PACKAGE} files",
                    directory.display()
                )));
            }
            if path.extension().is_some_and(|ending| ending == "md") {
                let text = file::text(&path, MOST)?;
                let wrong = |problem: &str| Error::usage(format!("{}: {problem}", path.display()));
                found.extend(applies(&text, package).map_err(|problem| wrong(&problem))?);
            }
        }
    }
    found.sort_by(|a, b| (&a.package, &a.id).cmp(&(&b.package, &b.id)));
    Ok(found)
}

/// The advisory, if it is about this version.
fn applies(text: &str, package: &Package) -> Result<Option<Advisory>, String> {
    let begins = text
        .strip_prefix("```toml")
        .ok_or("it does not begin with ```toml")?;
    let Some((head, rest)) = begins.split_once("\n```") else {
        return Err("its TOML has no end".to_owned());
    };
    let Written { advisory, versions } =
        toml::from_str(head).map_err(|error| error.message().to_owned())?;
    if advisory.withdrawn.is_some() || advisory.package != package.name {
        return Ok(None);
    }
    let mut fine = versions.patched.iter().chain(&versions.unaffected);
    let is_fine = fine.try_fold(false, |is_fine, text| {
        let range: VersionReq = text
            .parse()
            .map_err(|error| format!("`{text}` is no range of versions: {error}"))?;
        Ok::<_, String>(is_fine || matches(&range, &package.version))
    })?;
    if is_fine {
        return Ok(None);
    }
    let title = rest.lines().find_map(|line| line.strip_prefix("# "));
    Ok(Some(Advisory {
        id: advisory.id,
        package: format!("{} {}", package.name, package.version),
        title: title.unwrap_or_default().trim().to_owned(),
        informational: advisory.informational,
        patched: versions.patched,
    }))
}

/// Returns true if a range covers a version. Ranges cover no prerelease by themselves: one counts
/// as the patch before it, and as affected where there is none.
fn matches(range: &VersionReq, version: &Version) -> bool {
    if version.pre.is_empty() || range.matches(version) {
        return range.matches(version);
    }
    let before = version.patch.checked_sub(1);
    before.is_some_and(|patch| range.matches(&Version::new(version.major, version.minor, patch)))
}

/// Returns true if a name leads to no other directory.
fn is_file_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"a\"\n\
        date = \"2024-01-01\"\n[versions]\npatched = [\">= 1.2.3\", \"^0.9.5\"]\n\
        unaffected = [\"< 0.5\"]\n```\n\n# It breaks\n\nWords.\n";

    #[track_caller]
    fn check(text: &str, version: &str, expected: bool) {
        let package = Package {
            name: "a".to_owned(),
            version: version.parse().unwrap(),
            source: "crates.io".to_owned(),
            only_builds: false,
        };
        let found = applies(text, &package).unwrap();
        assert_eq!(found.is_some(), expected, "{version}");
        if let Some(found) = found {
            assert_eq!(found.title, "It breaks");
        }
    }

    #[test]
    fn versions_that_are_not_fixed_and_not_unaffected_are_found() {
        for (version, expected) in [
            ("1.2.2", true),
            ("1.2.3", false),
            ("1.2.3-rc.1", true),
            ("0.9.4", true),
            ("0.9.6", false),
            ("0.4.9", false),
        ] {
            check(TEXT, version, expected);
        }
    }

    #[test]
    fn one_that_was_withdrawn_counts_no_more() {
        let text = TEXT.replace("date = ", "withdrawn = \"2024-02-02\"\ndate = ");
        check(&text, "1.0.0", false);
    }

    #[test]
    fn what_is_no_advisory_is_said() {
        let package = Package {
            name: "a".to_owned(),
            version: Version::new(1, 0, 0),
            source: "crates.io".to_owned(),
            only_builds: false,
        };
        assert!(applies("words", &package).is_err());
        assert!(applies("```toml\n[advisory]\n", &package).is_err());
        let text = TEXT.replace(">= 1.2.3", "new");
        assert!(applies(&text, &package).unwrap_err().contains("`new`"));
    }
}
