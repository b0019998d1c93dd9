//! The programs of the corpus, inside this binary: who installs the host has them with it.

// A guest that no row names would prove nothing: it fails the build.
#![deny(dead_code)]

/// One program that tries what no guest may do.
#[derive(Debug, Clone, Copy)]
pub struct Guest {
    /// `power_act`: the power it uses, then what it does with it.
    pub name: &'static str,
    /// The act it tries, in one sentence.
    pub about: &'static str,
    /// The component, without a manifest.
    pub bytes: &'static [u8],
}

/// The mode's place in a guest of typed tools that has none yet. Nothing else says it while it
/// lists its tools, because it is given no variable then.
const MODE: &[u8] = b"@mode:                          ";

/// The component with `mode` written into it, as long as there is room; one without a place for it
/// stays as it is.
pub fn in_mode(component: &[u8], mode: &str) -> Vec<u8> {
    let mut component = component.to_vec();
    let place = component
        .windows(MODE.len())
        .position(|bytes| bytes == MODE);
    let text =
        place.and_then(|place| component.get_mut(place + "@mode:".len()..place + MODE.len()));
    if let Some(room) = text.and_then(|text| text.get_mut(..mode.len())) {
        room.copy_from_slice(mode.as_bytes());
    }
    component
}

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// A file that is no component at all.
const fn artifact(name: &'static str, about: &'static str, bytes: &'static [u8]) -> Guest {
    Guest { name, about, bytes }
}

pub(crate) const EMPTY: Guest = artifact("artifact_empty", "An empty file", b"");
pub(crate) const GARBAGE: Guest =
    artifact("artifact_garbage", "A file of words", b"these are words");
pub(crate) const NATIVE: Guest = artifact(
    "artifact_native",
    "A native program for Linux",
    b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0",
);
pub(crate) const SCRIPT: Guest = artifact(
    "artifact_script",
    "A shell script",
    b"#!/bin/sh\necho ESCAPED\n",
);
pub(crate) const MODULE: Guest = artifact(
    "artifact_module",
    "A core module instead of a component",
    b"\0asm\x01\0\0\0",
);
pub(crate) const TRUNCATED: Guest = artifact(
    "artifact_truncated",
    "A component of which half is missing",
    ENV_DUMP.bytes.split_at(ENV_DUMP.bytes.len() / 2).0,
);
