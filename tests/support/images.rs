//! Local images of a guest.

use serde_json::Value;

use super::{Scratch, cofferdam, guest};

/// The usage text of a kept image.
pub(crate) const USAGE: &str = "# args\n\nPrints its arguments, one on each line.\n";

/// Keeps a guest as a local image, with a usage text, and returns its digest.
#[track_caller]
pub(crate) fn keep(scratch: &Scratch, tag: &str, summary: &str) -> String {
    let capabilities = scratch.file(
        "tool/capabilities.toml",
        format!(
            "schema = 1\n[tool]\nname = \"args\"\nversion = \"1.2.3\"\nsummary = \"{summary}\"\n"
        ),
    );
    scratch.file("tool/USAGE.md", USAGE);
    let build = [
        "tool".into(),
        "build".into(),
        guest("args_echo").into_os_string(),
        "--capabilities".into(),
    ];
    cofferdam(
        scratch,
        build
            .into_iter()
            .chain([capabilities.into(), "--tag".into(), tag.into()]),
    )
    .run()
    .exits(0);
    let name = if tag.contains(':') {
        tag.to_owned()
    } else {
        format!("{tag}:latest")
    };
    listed(scratch)
        .remove(&name)
        .unwrap_or_else(|| panic!("{name} is not listed"))
}

/// The images of this machine, by name.
#[track_caller]
pub(crate) fn listed(scratch: &Scratch) -> std::collections::BTreeMap<String, String> {
    let rows = cofferdam(scratch, ["tool", "ls", "--format", "json"])
        .run()
        .exits(0)
        .json();
    let text = |row: &Value, key: &str| row[key].as_str().expect("text").to_owned();
    rows.as_array()
        .expect("a list")
        .iter()
        .map(|row| (text(row, "reference"), text(row, "digest")))
        .collect()
}

/// Number of files below this directory of the image store.
pub(crate) fn files(scratch: &Scratch, below: &str) -> usize {
    std::fs::read_dir(scratch.data().join("images").join(below)).map_or(0, Iterator::count)
}
