//! Builds the guests and writes one constant for each. A row that names a guest which is not there
//! does not compile; neither does a guest that no row names, because its constant is dead code.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a build script talks to cargo by printing, starts it, and fails by panicking"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

/// The packages of guests in Rust, and the folder of each below the workspace.
const PACKAGES: [(&str, &str); 3] = [
    ("cofferdam-guests", "host/selftest/guests"),
    ("cofferdam-guests-typed", "host/selftest/guests/typed"),
    ("cofferdam-guests-nested", "host/selftest/guests/nested"),
];

/// Guests that are whole packages: their component and the file that says what they are.
const LIBRARIES: [(&str, &str); 2] = [
    ("typed_hostile", "host/selftest/guests/typed/src/lib.rs"),
    ("nested", "host/selftest/guests/nested/src/lib.rs"),
];

/// The crates of the engine, which are released together.
const ENGINE: [&str; 3] = ["wasmtime", "wasmtime-wasi", "wasmtime-wasi-http"];

/// Variables that cargo and clippy set for this build and that the guests must not inherit, because
/// they are for another target.
const NOT_INHERITED: [&str; 6] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "CLIPPY_ARGS",
];

fn main() {
    let variable = |name: &str| {
        PathBuf::from(std::env::var_os(name).expect("cargo sets it for build scripts"))
    };
    let workspace = variable("CARGO_MANIFEST_DIR")
        .ancestors()
        .nth(2)
        .expect("two folders down")
        .to_owned();
    let out = variable("OUT_DIR");
    for (_, folder) in PACKAGES {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(folder).display()
        );
    }
    println!(
        "cargo::rerun-if-changed={}",
        workspace.join("wit").display()
    );

    let mut guests = String::new();
    let built = build(&variable("CARGO"), &workspace, &out.join("guests"));
    for source in sorted(&workspace.join("host/selftest/guests/src/bin")) {
        let name = stem(&source);
        constant(
            &mut guests,
            &name,
            &about(&source, "//!"),
            &built.join(&name).with_extension("wasm"),
        );
    }
    for (name, source) in LIBRARIES {
        constant(
            &mut guests,
            name,
            &about(&workspace.join(source), "//!"),
            &built.join(name).with_extension("wasm"),
        );
    }
    for source in sorted(&workspace.join("host/selftest/guests/wat")) {
        let name = stem(&source);
        let component = out.join(&name).with_extension("wasm");
        let bytes = wat::parse_file(&source).unwrap_or_else(|error| panic!("{error}"));
        std::fs::write(&component, bytes).expect("cargo made this directory for us");
        constant(&mut guests, &name, &about(&source, ";;"), &component);
    }
    std::fs::write(out.join("guests.rs"), guests).expect("cargo made this directory for us");
    std::fs::write(out.join("engine.rs"), engine(&workspace.join("Cargo.lock")))
        .expect("cargo made this directory for us");
}

/// A constant with the version of the engine that this workspace is locked to.
fn engine(lock: &Path) -> String {
    println!("cargo::rerun-if-changed={}", lock.display());
    let text =
        std::fs::read_to_string(lock).unwrap_or_else(|error| panic!("{}: {error}", lock.display()));
    let locked = |package: &str| {
        let begin = format!("\nname = \"{package}\"\nversion = \"");
        let (_, rest) = text
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{}: {package} is not there", lock.display()));
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let [version, others @ ..] = ENGINE.map(locked);
    assert!(
        others.iter().all(|other| *other == version),
        "{}: the crates of the engine have the versions {version} and {others:?}: use one",
        lock.display()
    );
    let numbers: Vec<u32> = version
        .split('.')
        .map(|number| {
            number
                .parse()
                .expect("releases of the engine have three numbers")
        })
        .collect();
    let [major, minor, patch] = *numbers else {
        panic!("{}: {version} has not three numbers", lock.display());
    };
    format!(
        "const BUILT: Version = Version {{ major: {major}, minor: {minor}, patch: {patch} }};\n"
    )
}

/// Builds all packages and returns where their components are.
fn build(cargo: &Path, workspace: &Path, target: &Path) -> PathBuf {
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--locked",
            "--target",
            TARGET,
            "--profile",
            "guest",
            "--target-dir",
        ])
        .arg(target);
    command
        .args(
            PACKAGES
                .iter()
                .flat_map(|(package, _)| ["--package", package]),
        )
        .current_dir(workspace);
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    // Their size and speed concern nobody, and everybody waits for them.
    command.env("CARGO_PROFILE_GUEST_LTO", "off");
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{}: {error}", cargo.display()));
    assert!(
        status.success(),
        "the hostile guests do not build; if the target is missing: rustup target add {TARGET}"
    );
    target.join(TARGET).join("guest")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a folder of the checkout").path())
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .expect("guests have plain names")
        .to_owned()
}

/// The first sentence of the comment at the top of a guest.
fn about(source: &Path, comment: &str) -> String {
    println!("cargo::rerun-if-changed={}", source.display());
    let text = std::fs::read_to_string(source)
        .unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let lines = text
        .lines()
        .map_while(|line| line.strip_prefix(comment))
        .map(str::trim);
    let comment = lines.collect::<Vec<_>>().join(" ");
    let end = comment.find(". ").map_or(comment.len(), |end| end + 1);
    let sentence = comment
        .get(..end)
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned();
    assert!(
        !sentence.is_empty(),
        "{}: begin with a sentence that says what the guest tries",
        source.display()
    );
    sentence
}

fn constant(guests: &mut String, name: &str, about: &str, component: &Path) {
    assert!(component.exists(), "{} was not built", component.display());
    writeln!(
        guests,
        "pub(crate) const {}: Guest = Guest {{ name: {name:?}, about: {about:?}, bytes: \
         include_bytes!({component:?}) }};",
        name.to_uppercase()
    )
    .expect("a string takes everything");
}
