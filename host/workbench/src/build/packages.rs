//! Cargo packages: read, and built for their targets.

use std::path::{Path, PathBuf};

use super::cargo::{self, CargoPackage, Purpose};
use super::declared::{Artifact, Declared};
use super::environment::BuildEnvironment;
use super::lock;
use super::target::Target;
use crate::error::Error;
use crate::file;

/// The SDK of typed tools.
const SDK: &str = "cofferdam-guest";

/// The shape in `[package.metadata.cofferdam]` of a tool that can only compute.
const PURE: &str = "pure";

/// Tools that are named while they are built: a line's worth.
const NAMES_SHOWN: usize = 8;

/// A tool to build.
struct Package {
    package: CargoPackage,
    declared: Declared,
    target: Target,
    /// It is a library that names the SDK, so it is to export tools.
    is_typed: bool,
}

/// Builds packages and finds their components. Every manifest is read before anything is built: a
/// mistake in one costs seconds, not minutes.
pub(super) fn build(
    paths: &[PathBuf],
    environment: &BuildEnvironment,
    say: &dyn Fn(&str),
) -> Result<Vec<Artifact>, Error> {
    let packages = paths
        .iter()
        .map(|path| package(path))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    let mut note = lock::refresh(&first.package.cargo_toml);
    let names: Vec<_> = packages
        .iter()
        .map(|package| package.declared.manifest.tool.name.as_str())
        .collect();
    say(&format!("building {}…", shortened(&names)));
    let mut files = vec![None; packages.len()];
    for target in Target::ALL {
        let (places, chosen): (Vec<_>, Vec<_>) = packages
            .iter()
            .enumerate()
            .filter(|(_, package)| package.target == target)
            .map(|(place, package)| (place, &package.package))
            .unzip();
        // A pure tool is built twice: what makes its schemas does not ship (`pure.rs`).
        let purpose = match target {
            Target::Wasi => Purpose::Shipping,
            Target::Pure => Purpose::Listing,
        };
        let built = cargo::build(&chosen, target, purpose, environment)?;
        for (place, file) in places.into_iter().zip(built) {
            if let Some(slot) = files.get_mut(place) {
                *slot = Some(file);
            }
        }
    }
    let artifact = |(package, path): (Package, Option<PathBuf>)| {
        let Package {
            package,
            declared,
            target,
            is_typed,
        } = package;
        Some(Artifact {
            declared,
            path: path?,
            wit: None,
            note: note.take(),
            typed: is_typed.then(|| package.cargo_toml.clone()),
            pure: (target == Target::Pure).then_some(package),
        })
    };
    Ok(packages
        .into_iter()
        .zip(files)
        .filter_map(artifact)
        .collect())
}

fn package(path: &Path) -> Result<Package, Error> {
    let cargo_toml = path.join("Cargo.toml");
    let wrong = |problem: String| Error::usage(format!("{}: {problem}", cargo_toml.display()));
    let bytes = file::read(&cargo_toml, file::MAX_MANIFEST)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not valid UTF-8".to_owned()))?;
    let toml: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let name = toml
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    let name = name
        .ok_or_else(|| wrong("it has no [package] with a `name`".to_owned()))?
        .to_owned();
    let target = target(&toml).map_err(wrong)?;
    let declared = Declared::read(&path.join("capabilities.toml"))?;
    Ok(Package {
        is_typed: is_typed(&toml),
        package: CargoPackage { name, cargo_toml },
        declared,
        target,
    })
}

/// The target that `[package.metadata.cofferdam]` asks for.
fn target(toml: &toml::Table) -> Result<Target, String> {
    let ours = toml
        .get("package")
        .and_then(|package| package.get("metadata"))
        .and_then(|metadata| metadata.get("cofferdam"));
    let Some(ours) = ours else {
        return Ok(Target::Wasi);
    };
    let other = ours
        .as_table()
        .is_none_or(|table| table.keys().any(|key| key != "shape"));
    match ours.get("shape").and_then(toml::Value::as_str) {
        Some(PURE) if !other => Ok(Target::Pure),
        _ => Err(format!(
            "[package.metadata.cofferdam] has one key, `shape = \"{PURE}\"`, for a tool that can \
             only compute: leave the table out for any other"
        )),
    }
}

/// Returns true for a library that names the SDK and becomes a component.
fn is_typed(toml: &toml::Table) -> bool {
    let names_sdk = toml
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .is_some_and(|dependencies| dependencies.contains_key(SDK));
    let kinds = toml
        .get("lib")
        .and_then(|lib| lib.get("crate-type")?.as_array());
    names_sdk && kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("cdylib")))
}

/// The first names of a list, and how many more there are.
fn shortened(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(NAMES_SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
