//! JavaScript, by componentize-js.

use std::path::{Path, PathBuf};

use cofferdam_capability::Manifest;

use super::files::Files;
use super::program::Step;

/// The module that a component is made of.
const APP: &str = "app.js";

const PROGRAM: &str = "componentize-js";

/// The directory into which npm installs programs, in a project or above it.
const INSTALLED: &str = "node_modules/.bin";

pub(super) fn sources(files: &Files) -> Vec<&str> {
    if files.has(APP) {
        vec![APP]
    } else {
        Vec::new()
    }
}

pub(super) fn step(directory: &Path, wit: &Path, manifest: &Manifest) -> Step {
    let mut args = vec![
        APP.into(),
        "--wit".into(),
        wit.into(),
        // It would answer requests, which no host here sends.
        "--disable".into(),
        "fetch-event".into(),
    ];
    // `fetch` is an import, which needs a row.
    if manifest.http.is_empty() {
        args.extend(["--disable", "http"].map(Into::into));
    }
    args.push("--out".into());
    Step {
        program: installed(directory).unwrap_or_else(|| PathBuf::from(PROGRAM)),
        args,
        missing: format!(
            "`npm install --save-dev @bytecodealliance/componentize-js` in {}",
            directory.display()
        ),
        hints: &[(
            "'node': No such file",
            "it needs Node.js, which is the Debian package nodejs",
        )],
    }
}

/// The program of the project, or of a directory that the project lies in.
fn installed(directory: &Path) -> Option<PathBuf> {
    let directory = std::path::absolute(directory).ok()?;
    directory
        .ancestors()
        .map(|ancestor| ancestor.join(INSTALLED).join(PROGRAM))
        .find(|program| program.is_file())
}
