//! `tool build`: what it refuses, what it warns of, and what it changes and says so.

use std::path::{Path, PathBuf};

use super::authoring::{compiling, new};
use crate::support::{Ran, Scratch, cofferdam, guest};

const REST: &str = "version = \"1\"\nsummary = \"s\"\n";

/// Builds a guest that is there already, under this manifest.
fn build(scratch: &Scratch, name: &str, manifest: &str, flags: &[&str]) -> Ran {
    let file = scratch.file("capabilities.toml", manifest);
    let args: [PathBuf; 5] = [
        "tool".into(),
        "build".into(),
        guest(name),
        "--capabilities".into(),
        file,
    ];
    cofferdam(
        scratch,
        args.into_iter().chain(flags.iter().map(PathBuf::from)),
    )
    .run()
}

#[test]
fn a_name_that_is_none_is_refused_with_what_would_be_right() {
    let scratch = Scratch::new();
    for name in ["CSV Sum", "", "-sum", "a/b", "größe", &"a".repeat(65)] {
        let manifest = format!("schema = 1\n[tool]\nname = \"{name}\"\n{REST}");
        build(&scratch, "args_echo", &manifest, &[])
            .exits(2)
            .complains(&[
                "capabilities.toml",
                "[tool] `name`",
                "is not the name of a tool: expected 1 to 64 of A-Z a-z 0-9 _ -",
            ]);
    }
    assert!(!scratch.path().join("target/tools").exists());
}

#[test]
fn a_limit_beyond_the_ceiling_is_warned_of() {
    let scratch = Scratch::new();
    let head = format!("schema = 1\n[tool]\nname = \"t\"\n{REST}[limits]\n");
    let warned = |limits: &str| {
        let ran = build(&scratch, "args_echo", &format!("{head}{limits}"), &[]).exits(0);
        ran.stderr
    };
    let said = warned("memory = \"8GiB\"\n");
    for part in [
        "warning: t: ",
        "memory = 8GiB",
        "ceiling of this host",
        "at most",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = warned("memory = \"128MiB\"\n");
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn a_build_names_the_imports_that_an_inspection_names_and_prints_those_that_need_a_row() {
    let scratch = Scratch::new();
    let check = |name: &str, rows: &str, printed: &[&str]| {
        let manifest = format!("schema = 1\n[tool]\nname = \"t\"\n{REST}{rows}");
        let built = build(&scratch, name, &manifest, &["--format", "json"]);
        let built = built.exits(0).json();
        let args = ["tool", "inspect", "target/tools/t.wasm", "--format", "json"];
        let shown = cofferdam(&scratch, args).run().exits(0).json();
        assert_eq!(built["imports"], shown["imports"], "{name}");
        assert_eq!(built["pure"], shown["pure"]);
        let table = build(&scratch, name, &manifest, &[]).exits(0).stdout;
        let lines: Vec<_> = table
            .lines()
            .filter_map(|line| line.strip_prefix("imports "))
            .map(|name| name.split('@').next().unwrap_or_default())
            .collect();
        assert_eq!(lines, printed, "{table}");
        built
    };
    // It imports types of `wasi:clocks/wall-clock`, and nothing that gives it this clock.
    let plain = check("fs_tmp", "", &[]);
    let names = plain["imports"].to_string();
    assert!(
        names.contains("wasi:filesystem/types@") && !names.contains("wasi:clocks/wall-clock@"),
        "{names}"
    );
    let http = "[[http]]\nhost = \"a.test\"\nreason = \"r\"\n";
    let both = ["wasi:http/types", "wasi:http/outgoing-handler"];
    check("http_fetch", http, &both);
}

/// The paths of a project's files, to change them.
fn edit(project: &Path, name: &str, change: impl FnOnce(String) -> String) {
    let path = project.join(name);
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(path, change(text)).expect("it is written");
}

#[test]
fn a_typed_project_that_exports_nothing_is_told_what_to_add() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["silent"]);
    edit(&project, "src/lib.rs", |text| {
        text.replace("export!(silent);", "")
            .replace("ToolError, export, tool", "ToolError, tool")
    });
    let args = ["tool".as_ref(), "build".as_ref(), project.as_os_str()];
    let ran = compiling(&scratch, &args).run().exits(2);
    ran.complains(&[
        "silent/Cargo.toml",
        "exports no tool",
        "export!(NAME);",
        "src/lib.rs",
    ]);
}

#[test]
fn a_lock_file_that_does_not_fit_any_more_is_brought_up_to_date_and_told() {
    let scratch = Scratch::new();
    let project = new(&scratch, &["stale", "--shape", "command"]);
    scratch.file(
        "helper/Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    scratch.file("helper/src/lib.rs", "");
    let built = || {
        let args = ["tool".as_ref(), "build".as_ref(), project.as_os_str()];
        compiling(&scratch, &args).run().exits(0).stderr
    };
    assert!(!built().contains("Cargo.lock"));
    edit(&project, "Cargo.toml", |text| {
        text.replace(
            "[workspace]",
            "[dependencies]\nhelper = { path = \"../helper\" }\n[workspace]",
        )
    });
    let said = built();
    assert!(
        said.contains("stale/Cargo.lock did not fit Cargo.toml any more: it is brought up to date"),
        "{said}"
    );
    let lock = std::fs::read_to_string(project.join("Cargo.lock")).unwrap();
    assert!(lock.contains("name = \"helper\""), "{lock}");
    assert!(!built().contains("Cargo.lock"));
    std::fs::remove_file(project.join("Cargo.lock")).unwrap();
    let said = built();
    assert!(
        said.contains("stale/Cargo.lock was missing: it is made"),
        "{said}"
    );
}
