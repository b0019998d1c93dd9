//! Manifests of crates, whatever way they name a package.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{File, line};

/// The tables of a manifest, at its top and below each `[target.…]`.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A manifest, as far as the rules ask.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) package: String,
    pub(super) names: Vec<Dependency>,
    /// True if it declares a program.
    pub(super) bin: bool,
}

/// A package that a manifest names.
pub(super) struct Dependency {
    pub(super) package: String,
    pub(super) table: &'static str,
    pub(super) line: usize,
}

/// Packages of `[workspace.dependencies]` that go by another key.
pub(super) type Renamed = BTreeMap<String, String>;

fn parse(text: &str) -> DeTable<'_> {
    DeTable::parse(text)
        .expect("Cargo has read this manifest")
        .into_inner()
}

fn table<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    table.get(key)?.get_ref().as_table()
}

impl Manifest {
    pub(super) fn read(file: &File, renamed: &Renamed) -> Self {
        let manifest = parse(&file.text);
        let package =
            table(&manifest, "package").and_then(|package| package.get("name")?.get_ref().as_str());
        let targets = table(&manifest, "target")
            .into_iter()
            .flat_map(DeTable::values);
        let mut names = Vec::new();
        for place in targets
            .filter_map(|target| target.get_ref().as_table())
            .chain([&manifest])
        {
            for name in TABLES {
                for (key, value) in table(place, name).into_iter().flatten() {
                    let package = package_of(key.get_ref(), value.get_ref(), renamed);
                    names.push(Dependency {
                        package,
                        table: name,
                        line: line(&file.text, key.span().start),
                    });
                }
            }
        }

        Self {
            path: file.path.clone(),
            package: package.unwrap_or_default().to_owned(),
            names,
            bin: manifest.contains_key("bin"),
        }
    }
}

/// The package behind a key, whatever the key is called.
fn package_of(key: &str, value: &DeValue<'_>, renamed: &Renamed) -> String {
    let inherited = value.get("workspace").is_some();
    let own = value
        .get("package")
        .and_then(|package| package.get_ref().as_str());
    match (own, inherited) {
        (Some(package), _) => package.to_owned(),
        (None, true) => renamed.get(key).cloned().unwrap_or_else(|| key.to_owned()),
        (None, false) => key.to_owned(),
    }
}

pub(super) fn renamed(workspace: &str) -> Renamed {
    let workspace = parse(workspace);
    let dependencies =
        table(&workspace, "workspace").and_then(|workspace| table(workspace, "dependencies"));
    let package = |value: &DeValue<'_>| {
        value
            .get("package")
            .and_then(|package| package.get_ref().as_str().map(str::to_owned))
    };
    dependencies
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.get_ref().to_string(), package(value.get_ref())?)))
        .collect()
}
