//! `cofferdam tool build`: builds the components of tools.

use std::path::PathBuf;

use clap::Args;
use cofferdam_capability::{Ceiling, Digest, LowerLimit};
use cofferdam_image::{Reference, ToolImage};
use cofferdam_tool::Import;
use cofferdam_workbench::build::{self, BuildEnvironment, Built, Sources};
use serde_json::json;

use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

/// The sentence about a component whose imports give it nothing.
pub(super) const ONLY_COMPUTES: &str =
    "pure: it can only compute, because nothing that it imports gives it anything";

#[derive(Debug, Args)]
pub(crate) struct Build {
    /// Directories with a capabilities.toml beside a Cargo.toml (Rust), app.py and WIT (Python),
    /// app.js and WIT (JavaScript) or *.c (C), or one component that was built otherwise. A core
    /// module that is a command for WASI preview 1 is made a component
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The capabilities.toml of a component that was built otherwise
    #[arg(long, value_name = "FILE")]
    capabilities: Option<PathBuf>,

    /// A WIT file or directory: what is written above its functions is what a model reads
    #[arg(long, value_name = "PATH", requires = "capabilities")]
    wit: Option<PathBuf>,

    /// Where the components go
    #[arg(long, default_value = "target/tools", value_name = "DIR")]
    out: PathBuf,

    /// Also keep it as a local image of this name, for `BIN` in an Agentfile; for one tool at a
    /// time
    #[arg(long, short, value_name = "NAME[:TAG]")]
    tag: Option<String>,

    /// Format of the output: json gives one object for each tool
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(build: Build, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let Build {
        paths,
        capabilities,
        wit,
        out,
        tag,
        format,
    } = build;
    if tag.is_some() && paths.len() != 1 {
        return Err(Failure::usage(
            "--tag names one image: build one tool at a time with it",
        ));
    }
    let tag = tag
        .map(|tag| tag.parse::<Reference>().map_err(Failure::usage))
        .transpose()?;
    let environment = environment();
    let built = build::components(
        &Sources {
            paths,
            capabilities,
            wit,
        },
        &environment,
        &console::progress,
    )?;
    for built in &built {
        built.imports()?;
        tell(built, &config.ceiling);
    }
    // Most builds need no sandbox, and write nothing into the data directory.
    let runner = || Ok(host::runner(config, &DataDir::open(data.clone())?)?);
    let built = build::described(built, &environment, &runner).await?;
    let imports = built
        .iter()
        .map(Built::imports)
        .collect::<Result<Vec<_>, _>>()?;
    std::fs::create_dir_all(&out)
        .map_err(|error| Failure::work(format!("{}: {error}", out.display())))?;
    let mut rows = Vec::new();
    for (built, imports) in built.into_iter().zip(&imports) {
        let Built {
            manifest,
            component,
            ..
        } = &built;
        let tool = &manifest.tool;
        let path = out.join(format!("{}.wasm", tool.name));
        built.write(&path)?;
        let digest = Digest::of(component);
        match format {
            Format::Json => console::json(&json!({
                "tool": tool.name,
                "version": tool.version,
                "size": component.len(),
                "digest": digest,
                "imports": imports.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "pure": imports.iter().all(Import::gives_nothing),
                "file": path,
            }))?,
            Format::Table => rows.push(vec![
                tool.name.clone(),
                tool.version.clone(),
                format!("{} KiB", component.len() / 1024),
                digest.short(),
                imports.len().to_string(),
                path.display().to_string(),
            ]),
        }
        if let Some(reference) = &tag {
            let data = DataDir::open(data.clone())?;
            let runner = host::runner(config, &data)?;
            let image = build::image(built, &environment, &runner).await?;
            keep(reference, image, &data).await?;
        }
    }
    if format == Format::Table {
        console::table(
            &["tool", "version", "size", "digest", "imports", "file"],
            rows,
        );
        // Of many tools the number has to do: `tool inspect` has the names.
        if let [imports] = imports.as_slice() {
            tell_imports(imports);
        }
    }
    Ok(())
}

/// Says what was changed to build it, and which limits no operator could give.
pub(super) fn tell(built: &Built, ceiling: &Ceiling) {
    if let Some(note) = &built.note {
        console::note(&format!("note: {note}"));
    }
    let limits = &built.manifest.limits;
    for LowerLimit {
        name,
        asked,
        ceiling,
        ..
    } in limits.beyond(&ceiling.defaults, &ceiling.limits)
    {
        if let Some(ceiling) = ceiling {
            console::note(&format!(
                "warning: {}: [limits] {name} = {asked} is more than the ceiling of this host, \
                 {ceiling}: no call gets it; ask for {ceiling} at most",
                built.manifest.tool.name
            ));
        }
    }
}

/// Names the imports that a reviewer asks about: those that need a row of the manifest.
fn tell_imports(imports: &[Import]) {
    imports
        .iter()
        .filter(|import| import.needs_row())
        .for_each(|import| console::line(format!("imports {import}")));
    if imports.iter().all(Import::gives_nothing) {
        console::line(ONLY_COMPUTES);
    }
}

/// The variables that decide how a component is built.
pub(super) fn environment() -> BuildEnvironment {
    BuildEnvironment {
        encoded_rustflags: std::env::var("CARGO_ENCODED_RUSTFLAGS").ok(),
        rustflags: std::env::var("RUSTFLAGS").ok(),
        cargo_home: std::env::var_os("CARGO_HOME").map(PathBuf::from),
        home: std::env::var_os("HOME").map(PathBuf::from),
        source_date_epoch: std::env::var_os("SOURCE_DATE_EPOCH"),
    }
}

/// Keeps an image on this machine.
async fn keep(reference: &Reference, image: ToolImage, data: &DataDir) -> Result<(), Failure> {
    let store = host::image_store(data)?;
    let name = reference.clone();
    let put = move || Ok((store.digest(&name)?, store.put_tool(&name, &image)?));
    let put: Result<_, cofferdam_image::Error> = tokio::task::spawn_blocking(put)
        .await
        .map_err(Failure::work)?;
    let (former, digest) = put?;
    match former.filter(|former| *former != digest) {
        Some(former) => console::note(&format!("{reference} is {digest}; it was {former}")),
        None => console::note(&format!("{reference} is {digest}")),
    }
    Ok(())
}
