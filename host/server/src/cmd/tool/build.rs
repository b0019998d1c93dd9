//! `cofferdam tool build`: from a Cargo package to a component with its manifest inside.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cofferdam_capability::{Digest, Manifest};
use cofferdam_image::{Reference, ToolImage, annotation};
use serde_json::Value;

use crate::cli::Build;
use crate::config::Config;
use crate::console;
use crate::error::Failure;
use crate::host;
use crate::paths::DataDir;

const TARGET: &str = "wasm32-wasip2";

/// The Cargo profile that tools ship in.
const PROFILE: &str = "guest";

/// A tool to build.
struct Package {
    name: String,
    cargo_toml: PathBuf,
    declared: Declared,
}

/// What a tool asks for, and where that is written.
struct Declared {
    manifest: Manifest,
    file: PathBuf,
}

pub(crate) async fn run(build: Build, config: &Config, data: PathBuf) -> Result<(), Failure> {
    let Build { paths, capabilities, wit, out, tag } = build;
    if tag.is_some() && paths.len() != 1 {
        return Err(Failure::usage("--tag names one image: build one tool at a time with it"));
    }
    let tag = tag.map(|tag| tag.parse::<Reference>().map_err(Failure::usage)).transpose()?;
    let built = match &capabilities {
        Some(manifest) => vec![built_otherwise(&paths, manifest)?],
        None => build_packages(&paths)?,
    };
    std::fs::create_dir_all(&out).map_err(|error| Failure::work(format!("{}: {error}", out.display())))?;
    let mut rows = Vec::new();
    for (declared, artifact) in built {
        let bytes = super::read(&artifact, super::MAX_COMPONENT)?;
        refuse_undeclared(&bytes, &declared)?;
        let manifest = declared.manifest;
        let wrong = |error| Failure::usage(format!("{}: {error}", artifact.display()));
        let mut component = cofferdam_tool::embed_manifest(&bytes, &manifest).map_err(wrong)?;
        if let Some(wit) = &wit {
            component = cofferdam_tool::embed_wit_docs(&component, wit).map_err(wrong)?;
        }
        let tool = &manifest.tool;
        let path = out.join(format!("{}.wasm", tool.name));
        write(&path, &component)?;
        rows.push(vec![
            tool.name.clone(),
            tool.version.clone(),
            format!("{} KiB", component.len() / 1024),
            Digest::of(&component).short(),
            path.display().to_string(),
        ]);
        if let Some(reference) = &tag {
            keep_image(reference, &manifest, component, config, &DataDir::open(data.clone())?).await?;
        }
    }
    console::table(&["tool", "version", "size", "digest", "file"], rows);
    Ok(())
}

/// A component that another toolchain built, and the manifest it is to carry.
fn built_otherwise(paths: &[PathBuf], manifest: &Path) -> Result<(Declared, PathBuf), Failure> {
    match paths {
        [path] if path.is_file() => Ok((Declared::read(manifest)?, path.clone())),
        _ => Err(Failure::usage("--capabilities goes with one component that is already built: name its file")),
    }
}

/// Builds packages and finds their components. Every manifest is read before anything is built: a mistake in one costs
/// seconds, not minutes.
fn build_packages(paths: &[PathBuf]) -> Result<Vec<(Declared, PathBuf)>, Failure> {
    let packages = paths.iter().map(|path| package(path)).collect::<Result<Vec<_>, _>>()?;
    let artifacts = cargo(&packages)?;
    Ok(packages.into_iter().map(|package| package.declared).zip(artifacts).collect())
}

fn package(path: &Path) -> Result<Package, Failure> {
    let cargo_toml = path.join("Cargo.toml");
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", cargo_toml.display()));
    let bytes = super::read(&cargo_toml, super::MAX_MANIFEST)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not valid UTF-8".to_owned()))?;
    let toml: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let name = toml.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    let name = name.ok_or_else(|| wrong("it has no [package] with a `name`".to_owned()))?.to_owned();
    let declared = Declared::read(&path.join("capabilities.toml"))?;
    Ok(Package { name, cargo_toml, declared })
}

