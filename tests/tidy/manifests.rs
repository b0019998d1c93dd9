//! The `[dependencies]` tables are the architecture (`host/README.md`): who may not name whom.

use super::manifest::{Dependency, Manifest, renamed};
use super::{File, file, files, none, one};
use crate::support::checkout;

/// A crate of the host, and what is absent from its manifest. A name stands for its family too:
/// `tonic` also means `tonic-health`. The same table as in `host/README.md`.
const ABSENT: [(&str, &[&str]); 10] = [
    (
        "cofferdam-agent",
        &["cofferdam-sandbox", "wasmtime", "tonic", "sqlx"],
    ),
    (
        "cofferdam-capability",
        &["tokio", "wasmtime", "reqwest", "tonic", "sqlx"],
    ),
    ("cofferdam-cli", &["cofferdam-sandbox", "wasmtime", "sqlx"]),
    ("cofferdam-image", &["wasmtime", "sqlx", "tonic"]),
    ("cofferdam-model", &["wasmtime", "sqlx", "tonic"]),
    (
        "cofferdam-sandbox",
        &["tonic", "sqlx", "cofferdam-model", "cofferdam-agent"],
    ),
    (
        "cofferdam-server",
        &["cofferdam-sandbox", "wasmtime", "sqlx"],
    ),
    (
        "cofferdam-store",
        &["wasmtime", "tonic", "cofferdam-model", "cofferdam-tool"],
    ),
    ("cofferdam-tool", &["tonic", "sqlx", "cofferdam-agent"]),
    (
        "cofferdam-workbench",
        &["tonic", "sqlx", "rmcp", "cofferdam-agent"],
    ),
];

/// A crate of the host that is plain data, and all that its manifest may name. A row of the same
/// table.
const NOTHING_BUT: (&str, &[&str]) = (
    "cofferdam-call",
    &["serde", "serde_json", "cofferdam-capability"],
);

/// The macros of the guest SDK, and all that their manifest may name. Every typed tool builds them
/// first: of the host's crates they need the reader of manifests, and no other.
const MACROS: (&str, &[&str]) = (
    "cofferdam-guest-macros",
    &["cofferdam-capability", "proc-macro2", "quote", "syn"],
);

/// The crate of the host that knows no other: it drives the binary from outside.
const OUTSIDE: &str = "cofferdam-selftest";

/// Packages that these crates name alone, in the whole workspace: the sentences that say "only
/// crate that". The benchmarks have a client of gRPC, which drives the host from outside.
const ALONE: [(&str, &[&str]); 10] = [
    ("wasmtime", &["cofferdam-sandbox"]),
    ("hickory-resolver", &["cofferdam-sandbox"]),
    ("cofferdam-sandbox", &["cofferdam-tool"]),
    ("genai", &["cofferdam-model"]),
    ("oci", &["cofferdam-image"]),
    ("sqlx", &["cofferdam-store"]),
    ("cofferdam-proto", &["cofferdam-server", "cofferdam-tests"]),
    (
        "tonic",
        &["cofferdam-proto", "cofferdam-server", "cofferdam-tests"],
    ),
    ("clap", &["cofferdam-cli"]),
    ("rmcp", &["cofferdam-server"]),
];

/// The host crate with the one `main`.
const MAIN: &str = "cofferdam-cli";

