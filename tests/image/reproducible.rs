//! The same source gives the same image.

use std::path::Path;

use crate::support::images::listed;
use crate::support::{Scratch, checkout, cofferdam};

/// A tool whose panics name the file they are in. That of a file that its build script makes is an
/// absolute path, and so would tell where it was built.
fn project(scratch: &Scratch, name: &str) -> std::path::PathBuf {
    let file = |path: &str, text: &str| scratch.file(&format!("{name}/{path}"), text);
    file(
        "Cargo.toml",
        "[package]\nname = \"twice\"\nversion = \"0.1.0\"\nedition = \
            \"2024\"\n\n[profile.guest]\ninherits = \
         \"release\"\nstrip = true\n\n[workspace]\n",
    );
    file(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"twice\"\nversion = \"0.1.0\"\n",
    );
    file(
        "capabilities.toml",
        "schema = 1\n[tool]\nname = \"twice\"\nversion = \"0.1.0\"\nsummary = \"Panics\"\n",
    );
    file("USAGE.md", "# twice\n");
    let build = r#"fn main() {
    let made = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("made.rs");
    std::fs::write(made, "fn made(word: &str) { assert!(word.len() > 1, \"short\"); }").unwrap();
}
"#;
    file("build.rs", build);
    let main = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\nfn main() {\n    \
                let word = std::env::args().nth(1).expect(\"a word\");\n    made(&word);\n    \
                println!(\"{word} {}\", file!());\n    \
                assert!(word.len() < 3, \"too long at {:?}\", \
                std::panic::Location::caller());\n}\n";
    file("src/main.rs", main)
        .parent()
        .and_then(Path::parent)
        .expect("the project")
        .to_owned()
}

/// Builds it from its directory, and returns the digest of the image.
#[track_caller]
fn build(scratch: &Scratch, project: &Path, tag: &str, epoch: &str) -> String {
    let out = scratch.path().join("out");
    let args = [
        "tool".as_ref(),
        "build".as_ref(),
        project.as_os_str(),
        "--out".as_ref(),
        out.as_os_str(),
    ];
    let args = args.into_iter().chain(["--tag".as_ref(), tag.as_ref()]);
    cofferdam(scratch, args)
        .env("SOURCE_DATE_EPOCH", epoch)
        .run()
        .exits(0);
    listed(scratch).remove(tag).expect("it was kept")
}

#[test]
fn where_dependencies_lie_is_not_in_a_tool() {
    // Its panics name files of crates from a registry.
    let component = std::fs::read(crate::support::tool("text-stats")).unwrap();
    let has = |part: &str| {
        component
            .windows(part.len())
            .any(|found| found == part.as_bytes())
    };
    assert!(has("/cargo/registry/") && !has("/.cargo/registry/"));
}

#[test]
fn two_builds_in_two_places_have_one_digest() {
    let scratch = Scratch::new();
    let (first, second) = (
        project(&scratch, "first"),
        project(&scratch, "deeper/second"),
    );
    let digest = build(&scratch, &first, "first:1", "");
    assert_eq!(build(&scratch, &second, "second:1", ""), digest);
    let component = std::fs::read(scratch.path().join("out/twice.wasm")).unwrap();
    let has = |part: &str| {
        component
            .windows(part.len())
            .any(|found| found == part.as_bytes())
    };
    // What was generated is named by where it lies, and that has been called something else.
    assert!(has("/source/") && has("/out/made.rs"));
    let home = std::env::var("HOME").expect("a home");
    let cargo = std::env::var("CARGO_HOME").unwrap_or(format!("{home}/.cargo"));
    for place in [
        scratch.path(),
        &first,
        &second,
        checkout(),
        Path::new(&home),
        Path::new(&cargo),
    ] {
        assert!(
            place.is_absolute() && !has(&format!("{}/", place.display())),
            "{} is in it",
            place.display()
        );
    }
    assert!(!has(".cargo/registry"));
    let inspect = cofferdam(&scratch, ["tool", "inspect", "first:1", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(inspect["usage"], "# twice\n");
    assert!(
        inspect["image"]["annotations"]
            .get("org.opencontainers.image.created")
            .is_none()
    );

    // The one time in it is the one that was asked for.
    let dated = build(&scratch, &first, "dated:1", "1700000000");
    assert_ne!(dated, digest);
    assert_eq!(build(&scratch, &second, "again:1", "1700000000"), dated);
    let inspect = cofferdam(&scratch, ["tool", "inspect", "dated:1", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(
        inspect["image"]["annotations"]["org.opencontainers.image.created"],
        "2023-11-14T22:13:20Z"
    );
    let args = [
        "tool".as_ref(),
        "build".as_ref(),
        first.as_os_str(),
        "--tag".as_ref(),
        "x:1".as_ref(),
    ];
    let ran = cofferdam(&scratch, args)
        .env("SOURCE_DATE_EPOCH", "yesterday")
        .run();
    ran.exits(2)
        .complains(&["SOURCE_DATE_EPOCH", "yesterday", "1700000000"]);
}
