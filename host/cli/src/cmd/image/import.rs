//! `cofferdam image import`: images from one file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use cofferdam_image::{Error, Imported, Reference};
use serde_json::json;

use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The archive, as `image export` and other programs write it: an OCI image layout in a tar
    /// archive; `-` reads it from standard input
    #[arg(value_name = "FILE|-")]
    file: PathBuf,

    /// The name that the one image in it gets, instead of its own
    #[arg(long, short, value_name = "NAME[:TAG]")]
    tag: Option<String>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(import: Import, config: &Config, data: &DataDir) -> Result<(), Failure> {
    let Import { file, tag, format } = import;
    let name = tag
        .map(|tag| tag.parse::<Reference>())
        .transpose()
        .map_err(Failure::usage)?;
    let signers = config.signers.signers()?;
    let store = host::image_store(data)?;
    let shown = file.display().to_string();
    let archive: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let file =
            File::open(&file).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
        Box::new(file)
    };
    let import = move || store.import(BufReader::new(archive), name.as_ref(), &signers);
    let imported = tokio::task::spawn_blocking(import)
        .await
        .map_err(Failure::work)?;
    let imported = imported.map_err(|error| match error {
        // What is wrong with the store itself is another error.
        Error::Corrupt { .. } => Failure::usage(format!("{shown}: {error}")),
        error => error.into(),
    })?;
    for image in &imported {
        if let Some(former) = image.moved_from {
            let Imported {
                reference, digest, ..
            } = image;
            console::note(&format!("{reference} is {digest}; it was {former}"));
        }
    }
    if format == Format::Json {
        let row = |image: &Imported| {
            let Imported {
                reference,
                digest,
                kind,
                moved_from,
            } = image;
            json!({
                "reference": reference.to_string(),
                "digest": digest,
                "kind": kind,
                "moved_from": moved_from,
            })
        };
        return console::json(&imported.iter().map(row).collect::<Vec<_>>());
    }
    let row = |image: &Imported| {
        vec![
            image.reference.to_string(),
            image.kind.to_string(),
            image.digest.to_string(),
        ]
    };
    let rows = imported.iter().map(row).collect();
    console::table(&["reference", "kind", "digest"], rows);
    Ok(())
}