fn is_of(family: &str, package: &str) -> bool {
    package
        .strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Rows of [`ABSENT`] that a manifest breaks.
fn present(manifests: &[Manifest], rules: &[(&str, &[&str])]) -> Vec<String> {
    let mut problems = Vec::new();
    for (package, absent) in rules {
        for manifest in manifests
            .iter()
            .filter(|manifest| manifest.package == *package)
        {
            for Dependency {
                package: named,
                table,
                line,
            } in &manifest.names
            {
                for family in absent.iter().filter(|family| is_of(family, named)) {
                    problems.push(format!(
                        "{}:{line}: {package} names {named} in [{table}], and {family} is to be \
                         absent from it: what needs it belongs in another crate (host/README.md)",
                        manifest.path
                    ));
                }
            }
        }
    }
    problems
}

/// Crates of the host that [`OUTSIDE`] names.
fn known(manifests: &[Manifest]) -> Vec<String> {
    let mut problems = Vec::new();
    for manifest in manifests
        .iter()
        .filter(|manifest| manifest.package == OUTSIDE)
    {
        for Dependency {
            package: named,
            table,
            line,
        } in &manifest.names
        {
            if rooms().any(|room| room == named) {
                problems.push(format!(
                    "{}:{line}: {OUTSIDE} names {named} in [{table}]: it drives the binary from \
                     outside and knows no other crate of the host (host/README.md)",
                    manifest.path
                ));
            }
        }
    }
    problems
}

/// Names in a manifest beyond those of a row such as [`NOTHING_BUT`].
fn beyond(manifests: &[Manifest], row: (&str, &[&str])) -> Vec<String> {
    let (package, most) = row;
    let mut problems = Vec::new();
    for manifest in manifests
        .iter()
        .filter(|manifest| manifest.package == package)
    {
        for Dependency {
            package: named,
            table,
            line,
        } in &manifest.names
        {
            if !most.contains(&named.as_str()) {
                problems.push(format!(
                    "{}:{line}: {package} names {named} in [{table}]: it names nothing but {} \
                     (host/README.md)",
                    manifest.path,
                    most.join(", ")
                ));
            }
        }
    }
    problems
}

/// Rows of [`ALONE`] that a manifest breaks.
fn shared(manifests: &[Manifest], rules: &[(&str, &[&str])]) -> Vec<String> {
    let mut problems = Vec::new();
    for (family, alone) in rules {
        for manifest in manifests
            .iter()
            .filter(|manifest| !alone.contains(&manifest.package.as_str()))
        {
            for Dependency {
                package: named,
                table,
                line,
            } in manifest
                .names
                .iter()
                .filter(|name| is_of(family, &name.package))
            {
                problems.push(format!(
                    "{}:{line}: {} names {named} in [{table}], which is for {} alone \
                     (host/README.md)",
                    manifest.path,
                    manifest.package,
                    alone.join(" and ")
                ));
            }
        }
    }
    problems
}

/// Problems where the host's crates are not those of the table, named as their folders, with one
/// program. `programs` holds the folders that have a `src/main.rs` or a `src/bin`.
fn house(manifests: &[Manifest], programs: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    for Manifest {
        path, package, bin, ..
    } in manifests
    {
        let folder = path
            .trim_start_matches("host/")
            .trim_end_matches("/Cargo.toml");
        if *package != format!("cofferdam-{folder}") {
            problems.push(format!(
                "{path}: the package is called {package}: call it cofferdam-{folder}, as its folder"
            ));
        }
        if !rooms().any(|known| known == package) {
            problems.push(format!(
                "{path}: {package} is no crate of host/README.md's table: without a sentence of \
                 its own it belongs in another crate"
            ));
        }
        if (*bin || programs.contains(&folder)) && package != MAIN {
            problems.push(format!(
                "{path}: {package} builds a program, and {MAIN} has the only one"
            ));
        }
    }
    for package in
        rooms().filter(|known| !manifests.iter().any(|manifest| manifest.package == *known))
    {
        problems.push(format!(
            "host: {package} is missing, and its rules are checked nowhere"
        ));
    }
    problems
}

/// The crates of the host.
fn rooms() -> impl Iterator<Item = &'static str> {
    ABSENT
        .iter()
        .map(|(package, _)| *package)
        .chain([NOTHING_BUT.0, OUTSIDE])
}

