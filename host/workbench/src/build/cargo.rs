//! One run of cargo: packages for one target, in one profile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::environment::BuildEnvironment;
use super::flags;
use super::target::Target;
use crate::error::Error;

/// The Cargo profile that tools ship in.
const PROFILE: &str = "guest";

/// The settings of that profile for a component that is only asked which tools it has: soon built,
/// and small enough to be compiled soon. Cargo has values of its own for these two where it builds
/// macros, so that those are built once: any other setting would build them a second time.
const LISTING_SETTINGS: [&str; 2] = ["opt-level=1", "codegen-units=16"];

/// The variable by which the SDK's `export!` is told the directory with the descriptors of tools
/// that are listed already.
const LISTED: &str = "COFFERDAM_LISTED";

/// A package by the names that cargo knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CargoPackage {
    pub(crate) name: String,
    pub(crate) cargo_toml: PathBuf,
}

/// The components that a run makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose<'a> {
    /// They ship, and list their tools from their types.
    Shipping,
    /// They are asked which tools they have, and thrown away.
    Listing,
    /// They ship, and list their tools as the files in this directory say.
    Listed(&'a Path),
}

/// Builds packages in one go and finds what they were built into, in their order.
pub(super) fn build(
    packages: &[&CargoPackage],
    target: Target,
    purpose: Purpose<'_>,
    environment: &BuildEnvironment,
) -> Result<Vec<PathBuf>, Error> {
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    let mut command = Command::new("cargo");
    command.args(["build", "--locked", "--profile", PROFILE]);
    command.args(["--target", target.name()]);
    if matches!(purpose, Purpose::Listing) {
        for setting in LISTING_SETTINGS {
            command.args(["--config", &format!("profile.{PROFILE}.{setting}")]);
        }
    }
    match purpose {
        Purpose::Listed(directory) => command.env(LISTED, directory),
        Purpose::Shipping | Purpose::Listing => command.env_remove(LISTED),
    };
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
        return Err(Error::work(failure(target)));
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

/// The sentence for a run that failed. Cargo's own words are on standard error already.
fn failure(target: Target) -> String {
    let name = target.name();
    if target.is_installed() {
        "cargo could not build: its words above say why".to_owned()
    } else {
        format!("the Rust target {name} is not installed: `rustup target add {name}` installs it")
    }
}

/// The one component or module that a package was built into.
fn artifact(package: &CargoPackage, messages: &[Value]) -> Result<PathBuf, Error> {
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
