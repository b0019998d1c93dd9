//! The `Cargo.lock` of an author's packages, which tools are built with as it stands.

use std::path::Path;
use std::process::{Command, Stdio};

use super::reproducible;

/// Brings the lock file up to date where cargo would not build with it, because a `Cargo.toml`
/// has changed since, or because there is none. Versions that it names stay. Returns a sentence
/// about what was done; nothing where nothing was, or where cargo finds no versions, which its
/// build says best.
pub(super) fn refresh(cargo_toml: &Path) -> Option<String> {
    if resolves(cargo_toml, &["--locked"]) {
        return None;
    }
    let lock = reproducible::workspace_root(cargo_toml)?.join("Cargo.lock");
    let before = std::fs::read(&lock).ok();
    // Without network the versions that are on this machine may be enough.
    if !resolves(cargo_toml, &["--offline"]) && !resolves(cargo_toml, &[]) {
        return None;
    }
    let after = std::fs::read(&lock).ok();
    if before == after {
        return None;
    }
    let done = match before {
        Some(_) => "did not fit Cargo.toml any more: it is brought up to date",
        None => "was missing: it is made",
    };
    Some(format!("{} {done}", lock.display()))
}

/// Returns true if cargo finds a version of every dependency.
fn resolves(cargo_toml: &Path, flags: &[&str]) -> bool {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["metadata", "--quiet", "--format-version", "1"])
        .args(flags);
    cargo.arg("--manifest-path").arg(cargo_toml);
    let silent = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