/// The manifests of the host's crates. Guests below them are programs for another machine.
fn crates() -> Vec<Manifest> {
    let mut crates = manifests("host");
    crates.retain(|manifest| manifest.path.split('/').count() == 3);
    crates
}

/// Every manifest below `directory`.
fn manifests(directory: &str) -> Vec<Manifest> {
    let workspace = file("Cargo.toml").expect("the workspace has a manifest");
    let renamed = renamed(&workspace.text);
    files(directory, "Cargo.toml")
        .iter()
        .map(|file| Manifest::read(file, &renamed))
        .collect()
}

#[test]
fn no_manifest_names_what_is_absent() {
    none(present(&crates(), &ABSENT));
    none(beyond(&crates(), NOTHING_BUT));
    none(known(&crates()));
}

#[test]
fn what_is_plain_data_names_no_other_crate() {
    let call = [manifest(
        "cofferdam-call",
        "[dependencies]\nserde = \"1\"\ntokio = \"1\"\n",
    )];
    one(
        beyond(&call, NOTHING_BUT),
        "host/call/Cargo.toml:5: cofferdam-call names tokio in [dependencies]",
    );
    let selftest = [manifest(
        "cofferdam-selftest",
        "[dependencies]\ncofferdam-call = \"1\"\nserde = \"1\"\n",
    )];
    one(
        known(&selftest),
        "host/selftest/Cargo.toml:4: cofferdam-selftest names cofferdam-call in [dependencies]",
    );
}

#[test]
fn macros_need_no_crate_of_the_host_but_the_reader_of_manifests() {
    let sdk = manifests("guest-sdk");
    assert!(sdk.iter().any(|manifest| manifest.package == MACROS.0));
    none(beyond(&sdk, MACROS));
    let heavy = [manifest(
        MACROS.0,
        "[dependencies]\nsyn = \"2\"\ncofferdam-tool = \"1\"\n",
    )];
    one(beyond(&heavy, MACROS), "names cofferdam-tool in");
}

#[test]
fn what_one_crate_names_alone_no_other_names() {
    none(shared(&manifests("."), &ALONE));
}

#[test]
fn the_host_is_the_crates_of_the_table() {
    let manifests = crates();
    let has_program = |folder: &&str| {
        let src = checkout().join("host").join(folder).join("src");
        src.join("main.rs").exists() || src.join("bin").exists()
    };
    let folders = manifests
        .iter()
        .filter_map(|manifest| manifest.path.split('/').nth(1));
    none(house(
        &manifests,
        &folders.filter(has_program).collect::<Vec<_>>(),
    ));
}

#[test]
fn the_map_shows_the_same_table() {
    none(unmapped(
        &file("host/README.md").expect("the host has a map").text,
    ));
}

