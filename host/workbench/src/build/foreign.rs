//! Projects in other languages than Rust, built by their own toolchains.
//!
//! A project is known by what lies in its directory. Its component is kept in `target/` there, by
//! the digest of all it was made from: most of these toolchains take long, and the same files do
//! not give the same bytes.

mod c;
mod files;
mod javascript;
mod program;
mod python;

use std::path::{Path, PathBuf};

use cofferdam_capability::Digest;

use self::files::Files;
use self::program::Step;
use super::declared::{Artifact, Declared};
use crate::error::Error;

/// The directory in a project for what was built, as Cargo has it.
const TARGET: &str = "target";

/// A language other than Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    JavaScript,
    C,
}

/// A directory with a capabilities.toml and sources in one of these languages.
pub(super) struct Project {
    language: Language,
    directory: PathBuf,
    files: Files,
    declared: Declared,
}

impl Language {
    const ALL: [Self; 3] = [Self::Python, Self::JavaScript, Self::C];

    /// The files by which a project in it is known.
    fn sources(self, files: &Files) -> Vec<&str> {
        match self {
            Self::Python => python::sources(files),
            Self::JavaScript => javascript::sources(files),
            Self::C => c::sources(files),
        }
    }
}

impl Project {
    /// Recognizes the project in a directory and reads its manifest.
    pub(super) fn read(directory: &Path) -> Result<Self, Error> {
        let wrong = |problem: String| Error::usage(format!("{}: {problem}", directory.display()));
        let files = Files::of(directory)?;
        let known: Vec<_> = Language::ALL
            .into_iter()
            .filter_map(|language| {
                let first = *language.sources(&files).first()?;
                Some((language, first))
            })
            .collect();
        let language = match known.as_slice() {
            [(language, _)] => *language,
            [] => {
                return Err(wrong(
                    "there is nothing to build: expected Cargo.toml (Rust), app.py with a WIT file \
                     (Python), app.js with a WIT file (JavaScript), or files *.c (C)"
                        .to_owned(),
                ));
            }
            [(_, one), (_, other), ..] => {
                return Err(wrong(format!(
                    "{one} and {other} are of two languages: a tool is built from one"
                )));
            }
        };
        let declared = Declared::read(&directory.join("capabilities.toml"))?;
        Ok(Self {
            language,
            directory: directory.to_owned(),
            files,
            declared,
        })
    }

    /// Builds the component, or takes the one that was built from the same files.
    pub(super) fn build(self, say: &dyn Fn(&str)) -> Result<Artifact, Error> {
        let Self {
            language,
            directory,
            files,
            declared,
        } = self;
        let manifest = &declared.manifest;
        let wit = match language {
            Language::Python | Language::JavaScript => Some(files.wit(&directory)?),
            Language::C => None,
        };
        let step = match &wit {
            Some(wit) if language == Language::Python => python::step(&directory, wit),
            Some(wit) => javascript::step(&directory, wit, manifest),
            None => c::step(&files),
        };
        let built = directory.join(TARGET);
        let path = built.join(format!("{}.wasm", key(&directory, &files, &step)?));
        if !path.is_file() {
            say(&format!("building {}…", manifest.tool.name));
            let made = make(&step, &directory, &built, &path);
            files.clean(&directory);
            made?;
        }
        let wit = wit.map(|wit| directory.join(wit));
        Ok(Artifact {
            wit,
            ..Artifact::foreign(declared, path)
        })
    }
}

/// A name for what the step makes of these files, and of nothing else.
fn key(directory: &Path, files: &Files, step: &Step) -> Result<String, Error> {
    let made_from = format!(
        "{}\n{:?}\n{}",
        step.version()?,
        step.args,
        files.summary(directory)?
    );
    Ok(Digest::of(made_from.as_bytes()).hex())
}

/// Runs the step, whose output becomes the one component in `built`.
fn make(step: &Step, directory: &Path, built: &Path, path: &Path) -> Result<(), Error> {
    let wrong = |error: std::io::Error| Error::work(format!("{}: {error}", built.display()));
    std::fs::create_dir_all(built).map_err(wrong)?;
    // Nothing in it is a source, wherever the project is kept.
    std::fs::write(built.join(".gitignore"), "*\n").map_err(wrong)?;
    let output = tempfile::Builder::new()
        .suffix(".wasm.new")
        .tempfile_in(built)
        .map_err(wrong)?
        .into_temp_path();
    step.run(directory, &std::path::absolute(&output).map_err(wrong)?)?;
    for former in std::fs::read_dir(built).map_err(wrong)?.flatten() {
        let former = former.path();
        if former.extension().is_some_and(|ending| ending == "wasm") {
            std::fs::remove_file(former).map_err(wrong)?;
        }
    }
    output.persist(path).map_err(|error| wrong(error.error))
}
