//! The annotations of a tool's manifest, `io.openotters.bin.*`, and their older names,
//! `vnd.openotters.bin.*`.

use std::collections::{BTreeMap, HashMap};

/// The author's name for the tool.
pub const NAME: &str = "io.openotters.bin.name";

/// The directory a native image keeps the binary in. `/` unless given.
pub const PATH: &str = "io.openotters.bin.path";

/// The name of the usage text beside the tool. `/USAGE.md` unless given.
pub const USAGE: &str = "io.openotters.bin.usage";

/// The tool's purpose.
pub const DESCRIPTION: &str = "io.openotters.bin.description";

/// The version of the tool.
pub const VERSION: &str = oci_spec::image::ANNOTATION_VERSION;

/// When the image was made (RFC 3339). Not written unless somebody asks for it: the same tool is to
/// have the same digest.
pub const CREATED: &str = oci_spec::image::ANNOTATION_CREATED;

/// Each annotation and its older name.
const OLDER: [(&str, &str); 4] = [
    (NAME, "vnd.openotters.bin.name"),
    (PATH, "vnd.openotters.bin.path"),
    (USAGE, "vnd.openotters.bin.usage"),
    (DESCRIPTION, "vnd.openotters.bin.description"),
];

/// The annotations to write: the tool's own, the defaults its format knows, and all of them under
/// the older names too, because older readers look nowhere else.
pub(super) fn written(own: &BTreeMap<String, String>, has_usage: bool) -> HashMap<String, String> {
    let mut annotations = read(own);
    annotations
        .entry(PATH.to_owned())
        .or_insert_with(|| "/".to_owned());
    if has_usage {
        annotations
            .entry(USAGE.to_owned())
            .or_insert_with(|| "/USAGE.md".to_owned());
    }
    for (name, older) in OLDER {
        if let Some(value) = annotations.get(name).cloned() {
            annotations.insert(older.to_owned(), value);
        }
    }
    annotations.into_iter().collect()
}

/// The annotations as found, the older names replaced by the newer. Where both stand, the newer one
/// holds.
pub(super) fn read<'a>(
    found: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> BTreeMap<String, String> {
    let mut annotations: BTreeMap<_, _> = found
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (name, older) in OLDER {
        if let Some(value) = annotations.remove(older) {
            annotations.entry(name.to_owned()).or_insert(value);
        }
    }
    annotations
}