/// Rows of [`ABSENT`] and [`NOTHING_BUT`] that the map does not show word for word.
fn unmapped(map: &str) -> Vec<String> {
    let name = |package: &str| package.trim_start_matches("cofferdam-").to_owned();
    let names = |packages: &[&str]| {
        packages
            .iter()
            .copied()
            .map(name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rows = ABSENT
        .iter()
        .map(|(package, absent)| (*package, names(absent)));
    let (data, most) = NOTHING_BUT;
    let data = (data, format!("everything but {}", names(most)));
    let rows = rows.chain([data, (OUTSIDE, "every other crate of the host".to_owned())]);
    let shown = |(package, absent): (&str, String)| {
        let begin = format!("| `{}` |", name(package));
        let end = format!("| {absent} |");
        let found = map
            .lines()
            .any(|line| line.starts_with(&begin) && line.ends_with(&end));
        (!found).then(|| {
            format!(
                "host/README.md: the table has no row that begins with {begin} and ends with {end}"
            )
        })
    };
    rows.filter_map(shown).collect()
}

#[test]
fn a_map_of_another_house_fails() {
    let map = file("host/README.md").expect("the host has a map").text;
    one(
        unmapped(&map.replace(
            "| wasmtime, sqlx, tonic |\n| `image`",
            "| wasmtime |\n| `image`",
        )),
        "| `model` |",
    );
}

fn manifest(package: &str, rest: &str) -> Manifest {
    let path = format!(
        "host/{}/Cargo.toml",
        package.trim_start_matches("cofferdam-")
    );
    let text = format!("[package]\nname = \"{package}\"\n{rest}");
    Manifest::read(
        &File { path, text },
        &renamed("[workspace.dependencies]\nother = { package = \"tonic\" }\n"),
    )
}

/// Every way to name `package` in a manifest.
fn spellings(package: &str) -> Vec<String> {
    let mut spellings = vec![
        format!("[dependencies]\n{package} = \"1\"\n"),
        format!("[dependencies]\n{package}.workspace = true\n"),
        format!("[dependencies.{package}]\nversion = \"1\"\n"),
        format!(
            "[dependencies]\nserde = \"1\"\nharmless = {{ version = \"1\", package = \"{package}\" \
                }}\n"
        ),
        format!("[dev-dependencies]\n{package} = {{ version = \"1\" }}\n"),
        format!("[build-dependencies]\n\"{package}\" = \"1\"\n"),
        format!("[target.'cfg(unix)'.dependencies]\n{package} = \"1\"\n"),
        format!("[target.wasm32-wasip2.dev-dependencies.harmless]\npackage = \"{package}\"\n"),
        format!("[dependencies]\n{package}-extra = \"1\"\n"),
    ];
    if package == "tonic" {
        spellings.push("[dependencies]\nother.workspace = true\n".to_owned());
    }
    spellings
}

#[test]
fn each_row_fails_however_the_name_is_written() {
    for (package, absent) in ABSENT {
        none(present(
            &[manifest(
                package,
                "[dependencies]\nserde = \"1\"\nharmless = \"1\"\n",
            )],
            &ABSENT,
        ));
        for family in absent {
            for spelling in spellings(family) {
                one(
                    present(&[manifest(package, &spelling)], &ABSENT),
                    &format!("{family} is to be absent"),
                );
            }
        }
    }
    for (family, alone) in ALONE {
        for spelling in spellings(family) {
            one(
                shared(&[manifest("cofferdam-report", &spelling)], &ALONE),
                "alone",
            );
            none(shared(&[manifest(alone[0], &spelling)], &ALONE));
        }
    }
}

#[test]
fn a_sentence_names_file_line_and_table() {
    let rest = "[dependencies]\nserde = \"1\"\n\n[dev-dependencies]\ntonic-health = \"1\"\n";
    one(
        present(&[manifest("cofferdam-tool", rest)], &ABSENT),
        "host/tool/Cargo.toml:7: cofferdam-tool names tonic-health",
    );
    none(present(
        &[manifest(
            "cofferdam-tool",
            "[dependencies]\ntonical = \"1\"\n",
        )],
        &ABSENT,
    ));
}

#[test]
fn a_house_with_other_rooms_fails() {
    let whole = || {
        rooms()
            .map(|package| manifest(package, ""))
            .collect::<Vec<_>>()
    };
    none(house(&whole(), &["cli"]));
    one(house(&whole()[1..], &["cli"]), "cofferdam-agent is missing");
    one(
        house(&whole(), &["cli", "tool"]),
        "cofferdam-tool builds a program",
    );
    let mut other = whole();
    other[0] = manifest("cofferdam-agent", "[[bin]]\nname = \"agent\"\n");
    one(house(&other, &["cli"]), "cofferdam-agent builds a program");
    let mut another = whole();
    another.push(manifest("cofferdam-cache", ""));
    one(house(&another, &["cli"]), "without a sentence of its own");
    let mut misnamed = whole();
    misnamed[6].path = "host/tools/Cargo.toml".to_owned();
    one(house(&misnamed, &["cli"]), "call it cofferdam-tools");
}
