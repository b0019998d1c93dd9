//! What a component imports, held against what its manifest declares.

use cofferdam_capability::Manifest;

/// Packages that every program imports. They are always linked, and see only what was granted: no directory, no
/// variable.
const ALWAYS: [&str; 5] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

/// `wasi:sockets` comes with libc whether it is used or not. It is linked, and every address is denied.
const DENIED: &str = "wasi:sockets";

/// What [`Manifest::http`] declares; every request is held against the grant.
const HTTP: [&str; 2] = ["wasi:http/types", "wasi:http/outgoing-handler"];

/// The one version of WASI that is linked.
const WASI_VERSION: &str = "0.2.";

/// The imports in `names` that may not be linked.
pub(crate) fn undeclared<'a>(names: &'a [String], manifest: &Manifest) -> Vec<&'a str> {
    names.iter().map(String::as_str).filter(|name| !linked(name, manifest)).collect()
}

fn linked(name: &str, manifest: &Manifest) -> bool {
    let Some((interface, version)) = name.split_once('@') else {
        return false;
    };
    let Some((package, _)) = interface.split_once('/') else {
        return false;
    };
    version.starts_with(WASI_VERSION)
        && (ALWAYS.contains(&package) || package == DENIED || (HTTP.contains(&interface) && !manifest.http.is_empty()))
}

/// The powers a manifest declares, as words for an error message.
pub(crate) fn declared(manifest: &Manifest) -> String {
    let counts = [
        (manifest.fs.len(), "[[fs]]"),
        (manifest.http.len(), "[[http]]"),
        (manifest.secret.len(), "[[secret]]"),
        (manifest.env.len(), "[[env]]"),
        (manifest.unused.len(), "[[unused]]"),
    ];
    let rows: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, row)| format!("{count} {row}")).collect();
    if rows.is_empty() { "nothing".to_owned() } else { rows.join(", ") }
}
