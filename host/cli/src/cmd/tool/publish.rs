//! `cofferdam tool publish`: the files that publishing a tool takes, from its component.

use std::path::PathBuf;

use clap::Args;
use cofferdam_call::MAX_COMPONENT;
use cofferdam_image::Reference;
use cofferdam_workbench::publish::{Publication, Published, PublishedFile, publish};
use serde_json::{Value, json};

use super::build::environment;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The component, as `tool build` made it, with a manifest that has a name, a version and a
    /// summary
    #[arg(value_name = "PATH")]
    component: PathBuf,

    /// The image in a registry, which the files name by its digest
    #[arg(long, value_name = "HOST/NAME[:TAG]")]
    image: String,

    /// The name in the MCP registry, NAMESPACE/NAME, such as io.github.user/word-count
    #[arg(long, value_name = "NAME")]
    name: String,

    /// The author whom desktop clients show [default: the namespace of --name]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,

    /// The directory of the files
    #[arg(long, default_value = "target/publish", value_name = "DIR")]
    out: PathBuf,

    /// Format of the output: json lists the files with their digests
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(
    arguments: Publish,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    let Publish {
        component,
        image,
        name,
        author,
        out,
        format,
    } = arguments;
    let image: Reference = image.parse().map_err(Failure::usage)?;
    let namespace = name.split('/').next().unwrap_or_default();
    let publication = Publication {
        component: cofferdam_workbench::read(&component, MAX_COMPONENT)?,
        author: author.unwrap_or_else(|| namespace.to_owned()),
        server: name,
        image: image.clone(),
        out,
    };
    let runner = host::runner(config, data)?;
    let published = publish(publication, &environment(), &runner).await?;
    if format == Format::Json {
        return console::json(&as_json(&published));
    }
    let row = |file: &PublishedFile| {
        vec![
            file.path.display().to_string(),
            file.purpose.to_owned(),
            console::size(file.size),
            file.digest.short(),
        ]
    };
    let rows = published.files.iter().map(row).collect();
    console::table(&["file", "what", "size", "digest"], rows);
    console::line(format!("component {}", published.component));
    console::line(format!("image     {}", published.image));
    let archive = published.files.iter().map(|file| &file.path);
    let archive = { archive }.find(|path| path.extension().is_some_and(|end| end == "tar"));
    if let Some(archive) = archive {
        console::note(&format!(
            "next, before the other files: cofferdam image import {} && cofferdam image push \
             {image}",
            archive.display()
        ));
    }
    Ok(())
}

fn as_json(published: &Published) -> Value {
    let file = |file: &PublishedFile| {
        json!({
            "file": file.path,
            "purpose": file.purpose,
            "digest": file.digest,
            "size": file.size,
        })
    };
    json!({
        "component": published.component,
        "image": published.image,
        "files": published.files.iter().map(file).collect::<Vec<_>>(),
    })
}
