//! The same source and the same Rust give the same bytes, wherever they lie: paths of this machine do not get in.
//!
//! Panics name the file they are in. For a dependency that is a path below Cargo's home, and for a package outside of the
//! workspace its own; both are told to the compiler as others.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::Failure;

/// The flags that leave out where things lie. The packages are those of the workspace that `cargo_toml` is in.
pub(super) fn flags(cargo_toml: &Path) -> Result<Vec<String>, Failure> {
    let remap = |(path, name): (PathBuf, String)| format!("--remap-path-prefix={}={name}", path.display());
    Ok(places(cargo_toml)?.into_iter().map(remap).collect())
}

/// Where things lie on this machine, and what they are called instead. Of two that fit, the compiler takes the last.
fn places(cargo_toml: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut places = Vec::new();
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(home) = set("CARGO_HOME").or_else(|| set("HOME").map(|home| home.join(".cargo"))) {
        places.push((home, "/cargo".to_owned()));
    }
    let mut locate = Command::new("cargo");
    locate.args(["locate-project", "--workspace", "--manifest-path"]).arg(cargo_toml);
    let root = answer(&mut locate).and_then(|text| {
        let located: Value = serde_json::from_str(&text).ok()?;
        Some(Path::new(located.get("root")?.as_str()?).parent()?.to_owned())
    });
    let root = root.ok_or_else(|| {
        Failure::usage(format!("{}: cargo finds no workspace or package there", cargo_toml.display()))
    })?;
    places.push((root, "/source".to_owned()));
    // Where the standard library's source is installed, its panics name that instead of the compiler's own name for it.
    let sysroot = answer(Command::new("rustc").args(["--print", "sysroot"]));
    let version = answer(Command::new("rustc").arg("-vV"));
    let commit = version.as_deref().and_then(|text| text.lines().find_map(|line| line.strip_prefix("commit-hash: ")));
    if let (Some(sysroot), Some(commit)) = (sysroot, commit) {
        places.push((Path::new(sysroot.trim()).join("lib/rustlib/src/rust"), format!("/rustc/{commit}")));
    }
    Ok(places)
}

/// What a program of the toolchain says, if it does.
fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}
