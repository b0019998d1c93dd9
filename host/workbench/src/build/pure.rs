//! The second build of pure tools.
//!
//! The code that makes the schemas of a tool is larger than the tool, and unused once they are in
//! `cofferdam:descriptors`. So a pure tool is built once to be asked, and once more with the answer
//! in it as text; the linker leaves out the rest.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use cofferdam_call::Descriptor;

use super::cargo::{self, CargoPackage, Purpose};
use super::environment::BuildEnvironment;
use super::target::Target;
use crate::error::Error;

/// The directory, beside the component that was asked, of what it answered.
const DIRECTORY: &str = "listed";

/// A pure tool that has been asked.
pub(super) struct Asked<'a> {
    pub(super) package: &'a CargoPackage,
    /// The module that was asked.
    pub(super) module: &'a Path,
    pub(super) tools: Vec<Descriptor>,
}

/// Builds pure tools once more and finds what they were built into, in their order.
pub(super) fn build(
    asked: &[Asked<'_>],
    environment: &BuildEnvironment,
) -> Result<Vec<PathBuf>, Error> {
    // Packages of one workspace have one target directory, and are built in one go.
    let mut groups: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (place, Asked { module, .. }) in asked.iter().enumerate() {
        let directory = module.parent().unwrap_or(Path::new(".")).join(DIRECTORY);
        groups.entry(directory).or_default().push(place);
    }
    let mut built = vec![PathBuf::new(); asked.len()];
    for (directory, places) in groups {
        let of_group = || places.iter().filter_map(|&place| asked.get(place));
        for Asked { package, tools, .. } in of_group() {
            let file = directory.join(format!("{}.rs", package.name));
            write(&directory, &file, &source(tools))
                .map_err(|error| Error::work(format!("{}: {error}", file.display())))?;
        }
        let packages: Vec<_> = of_group().map(|asked| asked.package).collect();
        let files = cargo::build(
            &packages,
            Target::Pure,
            Purpose::Listed(&directory),
            environment,
        )?;
        for (&place, file) in places.iter().zip(files) {
            if let Some(slot) = built.get_mut(place) {
                *slot = file;
            }
        }
    }
    Ok(built)
}

/// Writes a file unless it is as it should be: cargo builds again what it finds changed.
fn write(directory: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    if std::fs::read(file).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    std::fs::create_dir_all(directory)?;
    std::fs::write(file, text)
}

/// The descriptors as Rust.
fn source(tools: &[Descriptor]) -> String {
    let mut rust = String::from("[\n");
    for tool in tools {
        let Descriptor {
            name,
            description,
            input_schema,
            output_schema,
        } = tool;
        let output = output_schema
            .as_ref()
            .map_or_else(|| "null".to_owned(), |schema| schema.to_string());
        let input = input_schema.to_string();
        let name = name.as_str();
        // What Rust writes of a text, it reads.
        let _ = writeln!(
            rust,
            "::cofferdam_guest::glue::Listed {{ name: {name:?}, description: {description:?}, \
             input_schema: {input:?}, output_schema: {output:?} }},"
        );
    }
    rust.push(']');
    rust
}
