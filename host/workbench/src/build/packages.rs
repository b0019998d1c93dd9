//! Cargo packages, built in one go.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::declared::{Artifact, Declared};
use super::environment::BuildEnvironment;
use super::flags;
use crate::error::Error;
use crate::file;

const TARGET: &str = "wasm32-wasip2";

/// The Cargo profile that tools ship in.
const PROFILE: &str = "guest";

/// Tools that are named while they are built: a line's worth.
const NAMES_SHOWN: usize = 8;

/// A tool to build.
struct Package {
    name: String,
    cargo_toml: PathBuf,
    declared: Declared,
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
    let components = cargo(&packages, environment, say)?;
    let pairs = packages.into_iter().zip(components);
    Ok(pairs
        .map(|(package, path)| Artifact {
            declared: package.declared,
            path,
            wit: None,
        })
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
    let declared = Declared::read(&path.join("capabilities.toml"))?;
    Ok(Package {
        name,
        cargo_toml,
        declared,
    })
}

/// Builds the packages in one go and finds their components, in the order of the packages.
fn cargo(
    packages: &[Package],
    environment: &BuildEnvironment,
    say: &dyn Fn(&str),
) -> Result<Vec<PathBuf>, Error> {
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    let mut command = Command::new("cargo");
    command.args([
        "build",
        "--locked",
        "--profile",
        PROFILE,
        "--target",
        TARGET,
    ]);
    command
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(&first.cargo_toml);
    for package in packages {
        command.args(["--package", &package.name]);
    }
    flags::set(&mut command, &first.cargo_toml, environment)?;
    let names: Vec<_> = packages
        .iter()
        .map(|package| package.declared.manifest.tool.name.as_str())
        .collect();
    say(&format!("building {}…", shortened(&names)));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            Error::work(format!(
                "cargo cannot be started: {error}; it comes with Rust"
            ))
        })?;
    if !output.status.success() {
        return Err(Error::work(format!(
            "cargo could not build; if the target is missing, `rustup target add {TARGET}` \
             installs it"
        )));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts: Vec<_> = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .collect();
    packages
        .iter()
        .map(|package| artifact(package, &artifacts))
        .collect()
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

/// The one component that a package was built into.
fn artifact(package: &Package, messages: &[Value]) -> Result<PathBuf, Error> {
    let cargo_toml = std::fs::canonicalize(&package.cargo_toml).map_err(Error::work)?;
    let of_package = |message: &&Value| {
        let path = message
            .get("manifest_path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        std::fs::canonicalize(path).is_ok_and(|path| path == cargo_toml)
    };
    let files: Vec<_> = messages
        .iter()
        .filter(of_package)
        .filter_map(|message| message.get("filenames")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .filter(|file| file.ends_with(".wasm"))
        .collect();
    match files.as_slice() {
        [file] => Ok(file.into()),
        found => Err(Error::usage(format!(
            "{} builds {} components: expected one [[bin]], or a [lib] with crate-type = \
             [\"cdylib\"]",
            package.name,
            found.len()
        ))),
    }
}
