//! Images of agents, as their blobs lie in the store.

use std::path::PathBuf;

use serde_json::Value;

use super::{Scratch, cofferdam};

/// Builds the Agentfile of this text, with a name, and returns what is printed.
#[track_caller]
pub(crate) fn build(scratch: &Scratch, text: &str, tag: &str) -> Value {
    scratch.file("build/Agentfile", text);
    let home = scratch.path().join("build");
    let line = ["image", "build", "--tag", tag, "--format", "json"];
    let line = line.iter().map(AsRef::as_ref).chain([home.as_os_str()]);
    cofferdam(scratch, line).run().exits(0).json()
}

/// The file of a blob of the image store.
pub(crate) fn blob(scratch: &Scratch, digest: &str) -> PathBuf {
    let hex = digest.strip_prefix("sha256:").expect("a digest");
    scratch.data().join("images/blobs/sha256").join(hex)
}

/// The manifest of an image on this machine.
#[track_caller]
pub(crate) fn manifest(scratch: &Scratch, digest: &str) -> Value {
    let bytes = std::fs::read(blob(scratch, digest)).expect("a manifest");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The config of an image on this machine, byte for byte.
#[track_caller]
pub(crate) fn config(scratch: &Scratch, digest: &str) -> String {
    let manifest = manifest(scratch, digest);
    let digest = manifest["config"]["digest"].as_str().expect("a digest");
    std::fs::read_to_string(blob(scratch, digest)).expect("a config")
}

/// The agent, as `image inspect` shows it.
#[track_caller]
pub(crate) fn inspect(scratch: &Scratch, name: &str) -> Value {
    let line = ["image", "inspect", name, "--format", "json"];
    cofferdam(scratch, line).run().exits(0).json()
}