/// Builds the packages in one go and finds their components, in the order of the packages.
fn cargo(packages: &[Package]) -> Result<Vec<PathBuf>, Failure> {
    let Some(first) = packages.first() else {
        return Ok(Vec::new());
    };
    let mut command = Command::new("cargo");
    command.args(["build", "--locked", "--profile", PROFILE, "--target", TARGET]);
    command.args(["--message-format", "json-render-diagnostics", "--manifest-path"]).arg(&first.cargo_toml);
    for package in packages {
        command.args(["--package", &package.name]);
    }
    console::note(&format!("building {} tools for {TARGET}", packages.len()));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::work(format!("cargo cannot be started: {error}; it comes with Rust")))?;
    if !output.status.success() {
        return Err(Failure::work(format!(
            "cargo could not build; if the target is missing, `rustup target add {TARGET}` installs it"
        )));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let artifacts: Vec<_> = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
    packages.iter().map(|package| artifact(package, &artifacts)).collect()
}

/// The one component that a package was built into.
fn artifact(package: &Package, messages: &[Value]) -> Result<PathBuf, Failure> {
    let cargo_toml = std::fs::canonicalize(&package.cargo_toml).map_err(Failure::work)?;
    let of_package = |message: &&Value| {
        let path = message.get("manifest_path").and_then(Value::as_str).unwrap_or_default();
        std::fs::canonicalize(path).is_ok_and(|path| path == cargo_toml)
    };
    let files: Vec<_> = messages
        .iter()
        .filter(of_package)
        .filter_map(|message| message.get("filenames")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .filter(|file| file.ends_with(".wasm"))
        .collect();
    match files.as_slice() {
        [file] => Ok(file.into()),
        found => Err(Failure::usage(format!(
            "{} builds {} components: expected one [[bin]], or a [lib] with crate-type = [\"cdylib\"]",
            package.name,
            found.len()
        ))),
    }
}

/// A component that imports what its manifest does not declare would be refused by every host.
fn refuse_undeclared(component: &[u8], declared: &Declared) -> Result<(), Failure> {
    let Declared { manifest, file } = declared;
    let undeclared = cofferdam_tool::undeclared_imports(component, manifest).map_err(Failure::usage)?;
    let Some((import, row)) = undeclared.first() else {
        return Ok(());
    };
    // No line is wrong: one is missing, which is for the end of the file.
    let lines = std::fs::read_to_string(file).map_or(1, |text| text.lines().count().max(1));
    Err(Failure::usage(format!(
        "{}:{lines}: no row declares {import}, which the component imports: add {row}, or remove the import",
        file.display()
    )))
}

impl Declared {
    fn read(file: &Path) -> Result<Self, Failure> {
        Ok(Self { manifest: super::manifest(file)?, file: file.to_owned() })
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let temporary = path.with_extension("wasm.new");
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path))
        .map_err(|error| Failure::work(format!("{}: {error}", path.display())))
}

async fn keep_image(
    reference: &Reference,
    manifest: &Manifest,
    component: Vec<u8>,
    config: &Config,
    data: &DataDir,
) -> Result<(), Failure> {
    // Loading it says what it imports and exports, and that this host would run it.
    let installed =
        host::runner(config, data)?.load(&component, &manifest.tool.name, None).await.map_err(Failure::usage)?;
    let annotations = [
        (annotation::NAME.to_owned(), manifest.tool.name.clone()),
        (annotation::DESCRIPTION.to_owned(), manifest.tool.summary.clone()),
    ];
    let image = ToolImage {
        component,
        annotations: annotations.into(),
        usage: None,
        imports: installed.imports().to_vec(),
        exports: installed.exports().to_vec(),
    };
    let digest = host::images(data)?.put_tool(reference, &image).map_err(Failure::work)?;
    console::note(&format!("{reference} is {digest}"));
    Ok(())
}
