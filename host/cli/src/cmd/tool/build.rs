//! `cofferdam tool build`: from a Cargo package, or what another toolchain has built, to a component with its manifest
//! inside.

mod flags;
mod packages;
mod reproducible;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use cofferdam_call::MAX_COMPONENT;
use cofferdam_capability::{Digest, Manifest, SystemError};
use cofferdam_image::{Reference, ToolImage, USAGE_MAX_BYTES, annotation};
use serde_json::json;

use crate::cli::Build;
use crate::config::Config;
use crate::console::{self, Format};
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

/// The last second of the year 9999, after which RFC 3339 has no time.
const LAST_SECOND: u64 = 253_402_300_799;

/// A component with its manifest inside.
pub(super) struct Built {
    pub(super) manifest: Manifest,
    pub(super) component: Vec<u8>,
    /// Where the manifest is written.
    file: PathBuf,
}

/// What a tool asks for, and where that is written.
struct Declared {
    manifest: Manifest,
    file: PathBuf,
}

pub(crate) async fn run(build: Build, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let Build { paths, capabilities, wit, out, tag, format } = build;
    if tag.is_some() && paths.len() != 1 {
        return Err(Failure::usage("--tag names one image: build one tool at a time with it"));
    }
    let tag = tag.map(|tag| tag.parse::<Reference>().map_err(Failure::usage)).transpose()?;
    let usage = match &tag {
        Some(_) => usage(capabilities.as_deref().and_then(Path::parent).or(paths.first().map(PathBuf::as_path)))?,
        None => None,
    };
    let built = components(&paths, capabilities.as_deref(), wit.as_deref())?;
    let imports = built.iter().map(Built::imports).collect::<Result<Vec<_>, _>>()?;
    let built = described(built, config, &data).await?;
    std::fs::create_dir_all(&out).map_err(|error| Failure::work(format!("{}: {error}", out.display())))?;
    let mut rows = Vec::new();
    for (Built { manifest, component, .. }, imports) in built.into_iter().zip(&imports) {
        let tool = &manifest.tool;
        let path = out.join(format!("{}.wasm", tool.name));
        write(&path, &component)?;
        let digest = Digest::of(&component);
        match format {
            Format::Json => console::json(&json!({
                "tool": tool.name,
                "version": tool.version,
                "size": component.len(),
                "digest": digest,
                "imports": imports,
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
            keep_image(reference, &manifest, component, usage.clone(), config, &DataDir::open(data.clone())?).await?;
        }
    }
    if format == Format::Table {
        console::table(&["tool", "version", "size", "digest", "imports", "file"], rows);
        // Of many tools the number has to do: `tool inspect` has the names.
        if let [imports] = imports.as_slice() {
            imports.iter().for_each(|import| console::line(format!("imports {import}")));
        }
    }
    Ok(())
}

/// Builds packages, or takes one component or core module that is built already, and puts their manifests inside.
pub(super) fn components(
    paths: &[PathBuf],
    capabilities: Option<&Path>,
    wit: Option<&Path>,
) -> Result<Vec<Built>, Failure> {
    let built = match (paths, capabilities) {
        ([path], Some(manifest)) if path.is_file() => vec![(Declared::read(manifest)?, path.clone())],
        (_, None) => match paths.iter().find(|path| path.is_file()) {
            Some(file) => {
                let problem = "a file that is built already needs --capabilities FILE; a package is a directory";
                return Err(Failure::usage(format!("{}: {problem}", file.display())));
            }
            None => packages::build(paths)?,
        },
        (_, Some(_)) => {
            return Err(Failure::usage("--capabilities goes with one file that is built already: name it"));
        }
    };
    built.into_iter().map(|(declared, artifact)| embedded(declared, &artifact, wit)).collect()
}

/// Writes into each component of typed tools which tools it has: it runs for that, once and under a grant that gives
/// nothing.
pub(super) async fn described(built: Vec<Built>, config: &Config, data: &Path) -> Result<Vec<Built>, Failure> {
    let mut described = Vec::new();
    let mut runner = None;
    for built in built {
        if !cofferdam_tool::exports_tools(&built.component).map_err(Failure::usage)? {
            described.push(built);
            continue;
        }
        // Most builds need none, and write nothing into the data directory.
        let runner = match &runner {
            Some(runner) => runner,
            None => runner.insert(host::runner(config, &DataDir::open(data.to_owned())?)?),
        };
        let component =
            runner.described(built.component.clone().into(), &built.manifest).await.map_err(Failure::usage)?;
        described.push(Built { component, ..built });
    }
    Ok(described)
}

fn embedded(declared: Declared, artifact: &Path, wit: Option<&Path>) -> Result<Built, Failure> {
    let bytes = super::read(artifact, MAX_COMPONENT)?;
    let Declared { manifest, file } = declared;
    let wrong = |error| Failure::usage(format!("{}: {error}", artifact.display()));
    let adapted = cofferdam_tool::adapt(&bytes).map_err(wrong)?;
    // Another build's words about its tools say nothing about this one.
    let bare = cofferdam_tool::without_descriptors(&adapted).map_err(wrong)?;
    let mut component = cofferdam_tool::embed_manifest(&bare, &manifest).map_err(wrong)?;
    if let Some(wit) = wit {
        component = cofferdam_tool::embed_wit_docs(&component, wit).map_err(wrong)?;
    }
    Ok(Built { manifest, component, file })
}

impl Built {
    /// The interfaces that it imports. One that its manifest does not declare is refused here, as every host would.
    pub(super) fn imports(&self) -> Result<Vec<String>, Failure> {
        let Self { manifest, component, file } = self;
        let imports = cofferdam_tool::imports(component).map_err(Failure::usage)?;
        for import in &imports {
            if let Some(row) = import.missing_row(manifest) {
                // No line is wrong: one is missing, which is for the end of the file.
                let lines = std::fs::read_to_string(file).map_or(1, |text| text.lines().count().max(1));
                return Err(Failure::usage(format!(
                    "{}:{lines}: no row declares {import}, which the component imports: add {row}, or remove the import",
                    file.display()
                )));
            }
        }
        Ok(imports.iter().map(ToString::to_string).collect())
    }
}

impl Declared {
    fn read(file: &Path) -> Result<Self, Failure> {
        Ok(Self { manifest: super::manifest(file)?, file: file.to_owned() })
    }
}

/// Writes a component, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    /// The rights of a file that others may read, less those that the umask takes.
    const MODE: u32 = 0o666;
    let directory = path.parent().unwrap_or(Path::new("."));
    // Of a name that nobody knows: a tool that may write there could have put a link under any other.
    let written = tempfile::Builder::new().permissions(Permissions::from_mode(MODE)).tempfile_in(directory);
    written
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.persist(path).map_err(|error| error.error)
        })
        .map(drop)
        .map_err(|error| Failure::work(format!("{}: {}", path.display(), SystemError(&error))))
}

