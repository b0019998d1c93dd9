//! `cofferdam image export`: images as one file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_image::Reference;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The images: names on this machine, or digests (sha256:…)
    #[arg(required = true, value_name = "REF")]
    images: Vec<String>,

    /// File of the archive
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(export: Export, data: &DataDir) -> Result<(), Failure> {
    let Export {
        images,
        output,
        format,
    } = export;
    let images = images.iter().map(|image| image.parse::<Reference>());
    let images = images.collect::<Result<Vec<_>, _>>();
    let images = images.map_err(Failure::usage)?;
    let store = host::image_store(data)?;
    let path = output.clone();
    let size = tokio::task::spawn_blocking(move || {
        write(&path, |file| {
            Ok(store.export(&images, BufWriter::new(file))?)
        })
    })
    .await
    .map_err(Failure::work)??;
    if format == Format::Json {
        return console::json(&json!({ "file": output, "size": size }));
    }
    let row = vec![output.display().to_string(), console::size(size)];
    console::table(&["file", "size"], vec![row]);
    Ok(())
}

/// Writes the file whole or not at all.
fn write(path: &Path, content: impl FnOnce(&File) -> Result<u64, Failure>) -> Result<u64, Failure> {
    let wrong =
        |error: std::io::Error| Failure::work(format!("cannot write {}: {error}", path.display()));
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let temporary = NamedTempFile::new_in(directory).map_err(wrong)?;
    let size = content(temporary.as_file())?;
    temporary.as_file().sync_all().map_err(wrong)?;
    temporary
        .persist(path)
        .map_err(|error| wrong(error.error))?;
    Ok(size)
}
