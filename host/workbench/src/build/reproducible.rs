//! The same source and the same Rust give the same bytes in every directory: paths of this machine
//! do not get in.
//!
//! Panics name the file they are in. For a dependency that is a path below Cargo's home, and for a
//! package outside of the workspace its own; both are told to the compiler as others.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::environment::BuildEnvironment;
use crate::error::Error;

/// A directory of this machine, and the name that stands in a component for it.
struct Prefix {
    path: PathBuf,
    name: String,
}

/// The flags that replace the paths of this machine. The packages are those of the workspace that
/// `cargo_toml` is in.
pub(super) fn flags(
    cargo_toml: &Path,
    environment: &BuildEnvironment,
) -> Result<Vec<String>, Error> {
    let remap = |prefix: Prefix| {
        format!(
            "--remap-path-prefix={}={}",
            prefix.path.display(),
            prefix.name
        )
    };
    Ok(prefixes(cargo_toml, environment)?
        .into_iter()
        .map(remap)
        .collect())
}

/// The directory of the workspace that a package is in.
pub(super) fn workspace_root(cargo_toml: &Path) -> Option<PathBuf> {
    let mut locate = Command::new("cargo");
    locate
        .args(["locate-project", "--workspace", "--manifest-path"])
        .arg(cargo_toml);
    let located: Value = serde_json::from_str(&answer(&mut locate)?).ok()?;
    let root = Path::new(located.get("root")?.as_str()?);
    root.parent().map(Path::to_owned)
}

/// The paths to replace. Of two that fit, the compiler takes the last.
fn prefixes(cargo_toml: &Path, environment: &BuildEnvironment) -> Result<Vec<Prefix>, Error> {
    let mut prefixes = Vec::new();
    let BuildEnvironment {
        cargo_home, home, ..
    } = environment;
    let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
    if let Some(path) =
        absolute(cargo_home).or_else(|| absolute(home).map(|home| home.join(".cargo")))
    {
        prefixes.push(Prefix {
            path,
            name: "/cargo".to_owned(),
        });
    }
    let root = workspace_root(cargo_toml).ok_or_else(|| {
        Error::usage(format!(
            "{}: cargo finds no workspace or package there",
            cargo_toml.display()
        ))
    })?;
    prefixes.push(Prefix {
        path: root,
        name: "/source".to_owned(),
    });
    // Where the standard library's source is installed, its panics name that instead of the
    // compiler's own name for it.
    let sysroot = answer(Command::new("rustc").args(["--print", "sysroot"]));
    let version = answer(Command::new("rustc").arg("-vV"));
    let commit = version.as_deref().and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("commit-hash: "))
    });
    if let (Some(sysroot), Some(commit)) = (sysroot, commit) {
        let path = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        prefixes.push(Prefix {
            path,
            name: format!("/rustc/{commit}"),
        });
    }
    Ok(prefixes)
}

/// The output of a program of the toolchain, if it succeeds.
fn answer(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout)
        .ok()
        .filter(|_| output.status.success())
}