async fn keep_image(
    reference: &Reference,
    manifest: &Manifest,
    component: Vec<u8>,
    usage: Option<String>,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    // Loading it says what it imports and exports, and that this host would run it.
    let installed = host::runner(config, data)?
        .load(component.clone().into(), &manifest.tool.name, None)
        .await
        .map_err(Failure::usage)?;
    let mut annotations = BTreeMap::from([
        (annotation::NAME.to_owned(), manifest.tool.name.clone()),
        (annotation::DESCRIPTION.to_owned(), manifest.tool.summary.clone()),
        (annotation::VERSION.to_owned(), manifest.tool.version.clone()),
    ]);
    annotations.extend(created()?.map(|created| (annotation::CREATED.to_owned(), created)));
    let image = ToolImage {
        component,
        annotations,
        usage,
        imports: installed.imports().to_vec(),
        exports: installed.exports().to_vec(),
    };
    let (store, name) = (host::image_store(data)?, reference.clone());
    let put = move || Ok((store.digest(&name)?, store.put_tool(&name, &image)?));
    let put: Result<_, cofferdam_image::Error> = tokio::task::spawn_blocking(put).await.map_err(Failure::work)?;
    let (former, digest) = put?;
    match former.filter(|former| *former != digest) {
        Some(former) => console::note(&format!("{reference} is {digest}; it was {former}")),
        None => console::note(&format!("{reference} is {digest}")),
    }
    Ok(())
}

/// The `USAGE.md` beside the manifest, if there is one.
fn usage(directory: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(path) = directory.map(|directory| directory.join("USAGE.md")).filter(|path| path.exists()) else {
        return Ok(None);
    };
    let wrong = |_| Failure::usage(format!("{}: it is not valid UTF-8", path.display()));
    String::from_utf8(super::read(&path, USAGE_MAX_BYTES)?).map(Some).map_err(wrong)
}

/// The one time in an image: what `SOURCE_DATE_EPOCH` says (<https://reproducible-builds.org/specs/source-date-epoch/>).
/// Without it there is none, so that the same tool has the same digest.
fn created() -> Result<Option<String>, Failure> {
    let Some(written) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|written| !written.is_empty()) else {
        return Ok(None);
    };
    let wrong = || {
        Failure::usage(format!(
            "SOURCE_DATE_EPOCH is `{}`: expected seconds since 1970, such as 1700000000",
            written.to_string_lossy().escape_debug()
        ))
    };
    let seconds = written.to_str().and_then(|written| written.parse().ok()).filter(|seconds| *seconds <= LAST_SECOND);
    let time = UNIX_EPOCH + Duration::from_secs(seconds.ok_or_else(wrong)?);
    Ok(Some(humantime::format_rfc3339_seconds(time).to_string()))
}
