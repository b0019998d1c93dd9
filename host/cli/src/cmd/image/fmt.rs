//! `cofferdam image fmt`: Agentfiles in the usual layout.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_image::agentfile;
use tempfile::NamedTempFile;

use crate::console;
use crate::error::Failure;

/// The file that is formatted when none is named.
const AGENTFILE: &str = "Agentfile";

#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Agentfiles; the one of this directory when none is named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Change nothing, and fail if a file is not formatted
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Fmt) -> Result<(), Failure> {
    let own = [PathBuf::from(AGENTFILE)];
    let files = match arguments.files.as_slice() {
        [] => &own,
        files => files,
    };
    let mut changed = Vec::new();
    for file in files {
        let text = agentfile::read_text(file).map_err(Failure::usage)?;
        let name = file.display().to_string();
        let formatted = agentfile::format(&text, &name).map_err(Failure::usage)?;
        if formatted == text {
            continue;
        }
        if !arguments.check {
            replace(file, &formatted)
                .map_err(|error| Failure::work(format!("cannot write {name}: {error}")))?;
        }
        changed.push(name);
    }
    if changed.is_empty() {
        return Ok(());
    }
    let names = changed.join(", ");
    if arguments.check {
        return Err(Failure::work(format!("not formatted: {names}"))
            .hint("`cofferdam image fmt` without --check formats them"));
    }
    console::note(&format!("formatted {names}"));
    Ok(())
}

/// Writes the file whole or not at all. A link keeps leading to it.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let target = file.canonicalize()?;
    let directory = target.parent().unwrap_or(Path::new("/"));
    let mut temporary = NamedTempFile::new_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    let written = temporary.as_file();
    written.set_permissions(target.metadata()?.permissions())?;
    written.sync_all()?;
    temporary.persist(&target)?;
    Ok(())
}
