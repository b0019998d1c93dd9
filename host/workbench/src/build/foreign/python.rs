//! Python, by componentize-py.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::program::Step;

/// The module that a component is made of.
const APP: &str = "app.py";

const PROGRAM: &str = "componentize-py";

/// A virtual environment inside of a project.
const OWN_ENVIRONMENT: &str = ".venv/bin";

pub(super) fn sources(files: &Files) -> Vec<&str> {
    if files.has(APP) {
        vec![APP]
    } else {
        Vec::new()
    }
}

pub(super) fn step(directory: &Path, wit: &Path) -> Step {
    let own = directory.join(OWN_ENVIRONMENT).join(PROGRAM);
    let program = match std::path::absolute(own) {
        Ok(own) if own.is_file() => own,
        _ => PathBuf::from(PROGRAM),
    };
    Step {
        program,
        args: vec![
            "--wit-path".into(),
            wit.into(),
            "componentize".into(),
            "app".into(),
            "--python-path".into(),
            ".".into(),
            "--output".into(),
        ],
        missing: format!(
            "`pip install {PROGRAM}` in a virtual environment, whose bin/ is on PATH or which is \
             {}",
            directory.join(".venv").display()
        ),
        hints: &[],
    }
}
